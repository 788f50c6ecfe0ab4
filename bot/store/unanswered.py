"""How often a message was not understood, by the topic that was guessed and the month; never the text."""

from bot.core.clock import Clock
from bot.log import logger
from bot.store.connection import Store, StoreAway

KEEP_S = 400 * 24 * 3600


class Unanswered:
    """Counts for the content editor: which topics people ask about in words that Anlu does not know."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def add(self, topic: str) -> None:
        """One more message taken for ``topic`` and not surely understood. A count that is lost costs nothing else."""
        try:
            self._store.count("unanswered", self.month(), field=topic, ttl_s=KEEP_S)
        except StoreAway as error:
            logger().warning("unanswered_not_counted", error=str(error))

    def of(self, month: str) -> dict[str, int]:
        """Counts by topic of a month (``YYYY-MM``), the most frequent first."""
        counts = {topic: int(count) for topic, count in self._store.hash("unanswered", month).items()}
        return dict(sorted(counts.items(), key=lambda row: (-row[1], row[0])))

    def month(self) -> str:
        """The month of today, ``YYYY-MM``."""
        return self._clock.now().strftime("%Y-%m")
