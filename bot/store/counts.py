"""Counts by month that hold no text and no person: what was not understood, and which answers helped."""

from bot.core.clock import Clock
from bot.log import logger
from bot.store.connection import Store, StoreAway

KEEP_S = 400 * 24 * 3600


class Counts:
    """One family of counts for the content editor, under a name of its own in the store."""

    def __init__(self, store: Store, clock: Clock, name: str) -> None:
        self._store = store
        self._clock = clock
        self._name = name

    def add(self, what: str) -> None:
        """One more of ``what`` this month. A count that is lost costs nothing else."""
        try:
            self._store.count(self._name, self.month(), field=what, ttl_s=KEEP_S)
        except StoreAway as error:
            logger().warning("not_counted", kind=self._name, error=str(error))

    def of(self, month: str) -> dict[str, int]:
        """Counts of a month (``YYYY-MM``), the most frequent first."""
        counts = {what: int(count) for what, count in self._store.hash(self._name, month).items()}
        return dict(sorted(counts.items(), key=lambda row: (-row[1], row[0])))

    def month(self) -> str:
        """The month of today, ``YYYY-MM``."""
        return self._clock.now().strftime("%Y-%m")
