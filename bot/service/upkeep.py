"""What must be done from time to time so that nothing stays where it should not: the worker's duties, one by one."""

import time
from datetime import datetime, timedelta, timezone

from bot.log import logger
from bot.service.promise import Promise
from bot.service.silence import Silence
from bot.store.audit import Audit, AuditBroken
from bot.store.connection import Store, Unconfirmed
from bot.store.people import People
from bot.store.referrals import RETIRE_AT_MOST, Referrals
from bot.store.spool import Spool

DELETE_STEPS = 20


class Upkeep:
    """Every duty may be done by several workers at once, since it is leased or atomic in the store.

    Each raises StoreAway and may then be done again.
    """

    def __init__(
        self,
        store: Store,
        referrals: Referrals,
        spool: Spool,
        people: People,
        silence: Silence,
        promise: Promise,
        audit: Audit,
        retention: timedelta,
    ) -> None:
        self._store = store
        self._referrals = referrals
        self._spool = spool
        self._people = people
        self._silence = silence
        self._promise = promise
        self._audit = audit
        self._retention = retention

    def give_sign_of_life(self) -> None:
        self._store.put(str(int(time.time() * 1000)), "heartbeat", "worker")

    def put_back(self) -> None:
        """Back into the queue what silent counsellors held, and what was laid aside until now."""
        silent, due = self._referrals.reap()
        if silent:
            logger().warning("leases_expired", count=len(silent))
        if due:
            logger().info("laid_aside_until_now", count=len(due))

    def hear_silence(self) -> None:
        silent = self._silence.hear()
        if silent:
            logger().warning("silence_after_danger", count=silent)

    def keep_promises(self) -> None:
        """Tells those who were told that nobody is on duty, when somebody is."""
        told = self._promise.keep()
        if told:
            logger().info("promises_kept", count=told)

    def seal_audit(self) -> None:
        """An audit that was changed is told loudly and stops nothing else."""
        try:
            self._audit.seal()
        except AuditBroken as error:
            logger().critical("audit_broken", error=str(error))

    def delete_old(self) -> None:
        """Deletes conversations whose time is over, in short steps; what is left, the next time."""
        until, count = datetime.now(timezone.utc) - self._retention, 0
        for _ in range(DELETE_STEPS):
            step = len(self._referrals.retire(until))
            count += step
            if step < RETIRE_AT_MOST:
                break
        if count:
            logger().info("conversations_deleted", count=count)

    def forget_on_disk(self) -> None:
        """Whose key was destroyed is gone from the store's file too, once that is written anew."""
        if self._store.get("forgotten") and self._store.write_file_anew():
            self._store.forget("forgotten")
            logger().info("store_file_written_anew")

    def empty_spool(self) -> None:
        """Moves what was set aside while the store was away into the queue."""
        if self._spool.count():
            try:
                moved = self._spool.drain(self._people, self._referrals)
            except Unconfirmed:  # replicas may be away for long: what can be done without them goes on
                logger().error("spool_waits_for_replicas", waiting=self._spool.count())
                return
            logger().warning("spool_drained", count=moved, waiting=self._spool.count())
