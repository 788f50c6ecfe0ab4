"""A disk spool for cries for help that arrive while the store is away.

One sealed file for each, written with fsync before the person is told that her message is noted; the worker moves
them into the queue under the same operation id as soon as the store is back, so nothing is doubled.
"""

import contextlib
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from bot.core.cipher import Cipher, SealBroken
from bot.store.people import People, UnknownPerson
from bot.store.referrals import Referrals


@dataclass(frozen=True, slots=True)
class SetAside:
    op: str
    channel: str
    address: str = field(repr=False)
    language: str
    level: int
    kinds: tuple[str, ...]
    text: str = field(repr=False)
    reasons: tuple[str, ...] = field(repr=False)


class Spool:
    def __init__(self, folder: Path, site_cipher: Cipher) -> None:
        self._folder = folder
        self._cipher = site_cipher

    def put(self, name: str, cry: SetAside) -> None:
        """Writes one cry for help to disk; raises OSError when the disk refuses."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self._folder / f"{name}.sealed"
        draft = path.with_suffix(".draft")
        with draft.open("w", encoding="ascii") as file:
            file.write(self._cipher.seal(json.dumps(asdict(cry)), f"spool:{name}"))
            file.flush()
            os.fsync(file.fileno())
        draft.rename(path)
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def count(self) -> int:
        return sum(1 for _ in self._folder.glob("*.sealed"))

    def sealed(self) -> Iterator[str]:
        """What waits, as it lies on disk, with what could not be read."""
        for path in [*self._folder.glob("*.sealed"), *self._folder.glob("*.broken")]:
            with contextlib.suppress(FileNotFoundError):
                yield path.read_text(encoding="ascii", errors="replace")

    def drain(self, people: People, referrals: Referrals) -> int:
        """Moves what it can into the queue; raises StoreAway and keeps the rest when the store is away again.

        A file that cannot be read is kept under another name, one whose person's key cannot be opened where it is;
        nothing is deleted that is not in the queue. Several workers may drain at once.
        """
        moved = 0
        for path in sorted(self._folder.glob("*.sealed")):
            with contextlib.suppress(FileNotFoundError, UnknownPerson, SealBroken):
                cry = self._read(path)
                if cry is None:
                    continue
                person = people.welcome(cry.channel, cry.address)
                referrals.enqueue(
                    cry.op, person, cry.channel, cry.language, cry.level, cry.kinds, cry.text, cry.reasons
                )
                path.unlink(missing_ok=True)
                moved += 1
        return moved

    def _read(self, path: Path) -> SetAside | None:
        """The cry in one file; None when it cannot be read, and then it is put out of the way."""
        try:
            raw = json.loads(self._cipher.open(path.read_text(encoding="ascii"), f"spool:{path.stem}"))
            return SetAside(**{**raw, "kinds": tuple(raw["kinds"]), "reasons": tuple(raw["reasons"])})
        except (SealBroken, ValueError, TypeError, KeyError):
            path.rename(path.with_suffix(".broken"))
            return None
