"""The hours of duty as their file says them now; while it is broken, as it said them last."""

from pathlib import Path

from bot.core.content import ContentError
from bot.core.content.duty import load_duty
from bot.core.hours import ALWAYS_OPEN, Hours
from bot.log import logger


class DutyHours:
    """Reads the file again when it has changed. A file that was never whole means always open: rather ring too often.

    Worker and console read this file alone: what is wrong with an answer must stop no alarm.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int] | None = None
        self._hours = ALWAYS_OPEN

    def __call__(self) -> Hours:
        found = self._fingerprint()
        if found != self._seen:
            self._seen = found
            try:
                self._hours = load_duty(self._path)
            except ContentError as error:
                logger().critical("hours_kept_as_they_were", error=str(error))
        return self._hours

    def _fingerprint(self) -> tuple[int, int] | None:
        try:
            about = self._path.stat()
        except OSError:
            return None
        return about.st_mtime_ns, about.st_size
