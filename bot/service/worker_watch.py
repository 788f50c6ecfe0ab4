"""Watches from the console whether the worker lives: a worker that is gone cannot say so itself."""

import secrets
import threading
import time
from collections.abc import Callable

from bot.core.alarms import Notice
from bot.log import logger
from bot.service.alarm_sender import AlarmSender
from bot.service.alarm_ways import Ways
from bot.store.connection import Store, StoreAway

EVERY_S = 5.0
SILENT_S = 60.0
REPEAT_MS = 15 * 60_000


class WorkerWatch:
    """The worker is silent when its sign of life does not change. No clock of another machine is trusted for that."""

    def __init__(
        self, store: Store, ways: Ways, sender: AlarmSender, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._store = store
        self._ways = ways
        self._sender = sender
        self._clock = clock
        self._beat: str | None = None
        self._since = clock()
        self.silent = False

    def start(self) -> None:
        """Looks for ever, in a thread that ends with the process."""
        threading.Thread(target=self._watch, name="worker-watch", daemon=True).start()

    def look(self) -> None:
        """Tells webhook and on-call phone, once for all consoles of the site and again after a while."""
        beat, now, was = self._store.get("heartbeat", "worker"), self._clock(), self.silent
        if beat != self._beat:
            self._beat, self._since = beat, now
        self.silent = now - self._since > SILENT_S
        if was and not self.silent:
            self._store.forget("alarm", "worker")
        if self.silent and self._store.put_new(secrets.token_hex(8), "alarm", "worker", ttl_ms=REPEAT_MS):
            logger().critical("no_worker")
            self._sender.send(self._ways.errands(Notice("no_worker"), self._ways.on_call))

    def _watch(self) -> None:
        wait = threading.Event()
        while not wait.wait(EVERY_S):
            try:
                self.look()
            except StoreAway as error:
                logger().warning("worker_not_watched", error=str(error))
