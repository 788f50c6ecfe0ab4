"""The audit: who did what to which referral, readings included; append-only, chained, sealed, verified, exported.

Every entry is written by the script that makes the change, with its number and a hash over itself and the entry before.
The worker seals the chain from time to time under a key that the store does not have: who can write to the store can
neither change, drop nor add an entry before the last seal unseen.
"""

import hashlib
import hmac
from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

from bot.store.connection import Store, store_errors

FIELDS = ("at", "action", "referral", "actor", "note", "chain")
_PAGE = 1000


class AuditBroken(Exception):
    """The audit was changed; says from which entry on it cannot be trusted."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the audit; ``chain`` is the hash that it carries."""

    n: int
    at: str
    action: str
    referral: str
    actor: str
    note: str
    chain: str

    @property
    def words(self) -> str:
        return "\n".join((str(self.n), self.at, self.action, self.referral, self.actor, self.note))

    def chained_to(self, before: str) -> bool:
        return hashlib.sha1(f"{before}\n{self.words}".encode(), usedforsecurity=False).hexdigest() == self.chain


@dataclass(frozen=True, slots=True)
class Seal:
    """``digest``: SHA-256 over the seal before and all entries since, up to entry ``n``; ``mac`` under our key."""

    n: int
    digest: str
    mac: str
    at: str = ""
    """Where entry ``n`` lies in the stream, for the next seal to read on from; older seals lack it."""


@dataclass(frozen=True, slots=True)
class Verified:
    entries: int
    sealed: int
    """Number of the last entry under a seal; those after it are chained only."""


class Walk:
    """Goes along the entries one by one and stops at the first that does not follow from the one before."""

    def __init__(self, seal: Seal, chain: str | None) -> None:
        """Begins after ``seal``; ``chain`` is the hash of its last entry, None when nobody knows."""
        self.end = seal.n
        self.at = seal.at
        self.chain = chain
        self._sealed = hashlib.sha256(seal.digest.encode())

    def step(self, at: str, entry: Entry) -> None:
        """Takes in the next entry, which lies at ``at`` in the stream. Raises AuditBroken."""
        if entry.n != self.end + 1:
            raise AuditBroken(f"entries {self.end + 1} to {entry.n - 1} are missing")
        if self.chain is not None and not entry.chained_to(self.chain):
            raise AuditBroken(f"entry {entry.n} was changed, or the one before it")
        self._sealed.update(entry.words.encode() + b"\0")
        self.end, self.at, self.chain = entry.n, at, entry.chain

    @property
    def digest(self) -> str:
        """Over the seal that it began after and every entry since."""
        return self._sealed.hexdigest()

    def pass_seal(self, seal: Seal) -> None:
        """What follows is digested from this seal on."""
        self._sealed = hashlib.sha256(seal.digest.encode())


class Audit:
    def __init__(self, store: Store, secret: bytes) -> None:
        self._store = store
        self._key = hashlib.sha256(b"anlu audit seal\0" + secret).digest()

    def entries(self) -> Iterator[Entry]:
        """All entries in their order. AuditBroken for an unreadable one."""
        return (entry for _, entry in self.read(""))

    def read(self, after: str) -> Iterator[tuple[str, Entry]]:
        """The entries after this place in the stream ("" from the first), each with its own place."""
        while page := self.page(after):
            yield from page
            after = page[-1][0]

    def page(self, after: str) -> list[tuple[str, Entry]]:
        """The next entries after this place, in one reading; empty at the end."""
        return [(at, _entry(fields)) for at, fields in self._page("audit", after)]

    def seal(self) -> bool:
        """Seals what is not under a seal yet; whether there was anything. Raises AuditBroken and then seals nothing."""
        last = self._last_seal()
        walk = Walk(last, self._chain_at(last))
        for at, entry in self.read(last.at):
            if entry.n > last.n or last.at:
                walk.step(at, entry)
        if walk.end == last.n:
            return False
        self.put_seal(walk)
        return True

    def verify(self) -> Verified:
        """Reads everything again; raises AuditBroken."""
        seals = iter(self.seals())
        expected, sealed = next(seals, None), 0
        walk = Walk(Seal(0, "", ""), "")
        for at, entry in self.read(""):
            walk.step(at, entry)
            if expected is not None and expected.n == walk.end:
                if not self._holds(expected, walk.digest):
                    raise AuditBroken(f"the seal over entry {walk.end} does not hold: something up to it was changed")
                walk.pass_seal(expected)
                sealed, expected = walk.end, next(seals, None)
        if expected is not None:
            raise AuditBroken(f"entries up to {expected.n} were sealed, and those after {walk.end} are missing")
        self._check_head(walk)
        return Verified(walk.end, sealed)

    def seals(self) -> Iterator[Seal]:
        after = ""
        while page := self._page("audit:seals", after):
            yield from (_seal(fields) for _, fields in page)
            after = page[-1][0]

    @store_errors
    def _page(self, name: str, after: str) -> list[tuple[str, dict[str, str]]]:
        start = f"({after}" if after else "-"
        found = self._store.client.xrange(self._store.keys(name), start, "+", count=_PAGE)
        return cast("list[tuple[str, dict[str, str]]]", found)

    @store_errors
    def _last_seal(self) -> Seal:
        newest = self._store.client.xrevrange(self._store.keys("audit:seals"), count=1)
        if not newest:
            return Seal(0, "", "")
        seal = _seal(cast("dict[str, str]", newest[0][1]))
        if not self._holds(seal, seal.digest):
            raise AuditBroken(f"the last seal, over entry {seal.n}, is not ours")
        return seal

    @store_errors
    def _chain_at(self, seal: Seal) -> str | None:
        """The hash that the last sealed entry carries; None for a seal that does not tell where it lies."""
        if not seal.at:
            return None if seal.n else ""
        found = self._store.client.xrange(self._store.keys("audit"), seal.at, seal.at)
        entry = _entry(cast("dict[str, str]", found[0][1])) if found else None
        if entry is None or entry.n != seal.n:
            raise AuditBroken(f"entry {seal.n}, the last one under a seal, is not where it was")
        return entry.chain

    @store_errors
    def put_seal(self, walk: Walk) -> None:
        """Seals what a walk has gone along."""
        mac = self._mac(walk.end, walk.digest)
        fields: dict[str, str | int] = {"n": walk.end, "digest": walk.digest, "mac": mac, "at": walk.at}
        self._store.client.xadd(self._store.keys("audit:seals"), fields)  # type: ignore[arg-type]

    @store_errors
    def _check_head(self, walk: Walk) -> None:
        head = cast("list[str | None]", self._store.client.hmget(self._store.keys("audit:head"), "n", "chain"))
        n, kept = int(head[0] or 0), head[1] or ""
        if (n, kept) != (walk.end, walk.chain):
            raise AuditBroken(f"the audit ends with entry {walk.end}, but {n} were written")

    def _mac(self, n: int, digest: str) -> str:
        return hmac.new(self._key, f"{n}\n{digest}".encode(), hashlib.sha256).hexdigest()

    def _holds(self, seal: Seal, digest: str) -> bool:
        return seal.digest == digest and hmac.compare_digest(seal.mac, self._mac(seal.n, digest))


def _entry(fields: dict[str, str]) -> Entry:
    try:
        at, action, referral, actor, note, chain = (fields[name] for name in FIELDS)
        return Entry(int(fields["n"]), at, action, referral, actor, note, chain)
    except (KeyError, ValueError) as error:
        raise AuditBroken("an entry of the audit was not written by Anlu") from error


def _seal(fields: dict[str, str]) -> Seal:
    return Seal(int(fields["n"]), fields["digest"], fields["mac"], fields.get("at", ""))
