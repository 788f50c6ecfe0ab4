"""A copy of everything a site keeps, sealed line by line, and the way back from it.

A backup is taken while the service runs, so its keys are not of one moment. What can be derived (the queue, leases,
who has an open referral, what waits to be sent) is therefore made anew when it is restored, from the referrals and
messages themselves. Nobody is restored who was erased since: the list of the erased lies outside the store.
"""

import base64
import itertools
import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.core.cipher import Cipher, SealBroken
from bot.core.message import PersonId
from bot.store.connection import Store, store_errors
from bot.store.erased import Erased
from bot.store.people import People

HEAD = "anlu backup 1"
DERIVED = frozenset({
    "queue", "lanes", "ripens", "leases", "parked", "asked", "bell", "out:due", "staff:present",
})  # fmt: skip
PASSING = (
    "record:", "ended:", "lane:", "hands:", "lock:", "heartbeat:", "open:", "out:line:", "staff:tries:", "staff:totp:",
    "alarm:",
)  # fmt: skip
"""Keys that are derived or only of the moment: they are not kept."""
LONG = frozenset({"audit", "audit:seals", "verdicts"})
"""Streams that grow as long as the site lives; copied last, in pages."""
PAGE = 500


class BackupBroken(Exception):
    """The file is no whole backup of ours, or the site is not empty; a sentence for the operator."""


@dataclass(frozen=True, slots=True)
class Restored:
    keys: int
    erased: int
    """People in the backup who were erased since and stay so."""
    waiting: int
    """Referrals back in the queue."""
    to_send: int


class Backup:
    """``cipher`` seals the lines: a backup is worth nothing without the site's master keys."""

    def __init__(self, store: Store, people: People, erased: Erased, cipher: Cipher) -> None:
        self._store = store
        self._people = people
        self._erased = erased
        self._cipher = cipher

    def write(self, path: Path) -> int:
        """Writes the file, whole or not at all, and returns how many keys it holds. Raises StoreAway, OSError."""
        draft = path.with_name(path.name + ".draft")
        count = 0
        with draft.open("w", encoding="ascii") as file:
            draft.chmod(0o600)
            file.write(self._sealed(0, {"head": HEAD, "made": int(time.time())}))
            for count, row in enumerate(self._rows(), 1):
                file.write(self._sealed(count, row))
            file.write(self._sealed(count + 1, {"end": count}))
            file.flush()
            os.fsync(file.fileno())
        draft.rename(path)
        return count

    def restore(self, path: Path) -> Restored:
        """Fills an empty site from a backup. Raises BackupBroken before anything is written when it is not whole."""
        rows = self._read(path)
        made, count = int(next(rows)["made"]), sum(1 for _ in rows)
        if self._store.is_used():
            raise BackupBroken("the site has data already: restore into an empty store or under another ANLU_SITE")
        self._load(path)
        erased = self._erase_again(made)
        waiting, to_send = self._derive()
        return Restored(count, erased, waiting, to_send)

    # Writing

    @store_errors
    def _rows(self) -> Iterator[dict[str, Any]]:
        raw, prefix = self._store.connect(decode=False), self._store.keys.prefix
        kept = (name for name in self._store.names() if name not in LONG | DERIVED and not name.startswith(PASSING))
        while page := list(itertools.islice(kept, PAGE)):
            pipe = raw.pipeline(transaction=False)
            for name in page:
                pipe.dump(prefix + name)
                pipe.pttl(prefix + name)
            found = pipe.execute()
            for name, dump, ttl in zip(page, found[::2], found[1::2], strict=True):
                if dump is not None:
                    yield {"key": name, "ttl": max(int(ttl), 0), "dump": _b64(dump)}
        for name in sorted(LONG):
            yield from self._stream(name)

    def _stream(self, name: str) -> Iterator[dict[str, Any]]:
        """A stream that grows for ever, in pages: copied at once it would hold everybody else up."""
        start = "-"
        while page := self._store.client.xrange(self._store.keys(name), start, "+", count=PAGE):
            yield {"key": name, "entries": page}
            start = "(" + str(page[-1][0])

    def _sealed(self, number: int, row: dict[str, Any]) -> str:
        return self._cipher.seal(json.dumps(row), f"backup:{number}") + "\n"

    # Reading

    def _read(self, path: Path) -> Iterator[dict[str, Any]]:
        """The head and the rows of a whole backup; BackupBroken at the first sign that it is not."""
        number, ended = -1, False
        with path.open(encoding="ascii", errors="replace") as file:
            for number, line in enumerate(file):
                try:
                    row = json.loads(self._cipher.open(line.strip(), f"backup:{number}"))
                except (SealBroken, ValueError) as error:
                    raise BackupBroken(f"line {number + 1} cannot be opened with this site's master keys") from error
                if ended or (number == 0) != (row.get("head") == HEAD):
                    raise BackupBroken("this is no backup of Anlu's")
                if "end" in row:
                    if row["end"] != number - 1:
                        raise BackupBroken("the backup was put together from several")
                    ended = True
                else:
                    yield row
        if not ended:
            raise BackupBroken("the backup is cut off: it has no end")

    @store_errors
    def _load(self, path: Path) -> None:
        raw = self._store.connect(decode=False)
        rows = itertools.islice(self._read(path), 1, None)
        while page := list(itertools.islice(rows, PAGE)):
            pipe = raw.pipeline(transaction=False)
            for row in page:
                key = self._store.keys(row["key"])
                if "dump" in row:
                    pipe.restore(key, row["ttl"], base64.b64decode(row["dump"]))
                for id_, fields in row.get("entries", ()):
                    pipe.xadd(key, fields, id=id_)
            pipe.execute()

    def _erase_again(self, made: int) -> int:
        """Erases everybody in the backup who was erased since it was made."""
        found = [person for person in self._erased.since(made) if self._store.hash("person", person)]
        for person in found:
            self._people.erase(PersonId(person))
        return len(found)

    @store_errors
    def _derive(self) -> tuple[int, int]:
        """Makes the queue and the outbox anew; nobody holds a referral after a restore."""
        self._store.run("rejoin_audit")
        waiting = to_send = 0
        for name in self._store.names("referral:"):
            waiting += int(self._store.run("rebuild_referral", name.rpartition(":")[2]))
        messages = []
        for name in self._store.names("out:message:"):
            created, state = self._store.client.hmget(self._store.keys(name), "created", "state")
            if state not in ("sent", "delivered", "dead", "aside"):
                messages.append((float(created or 0), name.rpartition(":")[2]))
        for _, message in sorted(messages):
            to_send += int(self._store.run("rebuild_message", message))
        return waiting, to_send


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()
