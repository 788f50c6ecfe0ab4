"""The worker: sends what waits in the outbox, puts back what silent counsellors held, empties the disk spool."""

import signal
import time
from datetime import datetime, timedelta, timezone
from types import FrameType

from bot.log import logger
from bot.service.delivery import Delivery
from bot.service.silence import Silence
from bot.store.audit import Audit, AuditBroken
from bot.store.connection import Store, StoreAway
from bot.store.people import People
from bot.store.referrals import Referrals
from bot.store.spool import Spool

TICK_S = 0.2
SLOW_TICK_S = 2.0
SEAL_EVERY_S, RETIRE_EVERY_S = 300.0, 60.0
AT_ONCE = 50
"""Messages sent before the other duties get their turn."""


class Worker:
    """One loop; several workers may run, since every duty is leased or atomic in the store."""

    def __init__(
        self,
        store: Store,
        referrals: Referrals,
        delivery: Delivery,
        spool: Spool,
        people: People,
        silence: Silence,
        audit: Audit,
        retention: timedelta,
    ) -> None:
        self._store = store
        self._referrals = referrals
        self._delivery = delivery
        self._spool = spool
        self._people = people
        self._silence = silence
        self._audit = audit
        self._retention = retention
        self._retire_due = 0.0
        self._seal_due = 0.0
        self._stopping = False

    def run(self) -> None:
        """Works until SIGTERM or SIGINT; a message in hand is finished first."""
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, self._stop)
        logger().info("worker_started")
        slow_due = 0.0
        while not self._stopping:
            try:
                if time.monotonic() >= slow_due:
                    self.slow_tick()
                    slow_due = time.monotonic() + SLOW_TICK_S
                self.tick()
            except StoreAway as error:
                logger().error("store_was_away", error=str(error))
                time.sleep(TICK_S)
            time.sleep(TICK_S)
        logger().info("worker_stopped")

    def tick(self) -> None:
        for _ in range(AT_ONCE):
            if self._stopping or not self._delivery.one():
                return

    def slow_tick(self) -> None:
        self._store.put(str(int(time.time() * 1000)), "heartbeat", "worker")
        back = self._referrals.reap()
        if back:
            logger().warning("leases_expired", count=len(back))
        silent = self._silence.hear()
        if silent:
            logger().warning("silence_after_danger", count=silent)
        self._seal()
        self._retire()
        if self._spool.count():
            moved = self._spool.drain(self._people, self._referrals)
            logger().warning("spool_drained", count=moved, waiting=self._spool.count())

    def _seal(self) -> None:
        """Seals the audit now and then; one that was changed is told loudly and stops nothing else."""
        if time.monotonic() < self._seal_due:
            return
        self._seal_due = time.monotonic() + SEAL_EVERY_S
        try:
            self._audit.seal()
        except AuditBroken as error:
            logger().critical("audit_broken", error=str(error))

    def _retire(self) -> None:
        """Deletes conversations whose time is over, a few at a time."""
        if time.monotonic() < self._retire_due:
            return
        self._retire_due = time.monotonic() + RETIRE_EVERY_S
        retired = self._referrals.retire(datetime.now(timezone.utc) - self._retention)
        if retired:
            logger().info("conversations_deleted", count=len(retired))

    def _stop(self, _signal: int, _frame: FrameType | None) -> None:
        self._stopping = True
