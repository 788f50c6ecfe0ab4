"""One fault: clients under load, what is done to the store meanwhile, and the judgement at the end."""

import contextlib
import os
import secrets
import signal
import subprocess
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from bot.settings import ROOT
from bot.store.connection import Store, StoreAway
from bot.store.people import People
from bot.store.referrals import Referrals
from bot.store.spool import Spool
from tests.fault.client import Plan, cipher_of
from tests.fault.judge import Verdict, judge, read_ledgers
from tests.fault.servers import wait_until
from tests.fault.shifting import ShiftedStore

PATIENCE_S = 60.0
UPKEEP_S = 0.1
Fault = TypeVar("Fault")


@dataclass
class Trial:
    """``cries``: how many must have been accepted in the end."""

    folder: Path
    cries: int
    url: str = ""
    replicas: int = 0
    long: bool = False
    """The long form: more rounds, and comparisons that prove nothing but show something."""
    options: dict[str, Any] = field(default_factory=dict)
    """Of the clients, see Plan."""
    site: str = field(default_factory=lambda: "f" + secrets.token_hex(6))
    key: str = field(default_factory=lambda: secrets.token_hex(32))
    processes: "dict[str, subprocess.Popen[bytes]]" = field(default_factory=dict)
    started: int = 0
    killed: set[str] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)

    def __enter__(self) -> "Trial":
        self.folder.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        for process in self.processes.values():
            process.kill()
            process.wait()

    # Clients

    def plan(self, role: str, name: str, url: str = "") -> Plan:
        ledger = str(self.folder / f"{name}.ledger")
        options = {"replicas": self.replicas, **self.options}
        return Plan(url or self.url, self.site, self.key, str(self.spool_folder), ledger, role, **options)

    def start(self, criers: int = 2, counsellors: int = 1, url: str = "") -> None:
        """Starts client processes and waits until each has something in its ledger."""
        roles = ["crier"] * criers + ["counsellor"] * counsellors
        for role in roles:
            self.start_one(role, url)
        self._wait_started()

    def _wait_started(self) -> None:
        ledgers = [self.folder / f"{name}.ledger" for name in self.processes]
        wait_until(lambda: all(path.exists() for path in ledgers), PATIENCE_S)

    def start_one(self, role: str, url: str = "") -> str:
        self.started += 1
        name = f"{role}{self.started}"
        plan = self.plan(role, name, url)
        env = {**os.environ, "PYTHONPATH": str(ROOT)}
        self.processes[name] = subprocess.Popen(plan.command, cwd=ROOT, env=env, stdin=subprocess.DEVNULL)
        return name

    def kill(self, name: str) -> None:
        """kill -9 of a client: what it had not been told is not held against anybody."""
        self.killed.add(f"{name}.ledger")
        process = self.processes.pop(name)
        process.kill()
        process.wait()

    def stop(self) -> None:
        """Ends the clients in order; each finishes what it does."""
        self._wait_started()
        for process in self.processes.values():
            process.send_signal(signal.SIGTERM)
        for process in self.processes.values():
            assert process.wait(PATIENCE_S) == 0
        self.processes.clear()

    def _ledgers(self, role: str = "") -> list[Path]:
        return sorted(path for path in self.folder.glob(f"{role}*.ledger") if path.stat().st_size)

    def count(self, *events: str) -> int:
        """How many of these events stand in all ledgers."""
        marks = [f'"event": "{event}"'.encode() for event in events or ("accepted",)]
        return sum(path.read_bytes().count(mark) for path in self._ledgers() for mark in marks)

    def wait_for_more(self, cries: int, *events: str) -> None:
        wanted = self.count(*events) + cries
        wait_until(lambda: self.count(*events) >= wanted, PATIENCE_S, 0.05)

    def evenly(self, faults: Sequence[Fault]) -> Iterator[Fault]:
        """Each in its turn, spread over the cries as they are accepted; a last share comes after all of them."""
        for fault in faults:
            self.wait_for_more(self.cries // (len(faults) + 1))
            yield fault

    def wait_for_all(self, share: float = 1.0) -> None:
        wait_until(lambda: self.count() >= self.cries * share, PATIENCE_S, 0.05)

    # The judgement

    @property
    def spool_folder(self) -> Path:
        return self.folder / "spool"

    def store(self, url: str = "") -> Store:
        return Store(url or self.url, self.site)

    def queue(self, url: str = "") -> Referrals:
        store = self.store(url)
        return Referrals(store, People(store, cipher_of(self.key), b"fault"))

    @contextlib.contextmanager
    def upkeep(self, shifted: bool = False, ended: list[list[str]] | None = None) -> Iterator[None]:
        """What the worker does meanwhile: leases that ended (noted in ``ended``, tick by tick), and the spool."""
        stopping = threading.Event()
        store = (ShiftedStore if shifted else Store)(self.url, self.site, self.replicas)
        people = People(store, cipher_of(self.key), b"fault")
        referrals, spool = Referrals(store, people), Spool(self.spool_folder, cipher_of(self.key))

        def work() -> None:
            while not stopping.is_set():
                with contextlib.suppress(StoreAway):
                    lapsed, _ = referrals.reap()
                    if ended is not None:
                        ended.append(lapsed)
                    spool.drain(people, referrals)
                stopping.wait(UPKEEP_S)

        thread = threading.Thread(target=work)
        thread.start()
        try:
            yield
        finally:
            stopping.set()
            thread.join()
            with contextlib.suppress(StoreAway):
                store.client.close()

    def verdict(self, url: str = "") -> Verdict:
        """Once the clients have stopped and the spool is empty."""
        spool = Spool(self.spool_folder, cipher_of(self.key))
        wait_until(lambda: spool.count() == 0, PATIENCE_S)
        store = self.store(url)
        try:
            people = People(store, cipher_of(self.key), b"fault")
            found = judge(read_ledgers(self._ledgers()), store, people, self.killed)
        finally:
            store.client.close()
        found.note = "; ".join(self.notes)
        return found

    def finish(self, url: str = "") -> Verdict:
        """Waits for the wanted number, stops the clients and judges."""
        self.wait_for_all()
        self.stop()
        return self.verdict(url)
