"""The worker: sends what waits in the outbox, and does its other duties by the clock."""

import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import FrameType

from bot.log import logger
from bot.service.delivery import Delivery
from bot.store.connection import StoreAway

TICK_S = 0.2
AT_ONCE = 50
"""Messages sent before the other duties get their turn."""


@dataclass(frozen=True, slots=True)
class Duty:
    """Something done again every so many seconds."""

    every_s: float
    do: Callable[[], object]


class Worker:
    """One loop; several workers may run, since every duty is leased or atomic in the store."""

    def __init__(self, delivery: Delivery, duties: Sequence[Duty]) -> None:
        self._delivery = delivery
        self._duties = duties
        self._due = [0.0] * len(duties)
        self._stopping = False

    def run(self) -> None:
        """Works until SIGTERM or SIGINT; a message in hand is finished first."""
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, self._stop)
        logger().info("worker_started")
        while not self._stopping:
            try:
                self.do_duties()
                self.send()
            except StoreAway as error:
                logger().error("store_was_away", error=str(error))
                time.sleep(TICK_S)
            time.sleep(TICK_S)
        logger().info("worker_stopped")

    def send(self) -> None:
        """Sends what is due, so much at a time that the duties get their turn."""
        for _ in range(AT_ONCE):
            if self._stopping or not self._delivery.one():
                return

    def do_duties(self) -> None:
        """Those whose time has come; a fault in one stops no other. Raises StoreAway, and then all is tried again."""
        for number, duty in enumerate(self._duties):
            if time.monotonic() < self._due[number]:
                continue
            try:
                duty.do()
            except StoreAway:
                raise
            except Exception as error:  # whatever is wrong with one, leases must still end and messages go out
                logger().critical("duty_failed", kind=duty.do.__name__, error=type(error).__name__)
            self._due[number] = time.monotonic() + duty.every_s

    def _stop(self, _signal: int, _frame: FrameType | None) -> None:
        self._stopping = True
