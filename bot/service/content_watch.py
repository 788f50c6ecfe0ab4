"""Takes up changed content files while the service runs; broken ones it leaves, and says so."""

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from bot.core.clock import SystemClock
from bot.core.content import ContentError, Library, load_library
from bot.core.content.review import keeping_signed
from bot.log import logger

EVERY_S = 2.0
Fingerprint = frozenset[tuple[str, int, int]]


class ContentWatch:
    """Looks at the folder every few seconds. ``take`` are told of every new library."""

    def __init__(self, folder: Path, library: Library, take: Sequence[Callable[[Library], None]]) -> None:
        self._folder = folder
        self._library = library
        self._take = take
        self._taken = self._seen = _fingerprint(folder)
        self.problem: str | None = None
        """Why the files as they stand are not in use; None when they are."""

    def start(self) -> None:
        """Looks for ever, in a thread that ends with the process."""
        threading.Thread(target=self._watch, name="content-watch", daemon=True).start()

    def look(self) -> bool:
        """Takes up what has changed, once two looks have seen the same (an editor may be saving several files).

        Returns whether it did. Whatever is wrong with the files, the last good ones stay in use.
        """
        now = _fingerprint(self._folder)
        still, self._seen = now == self._seen, now
        if not still or now == self._taken:
            return False
        self._taken = now
        try:
            new = keeping_signed(load_library(self._folder), self._library, SystemClock().now().date())
            for take in self._take:
                take(new)
        except Exception as error:
            told = isinstance(error, ContentError)
            self.problem = str(error) if told else f"the files could not be read ({type(error).__name__})"
            logger().critical("content_kept_as_it_was", error=self.problem)
            return False
        self._library, self.problem = new, None
        logger().info("content_taken_up", count=len(new.everything))
        return True

    def _watch(self) -> None:
        wait = threading.Event()
        while not wait.wait(EVERY_S):
            try:
                self.look()
            except OSError as error:  # the folder is being replaced: look again
                logger().warning("content_not_read", error=type(error).__name__)


def _fingerprint(folder: Path) -> Fingerprint:
    """Names, sizes and times of the files that make up the library (the screen's tables are read at the start only)."""
    found = []
    for path in folder.rglob("*.yml"):
        if "screen" not in path.relative_to(folder).parts:
            about = path.stat()
            found.append((str(path), about.st_mtime_ns, about.st_size))
    return frozenset(found)
