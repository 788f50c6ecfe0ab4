"""A client process of the store: people who cry for help, or counsellors who work through the queue.

Everything that it was told goes into its ledger, a file of JSON lines, as soon as it was told. SIGTERM ends it in
order. Times are of the machine's monotonic clock, which all processes share.
"""

import itertools
import json
import os
import random
import secrets
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

from bot.core.cipher import Cipher
from bot.core.message import CounsellorId
from bot.service.escalation import INSIST_S, PAUSE_S
from bot.store import referrals as queue
from bot.store.connection import Store, StoreAway
from bot.store.people import People, UnknownPerson
from bot.store.referral import Claim, Stale
from bot.store.referrals import Referrals
from bot.store.spool import SetAside, Spool
from tests.fault import shifting

T = TypeVar("T")
LANGUAGE, TEXT = "en", "help"


@dataclass(frozen=True, slots=True)
class Plan:
    url: str
    site: str
    key: str
    spool: str
    ledger: str
    role: str
    """``crier`` or ``counsellor``."""
    threads: int = 2
    replicas: int = 0
    lease_ms: int = 60_000
    pause_s: float = 0.002
    shifted: bool = False
    """Its scripts take the time from a clock that the test may set."""

    @property
    def command(self) -> list[str]:
        return [sys.executable, "-m", "tests.fault.client", json.dumps(asdict(self))]


def cipher_of(key: str) -> Cipher:
    return Cipher({"k1": bytes.fromhex(key)})


class Ledger:
    """Each line is written at once and whole: what stands here was told to the client."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def write(self, event: str, **facts: Any) -> None:
        os.write(self._file, (json.dumps({"event": event, "at": time.monotonic(), **facts}) + "\n").encode())


class Client:
    def __init__(self, plan: Plan, stopping: threading.Event) -> None:
        queue.OFFER_MS = queue.WORK_MS = plan.lease_ms
        cipher = cipher_of(plan.key)
        self.plan = plan
        self.stopping = stopping
        self.store: Store = (shifting.ShiftedStore if plan.shifted else Store)(plan.url, plan.site, plan.replicas)
        self.people = People(self.store, cipher, b"fault")
        self.referrals = Referrals(self.store, self.people)
        self.spool = Spool(Path(plan.spool), cipher)
        self.ledger = Ledger(Path(plan.ledger))
        self.name = secrets.token_hex(4)

    def run(self) -> None:
        work = self.cry if self.plan.role == "crier" else self.counsel
        threads = [threading.Thread(target=self._loop, args=(work, i)) for i in range(self.plan.threads)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _loop(self, work: Callable[[str], None], number: int) -> None:
        for turn in itertools.count():
            if self.stopping.is_set():
                return
            work(f"{self.name}.{number}.{turn}")
            time.sleep(self.plan.pause_s)

    # People

    def cry(self, op: str) -> None:
        """As the gateway does it: insist for a moment, then the spool, and never silence."""
        level = 1 + random.randrange(3)
        self.ledger.write("begun", op=op)
        try:
            placed = self._insist(lambda: self._enqueue(op, level), INSIST_S)
            self.ledger.write("accepted", op=op, id=placed.id)
        except StoreAway as away:
            try:
                self.spool.put(f"{time.time_ns()}", SetAside(op, "sms", op, LANGUAGE, level, ("threat",), TEXT, ()))
                self.ledger.write("spooled", op=op, why=str(away))
            except OSError as error:
                self.ledger.write("refused", op=op, why=type(error).__name__)

    def _enqueue(self, op: str, level: int) -> queue.Placed:
        person = self.people.welcome("sms", op)
        return self.referrals.enqueue(op, person, "sms", LANGUAGE, level, ("threat",), TEXT)

    # Counsellors

    def counsel(self, op: str) -> None:
        """Takes the next, writes, and then ends it, gives it back, or forgets it."""
        me = CounsellorId(f"c{op.rsplit('.', 1)[0]}")
        try:
            claim = self._insist(lambda: self._logged("claim", lambda: self.referrals.claim(op, me)), 3)
            if claim is None:
                time.sleep(0.02)
                return
            self._fenced("renew", claim, lambda: self.referrals.renew(claim))
            self._fenced("send", claim, lambda: self.referrals.send(f"s{op}", claim, "hello"))
            chance = random.random()
            if chance < 0.6:
                self._fenced("resolve", claim, lambda: self.referrals.resolve(f"r{op}", claim, "helped", "bye"))
            elif chance < 0.75:
                self._fenced("give_back", claim, lambda: self.referrals.transfer(f"t{op}", claim, None))
        except (StoreAway, Stale, UnknownPerson):
            time.sleep(0.02)

    def _logged(self, step: str, do: Callable[[], Claim | None]) -> Claim | None:
        start = time.monotonic()
        claim = do()
        if claim:
            self._note(step, claim, start)
        return claim

    def _fenced(self, step: str, claim: Claim, do: Callable[[], None]) -> None:
        start = time.monotonic()
        self._insist(do, 1)
        self._note(step, claim, start)

    def _note(self, step: str, claim: Claim, start: float) -> None:
        facts = {"referral": claim.referral, "who": claim.counsellor, "fence": int(claim.fence), "start": start}
        self.ledger.write("step", step=step, **facts)

    def _insist(self, do: Callable[[], T], for_s: float) -> T:
        end = time.monotonic() + for_s
        while True:
            try:
                return do()
            except StoreAway:
                if time.monotonic() > end or self.stopping.is_set():
                    raise
                time.sleep(PAUSE_S)


if __name__ == "__main__":
    told_to_stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: told_to_stop.set())
    Client(Plan(**json.loads(sys.argv[1])), told_to_stop).run()
