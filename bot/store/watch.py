"""People who were asked whether they are safe and have not answered yet: their silence is heard, too."""

from bot.core.message import PersonId
from bot.store.connection import Store, store_errors

AT_MOST = 50


class Watch:
    """A sorted set by the time at which silence counts (seconds since the epoch)."""

    def __init__(self, store: Store) -> None:
        self._store = store

    @store_errors
    def await_answer(self, person: PersonId, until: float) -> None:
        self._store.client.zadd(self._store.keys("checks"), {person: until})

    @store_errors
    def answered(self, person: PersonId) -> None:
        self._store.client.zrem(self._store.keys("checks"), person)

    @store_errors
    def silent(self, now: float) -> list[PersonId]:
        """Those whose time is up, at most AT_MOST; they stay until ``answered``, so a worker that dies loses none."""
        found = self._store.client.zrangebyscore(self._store.keys("checks"), 0, now, start=0, num=AT_MOST)
        return [PersonId(str(each)) for each in found]
