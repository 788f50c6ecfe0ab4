"""Sends alarms in a thread of its own: a way that hangs or fails holds up neither the worker nor the other ways."""

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from bot.log import logger
from channels.base import SendError, TryLater

PAUSES_S = (5.0, 20.0, 60.0)
"""After each failure; then it is given up, and the ladder's next step comes anyway."""


@dataclass(frozen=True, slots=True)
class Errand:
    """One alarm on one way."""

    way: str
    do: Callable[[], object] = field(repr=False)
    tries: int = 0
    due: float = 0.0


class AlarmSender:
    def __init__(self) -> None:
        self._line: list[Errand] = []
        self._lock = threading.Lock()
        self._wake = threading.Event()

    def start(self) -> None:
        """Works for ever, in a thread that ends with the process."""
        threading.Thread(target=self._work, name="alarms", daemon=True).start()

    def send(self, errands: Iterable[Errand]) -> None:
        """Takes them over; they are sent soon after."""
        with self._lock:
            self._line += errands
        self._wake.set()

    def work_off(self, now: float) -> int:
        """Tries everything that is due once; how much is left for later. ``now``: seconds of a steady clock."""
        with self._lock:
            due = [errand for errand in self._line if errand.due <= now]
            self._line = [errand for errand in self._line if errand.due > now]
        for errand in due:
            self._try(errand, now)
        return len(self._line)

    def _try(self, errand: Errand, now: float) -> None:
        try:
            errand.do()
            logger().info("alarm_sent", kind=errand.way, attempt=errand.tries + 1)
        except Exception as error:  # whatever is wrong with one way, the others must be tried
            again = errand.tries < len(PAUSES_S) and (isinstance(error, TryLater) or not isinstance(error, SendError))
            code = error.code if isinstance(error, SendError) else type(error).__name__
            logger().error("alarm_not_sent", kind=errand.way, code=code, attempt=errand.tries + 1)
            if again:
                later = Errand(errand.way, errand.do, errand.tries + 1, now + PAUSES_S[errand.tries])
                with self._lock:
                    self._line.append(later)

    def _work(self) -> None:
        while True:
            self._wake.wait(1.0)
            self._wake.clear()
            self.work_off(time.monotonic())
