"""Changing the site's master key: everything in the store that lies under it is sealed anew under the first key.

These are the keys of people (and with them all that people wrote), the secrets of staff and the words that counsellors
released. May run while the service does, be interrupted and be repeated: each value is exchanged for itself only.
"""

import itertools
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from bot.core.cipher import Cipher, SealBroken, key_id
from bot.store.connection import Store, store_errors
from bot.store.spool import Spool
from bot.store.verdicts import FIELD, Verdicts

PAGE = 500
SEALED_OF_STAFF = ("totp", "alarm")
"""Fields of a member of staff that lie under the site's key, each bound to its own name."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """A value under the site's key: what it is bound to, and the script with the arguments that find it again."""

    value: str = field(repr=False)
    bound_to: str
    script: str
    place: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rotated:
    changed: int
    lost: int
    """Values whose key is not among the site's any more."""


class Rotation:
    """``cipher`` holds the new key first and the old ones after it. Every method raises StoreAway."""

    def __init__(self, store: Store, cipher: Cipher, verdicts: Verdicts, spool: Spool) -> None:
        self._store = store
        self._cipher = cipher
        self._verdicts = verdicts
        self._spool = spool

    @property
    def first(self) -> str:
        """The id of the key under which everything ought to lie."""
        return self._cipher.active

    def counts(self) -> Counter[str]:
        """How many values lie under each key id, those that wait on disk for the store among them."""
        return Counter(key_id(value) for value in itertools.chain((s.value for s in self._all()), self._spool.sealed()))

    def rotate(self) -> Rotated:
        changed = lost = 0
        for sealed in self._all():
            if key_id(sealed.value) == self.first:
                continue
            try:
                fresh = self._cipher.seal(self._cipher.open_bytes(sealed.value, sealed.bound_to), sealed.bound_to)
            except SealBroken:
                lost += 1
                continue
            changed += int(self._store.run(sealed.script, *sealed.place, sealed.value, fresh))
        return Rotated(changed, lost)

    def _all(self) -> Iterator[Sealed]:
        yield from self._people()
        yield from self._staff()
        for id_, released in self._verdicts.sealed():
            yield Sealed(released, FIELD, "reseal_verdict", (id_,))

    def _people(self) -> Iterator[Sealed]:
        names = self._store.names("person:")
        while page := list(itertools.islice(names, PAGE)):
            people = [name.rpartition(":")[2] for name in page]
            for person, value in zip(people, self._fields("person", people, "key"), strict=True):
                if value:
                    yield Sealed(value, f"key:{person}", "reseal", (f"person:{person}", "key"))

    def _staff(self) -> Iterator[Sealed]:
        ids = list(self._store.hash("staff", "logins").values())
        for name in SEALED_OF_STAFF:
            for id_, value in zip(ids, self._fields("staff", ids, name), strict=True):
                if value:
                    yield Sealed(value, f"{name}:{id_}", "reseal", (f"staff:{id_}", name))

    @store_errors
    def _fields(self, kind: str, ids: list[str], name: str) -> list[str | None]:
        pipe = self._store.client.pipeline(transaction=False)
        for id_ in ids:
            pipe.hget(self._store.keys(kind, id_), name)
        return list(pipe.execute())
