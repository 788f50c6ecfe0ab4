"""One message of a person at a time, and each platform message answered once."""

import contextlib
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass

from bot.core.message import PersonId
from bot.store.connection import Store, StoreAway, store_errors

LOCK_MS = 11_000
"""Longest time one message may take before another process may go on with the next: what a dead process held is free
again before WeChat's third and last try gives up."""
REMEMBER_S = 7 * 24 * 3600
"""A repeated or replayed message gets its first answer for so long."""
POLL_S = 0.02


@dataclass(frozen=True, slots=True)
class Claimed:
    """This process is to answer the message; ``token`` proves it."""

    token: str


@dataclass(frozen=True, slots=True)
class Answered:
    """The message was answered before; ``sealed`` is the remembered reply."""

    sealed: str


class StillRunning(Exception):
    """The first delivery of this message is not finished within the time given."""


class Turns:
    def __init__(self, store: Store) -> None:
        self._store = store

    def begin(self, channel: str, message_id: str, wait_s: float) -> Claimed | Answered:
        """Claims a platform message, or waits for its first delivery and gives the remembered reply."""
        key = ("seen", channel, self._store.keys.digest(message_id))
        token = f"running:{secrets.token_hex(8)}"
        end = time.monotonic() + wait_s
        while True:
            if self._store.put_new(token, *key, ttl_ms=LOCK_MS):
                return Claimed(token)
            value = self._store.get(*key)
            if value is not None and not value.startswith("running:"):
                return Answered(value)
            if time.monotonic() > end:
                raise StillRunning
            time.sleep(POLL_S)

    @store_errors
    def finish(self, channel: str, message_id: str, sealed: str) -> None:
        """Remembers the reply for the platform's retries, and that a message came (the silence alarm wants to know)."""
        keys, pipe = self._store.keys, self._store.client.pipeline(transaction=False)
        pipe.set(keys("seen", channel, keys.digest(message_id)), sealed, ex=REMEMBER_S)
        pipe.set(keys("heartbeat", "inbound"), int(time.time() * 1000))
        pipe.execute()

    def abandon(self, channel: str, message_id: str, claim: Claimed) -> None:
        """Gives the claim back after a failure, so that the platform's retry is handled anew."""
        self._store.run("release", f"seen:{channel}:{self._store.keys.digest(message_id)}", claim.token)

    @contextlib.contextmanager
    def alone(self, person: PersonId, wait_s: float) -> Iterator[bool]:
        """Holds the person's lock; yields False when another message of hers is still in work after ``wait_s``."""
        token, key = secrets.token_hex(8), f"lock:{person}"
        end = time.monotonic() + wait_s
        held = False
        while not (held := self._store.put_new(token, key, ttl_ms=LOCK_MS)) and time.monotonic() < end:
            time.sleep(POLL_S)
        try:
            yield held
        finally:
            if held:
                with contextlib.suppress(StoreAway):  # it must not hide what went wrong inside; the lock ends by itself
                    self._store.run("release", key, token)
