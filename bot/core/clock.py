"""Time comes in through the door: nothing in the core reads a clock by itself."""

from datetime import datetime, timezone
from typing import Protocol


class Clock(Protocol):
    """Gives the present as an aware UTC time."""

    def now(self) -> datetime: ...


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(timezone.utc)
