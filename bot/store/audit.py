"""The audit: who did what to which referral, readings included; append-only, chained, sealed, verified, exported.

Every entry is written by the script that makes the change, with its number and a hash over itself and the entry before.
The worker seals the chain from time to time under a key that the store does not have: who can write to the store can
neither change, drop nor add an entry before the last seal unseen.
"""

import hashlib
import hmac
import itertools
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


@dataclass(frozen=True, slots=True)
class Verified:
    entries: int
    sealed: int
    """Number of the last entry under a seal; those after it are chained only."""


class Audit:
    def __init__(self, store: Store, secret: bytes) -> None:
        self._store = store
        self._key = hashlib.sha256(b"anlu audit seal\0" + secret).digest()

    def entries(self, after: int = 0) -> Iterator[Entry]:
        """The entries in their order, from the one numbered after ``after`` on. AuditBroken for an unreadable one."""
        for fields in self._stream("audit"):
            try:
                at, action, referral, actor, note, chain = (fields[name] for name in FIELDS)
                entry = Entry(int(fields["n"]), at, action, referral, actor, note, chain)
            except (KeyError, ValueError) as error:
                raise AuditBroken("an entry of the audit was not written by Anlu") from error
            if entry.n > after:
                yield entry

    def seal(self) -> bool:
        """Seals what is not under a seal yet; whether there was anything. Raises AuditBroken and then seals nothing."""
        last = self._last_seal()
        digest, end, chain = hashlib.sha256(last.digest.encode()), last.n, None
        for entry in self.entries(last.n):
            if entry.n != end + 1 or (chain is not None and not entry.chained_to(chain)):
                raise AuditBroken(f"the audit was changed at entry {entry.n}")
            digest.update(entry.words.encode() + b"\0")
            end, chain = entry.n, entry.chain
        if end == last.n:
            return False
        self._put_seal(Seal(end, digest.hexdigest(), self._mac(end, digest.hexdigest())))
        return True

    def verify(self) -> Verified:
        """Reads everything again; raises AuditBroken."""
        seals = iter(self.seals())
        expected, chain, end, sealed = next(seals, None), "", 0, 0
        digest = hashlib.sha256(b"")
        for entry in self.entries():
            if entry.n != end + 1:
                raise AuditBroken(f"entries {end + 1} to {entry.n - 1} are missing")
            if not entry.chained_to(chain):
                raise AuditBroken(f"entry {entry.n} was changed, or the one before it")
            digest.update(entry.words.encode() + b"\0")
            end, chain = entry.n, entry.chain
            if expected is not None and expected.n == end:
                if not self._holds(expected, digest.hexdigest()):
                    raise AuditBroken(f"the seal over entry {end} does not hold: something up to it was changed")
                digest, sealed, expected = hashlib.sha256(expected.digest.encode()), end, next(seals, None)
        if expected is not None:
            raise AuditBroken(f"entries up to {expected.n} were sealed, and those after {end} are missing")
        self._check_head(end, chain)
        return Verified(end, sealed)

    def seals(self) -> Iterator[Seal]:
        for fields in self._stream("audit:seals"):
            yield Seal(int(fields["n"]), fields["digest"], fields["mac"])

    @store_errors
    def _stream(self, name: str) -> Iterator[dict[str, str]]:
        start = "-"
        for _ in itertools.count():
            key = self._store.keys(name)
            page = cast("list[tuple[str, dict[str, str]]]", self._store.client.xrange(key, start, "+", count=_PAGE))
            yield from (fields for _, fields in page)
            if len(page) < _PAGE:
                return
            start = "(" + page[-1][0]

    @store_errors
    def _last_seal(self) -> Seal:
        newest = self._store.client.xrevrange(self._store.keys("audit:seals"), count=1)
        if not newest:
            return Seal(0, "", "")
        fields = cast("dict[str, str]", newest[0][1])
        seal = Seal(int(fields["n"]), fields["digest"], fields["mac"])
        if not self._holds(seal, seal.digest):
            raise AuditBroken(f"the last seal, over entry {seal.n}, is not ours")
        return seal

    @store_errors
    def _put_seal(self, seal: Seal) -> None:
        fields: dict[str, str | int] = {"n": seal.n, "digest": seal.digest, "mac": seal.mac}
        self._store.client.xadd(self._store.keys("audit:seals"), fields)  # type: ignore[arg-type]

    @store_errors
    def _check_head(self, end: int, chain: str) -> None:
        head = cast("list[str | None]", self._store.client.hmget(self._store.keys("audit:head"), "n", "chain"))
        n, kept = int(head[0] or 0), head[1] or ""
        if (n, kept) != (end, chain):
            raise AuditBroken(f"the audit ends with entry {end}, but {n} were written")

    def _mac(self, n: int, digest: str) -> str:
        return hmac.new(self._key, f"{n}\n{digest}".encode(), hashlib.sha256).hexdigest()

    def _holds(self, seal: Seal, digest: str) -> bool:
        return seal.digest == digest and hmac.compare_digest(seal.mac, self._mac(seal.n, digest))
