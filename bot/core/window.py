"""The window in which a platform takes messages to a person."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Window:
    """After a message of hers ``count`` messages for ``hours``; after a touch of the menu fewer for some seconds."""

    hours: int
    count: int
    touch_s: int
    touch_count: int


@dataclass(frozen=True, slots=True)
class Opening:
    """How far the window to one person is open. ``wrote`` marks the message of hers that opened it."""

    window: Window
    wrote: str
    until: datetime
    left: int
    """Messages that the platform still takes; 0 when the time is over."""
    in_line: int
    """Messages that wait to be sent to her."""

    @property
    def room(self) -> int:
        """Messages that may be written now."""
        return max(0, self.left - self.in_line)
