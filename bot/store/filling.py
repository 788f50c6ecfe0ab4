"""Fills an empty site with referrals that never were: in bulk, as the scripts would have left them."""

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from typing import Any

from bot.core.cipher import Cipher, pseudonym
from bot.core.message import PersonId
from bot.store.audit import Audit, Entry, Seal, Walk
from bot.store.connection import Store, store_errors
from bot.store.referrals import SCORE_OF_LEVEL

ANYBODY = ""
"""The lane of those who wait for no special skill."""
AT_ONCE = 2000
"""Commands sent before their answers are read."""
OUTBOX_MS = 30 * 24 * 3600 * 1000
"""Messages that were sent are forgotten so long after."""


class SiteNotEmpty(Exception):
    """There is something in the site already: nothing was written."""


def refuse_used(store: Store) -> None:
    """Raises SiteNotEmpty when the store holds any key of the site."""
    if store.is_used():
        raise SiteNotEmpty("the site holds something already: only an empty one can be filled with an invented year")


class Filling:
    """Writes rows through one pipeline; ``flush`` when done. ``root`` makes each invented person's key."""

    def __init__(self, store: Store, site_cipher: Cipher, secret: bytes, root: bytes) -> None:
        self._store = store
        self._site = site_cipher
        self._secret = secret
        self._root = root
        self._pipe = store.client.pipeline(transaction=False)
        self.key = store.keys

    def person(self, channel: str, address: str) -> tuple[PersonId, Cipher]:
        """Her pseudonym and her cipher, the same in every process."""
        name = PersonId(pseudonym(self._secret, channel, address))
        return name, Cipher({"p": self._key_of(name)})

    def welcome(self, channel: str, address: str) -> None:
        name, box = self.person(channel, address)
        row = {
            "channel": channel,
            "key": self._site.seal(self._key_of(name), f"key:{name}"),
            "address": box.seal(address, f"address:{name}"),
        }
        self.hash(self.key("person", name), row)

    def _key_of(self, name: str) -> bytes:
        return hmac.new(self._root, name.encode(), hashlib.sha256).digest()

    def referral(self, row: Mapping[str, Any]) -> None:
        """A referral in its state, in the lists that the state belongs to."""
        id_, state = str(row["id"]), row["state"]
        self.hash(self.key("referral", id_), row)
        if state == "waiting":
            for name in (self.key("queue"), self.key("lane", ANYBODY)):
                self.member(name, id_, int(row["level"]) * SCORE_OF_LEVEL + int(row["since"]))
        if state == "claimed":
            self.member(self.key("leases"), id_, int(row["lease"]))
            self._add(self.key("hands", str(row["holder"])), id_)
        if state == "resolved":
            self.member(self.key("resolved"), id_, int(row["resolved"]))
        if state in ("waiting", "claimed"):
            self._pipe.set(self.key("open", str(row["person"])), id_)
            self._full()

    def message(self, id_: str, row: Mapping[str, Any]) -> None:
        """A message of the outbox that was settled, sent or given up."""
        key = self.key("out", "message", id_)
        self.hash(key, row)
        if row["state"] == "dead":
            self.member(self.key("out", "dead"), id_, int(row["settled"]))
        else:
            self._pipe.pexpireat(key, int(row["settled"]) + OUTBOX_MS)
            self._full()

    def hash(self, key: str, row: Mapping[str, Any]) -> None:
        self._pipe.hset(key, mapping=dict[Any, Any](row))
        self._full()

    def member(self, key: str, id_: str, score: int) -> None:
        self._pipe.zadd(key, {id_: score})
        self._full()

    def _add(self, key: str, name: str) -> None:
        self._pipe.sadd(key, name)
        self._full()

    def line(self, key: str, at: int, row: Mapping[str, Any]) -> None:
        """An entry of a stream, as if written at this time (ms); times may not go back."""
        self._pipe.xadd(key, dict[Any, Any](row), id=f"{at}-*")
        self._full()

    def count(self, name: str, month: str, field: str, number: int) -> None:
        self._pipe.hincrby(self.key(name, month), field, number)
        self._full()

    def fences(self, highest: int) -> None:
        """Sets the counter of fencing tokens."""
        self._pipe.set(self.key("fence"), highest)

    @store_errors
    def flush(self) -> None:
        self._pipe.execute()

    def _full(self) -> None:
        if len(self._pipe) >= AT_ONCE:
            self.flush()

    def audit(self, entries: Iterable[tuple[int, str, str, str, str]], audit: Audit) -> int:
        """Writes the audit (time in ms, action, referral, actor, note, in order), chained and sealed; how many."""
        walk, key = Walk(Seal(0, "", ""), ""), self.key("audit")
        last, same = 0, 0
        for at, action, referral, actor, note in entries:
            last, same = at, same + 1 if at == last else 0
            bare = Entry(walk.end + 1, str(at), action, referral, actor, note, "")
            chain = hashlib.sha1(f"{walk.chain}\n{bare.words}".encode(), usedforsecurity=False).hexdigest()
            entry = Entry(bare.n, bare.at, action, referral, actor, note, chain)
            walk.step(f"{at}-{same}", entry)
            row = {name: getattr(entry, name) for name in ("n", "at", "action", "referral", "actor", "note", "chain")}
            self._pipe.xadd(key, row, id=walk.at)  # type: ignore[arg-type]
            self._full()
        self.hash(self.key("audit:head"), {"n": walk.end, "chain": walk.chain})
        self.flush()
        audit.put_seal(walk)
        return walk.end
