"""The real processes of a site on one machine, without the dialogue engine: a cry for help never waits for it."""

import contextlib
import itertools
import os
import sys
import threading
import time
from pathlib import Path

import requests

from bot.onemachine import new_secrets, simulated_accounts
from bot.settings import ROOT, settings_of
from bot.supervisor import Child, StartFailed, answers
from bot.wiring import Site
from tests.e2e import platforms
from tests.e2e.service import Desk, Service, new_sid
from tests.fault.client import Ledger
from tests.fault.servers import free_port

PUBLIC, NOBODY = "http://anlu.example", "http://127.0.0.1:9"
CRY = "help me please he locked me in and beats me"
NOT_KEPT, SET_ASIDE = "could not be kept", "message is noted"
START_S = 120.0
TRIES = 40
"""So often the platform delivers a message before it gives up."""


class Machine(Service):
    """Speaks to the processes as the end-to-end tests do; ``gateways`` of them share one store."""

    def __init__(self, folder: Path, url: str, gateways: int = 1, replicas: int = 0) -> None:
        self.home = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.ports = [free_port() for _ in range(gateways)]
        self._console = free_port()
        self._env = {
            **os.environ,
            **new_secrets(),
            **simulated_accounts(),
            "PYTHONPATH": str(ROOT),
            "ANLU_SITE": "machine",
            "ANLU_REDIS_URL": url,
            "ANLU_CONFIRM_REPLICAS": str(replicas),
            "ANLU_PUBLIC_URL": PUBLIC,
            "ANLU_DATA_DIR": str(folder / "data"),
            "ANLU_RASA_URL": NOBODY,
            "ANLU_WECHAT_API": NOBODY,
            "ANLU_TWILIO_API": NOBODY,
            "ANLU_WECHAT_MODE": "compatible",
            "ANLU_CONSOLE_COOKIE_SECURE": "0",
        }
        named = [(f"gateway{number}", "gateway", port) for number, port in enumerate(self.ports)]
        self.children = {
            name: self._web(name, factory, port)
            for name, factory, port in [*named, ("console", "console", self._console)]
        }
        worker = [sys.executable, "-m", "bot.cli", "worker"]
        self.children["worker"] = Child("worker", worker, self._env, lambda: True, START_S, folder / "worker.log")

    def _web(self, name: str, factory: str, port: int) -> Child:
        command = [sys.executable, "-m", "gunicorn", f"bot.wiring:{factory}()", "--bind", f"127.0.0.1:{port}",
                   "--worker-class", "gthread", "--workers", "1", "--threads", "24", "--graceful-timeout", "3",
                   "--log-level", "critical", "--no-control-socket"]  # fmt: skip
        health = f"http://127.0.0.1:{port}/health"
        return Child(name, command, self._env, lambda: answers(health), START_S, self.home / f"{name}.log")

    @property
    def gateway(self) -> str:
        return f"http://127.0.0.1:{self.ports[0]}"

    @property
    def console(self) -> str:
        return f"http://127.0.0.1:{self._console}"

    @property
    def secrets(self) -> dict[str, str]:
        return self._env

    def site(self) -> Site:
        return Site(settings_of(self._env))

    def __enter__(self) -> "Machine":
        try:
            self.start(*self.children)
        except StartFailed:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for child in self.children.values():
            child.stop()

    def start(self, *names: str) -> None:
        for name in names:
            self.children[name].start()
        for name in names:
            self.children[name].wait_ready()

    def kill(self, *names: str) -> None:
        """kill -9 of processes and of what they started; all are up again when this returns."""
        for name in names:
            child = self.children[name]
            child.bury()
            assert child.process
            child.process.wait()
        self.start(*names)

    def deliver(self, port: int, number: str, text: str, sid: str) -> requests.Response:
        """One message as Twilio delivers it: again after a fault, under the same id."""
        for _ in range(TRIES):
            with contextlib.suppress(requests.RequestException):
                base = f"http://127.0.0.1:{port}"
                answer = platforms.twilio_post(base, self.secrets, number, text, sid, PUBLIC)
                if answer.status_code < 500:
                    assert answer.ok, answer.text
                    return answer
            time.sleep(0.25)
        raise AssertionError(f"not delivered in {TRIES} tries")


class People(threading.Thread):
    """Somebody new cries for help, and then somebody else, until told to stop."""

    _numbers = itertools.count(10**7)

    def __init__(self, machine: Machine, ledger: Ledger) -> None:
        super().__init__(daemon=True)
        self.machine, self.ledger, self.stopping = machine, ledger, threading.Event()

    def run(self) -> None:
        while not self.stopping.is_set():
            sid, number = new_sid(), f"+852{next(self._numbers)}"
            op = f"call:sms:{sid}"
            self.ledger.write("begun", op=op)
            text = self.machine.deliver(self.machine.ports[0], number, CRY, sid).text
            event = "refused" if NOT_KEPT in text else "spooled" if SET_ASIDE in text else "accepted"
            self.ledger.write(event, op=op)


class Counsellors(threading.Thread):
    """One at the console, who takes what is on top, writes and ends it; whatever fails is tried anew."""

    def __init__(self, machine: Machine) -> None:
        super().__init__(daemon=True)
        self.machine, self.stopping, self.ended = machine, threading.Event(), 0

    def run(self) -> None:
        desk: Desk | None = None
        while not self.stopping.is_set():
            try:
                desk = desk or Desk.sign_in(self.machine)
                for id_ in desk.waiting()[:1]:
                    desk.post(f"/claim/{id_}")
                    desk.post(f"/conversation/{id_}/write", text="hello")
                    self.ended += desk.post(f"/conversation/{id_}/resolve", outcome="helped").ok
            except (requests.RequestException, AssertionError):
                time.sleep(0.1)
            time.sleep(0.05)
