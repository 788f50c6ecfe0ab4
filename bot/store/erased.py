"""Who was erased, and when: pseudonyms on disk, outside the store, so that no backup brings anybody back."""

import os
import time
from pathlib import Path


class Erased:
    """An append-only file of pseudonyms; they name nobody to whoever lacks the site's secret."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def add(self, person: str) -> None:
        """Notes one person, on disk before this returns. Raises OSError."""
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self._path.open("a", encoding="ascii") as file:
            self._path.chmod(0o600)
            file.write(f"{person} {int(time.time())}\n")
            file.flush()
            os.fsync(file.fileno())

    def since(self, moment_s: int) -> set[str]:
        """Who was erased at this moment (seconds since the epoch) or later; she may have written again since."""
        try:
            lines = self._path.read_text(encoding="ascii").splitlines()
        except FileNotFoundError:
            return set()
        rows = [line.split() for line in lines]
        return {row[0] for row in rows if len(row) == 2 and row[1].isdigit() and int(row[1]) >= moment_s}
