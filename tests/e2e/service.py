"""The running service as a person at a machine has it: started by the command, spoken to over HTTP."""

import json
import os
import re
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyotp
import requests

from bot.core.message import CounsellorId
from bot.settings import ROOT, settings_of
from bot.store.embedded import socket_path
from bot.wiring import Site
from tests.e2e import platforms

START_S = 600
LOOK_S = 0.05


class Service:
    """`anlu run` in a folder of its own, on free ports."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.output = home / "run.log"
        env = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "ANLU_HOME": str(home),
            "ANLU_GATEWAY_PORT": "0",
            "ANLU_CONSOLE_PORT": "0",
            "ANLU_RASA_PORT": "0",
        }
        home.mkdir(parents=True, exist_ok=True)
        with self.output.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "bot.cli", "run"], cwd=ROOT, env=env, stdout=log, stderr=log
            )

    def wait_ready(self) -> None:
        wait_for(lambda: (self.home / "run.json").exists() or self.process.poll() is not None, START_S)
        if self.process.poll() is not None:
            raise AssertionError(self.output.read_text())

    def stop(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(30)

    @property
    def facts(self) -> dict[str, Any]:
        facts: dict[str, Any] = json.loads((self.home / "run.json").read_text())
        return facts

    @property
    def gateway(self) -> str:
        return f"http://127.0.0.1:{self.facts['gateway']}"

    @property
    def console(self) -> str:
        return f"http://127.0.0.1:{self.facts['console']}"

    @property
    def secrets(self) -> dict[str, str]:
        lines = (self.home / "secrets.env").read_text().splitlines()
        return {name: value for name, _, value in (line.partition("=") for line in lines)}

    def pid(self, name: str) -> int:
        facts = self.facts
        return int(facts["store"] if name == "store" else facts["processes"][name])

    def site(self) -> Site:
        """The service's own store and keys, to look behind the screens."""
        url = f"unix://{socket_path(self.home / 'store')}"
        return Site(settings_of({**self.secrets, "ANLU_REDIS_URL": url, "ANLU_PUBLIC_URL": self.gateway}))

    def new_counsellor(self) -> "Counsellor":
        login, password, secret = f"c{secrets.token_hex(4)}", secrets.token_urlsafe(12), pyotp.random_base32()
        site = self.site()
        site.staff.add(login, "Mei", "counsellor", password, secret)
        site.store.client.close()
        return Counsellor(login, password, secret)

    def clear_queue(self) -> None:
        """Ends every waiting referral, so that a test sees only its own."""
        site = self.site()
        counsellor = CounsellorId("c-test")
        while claim := site.referrals.claim(secrets.token_hex(8), counsellor):
            site.referrals.resolve(secrets.token_hex(8), claim, "helped", "bye")
        site.store.client.close()

    # People who write

    def sms(self, number: str, text: str, sid: str | None = None) -> requests.Response:
        """A Twilio webhook, signed as Twilio signs it."""
        return platforms.twilio_post(self.gateway, self.secrets, number, text, sid or new_sid())

    def wechat(self, openid: str, text: str, aes: bool, message_id: int | None = None) -> str:
        """A WeChat message, plain or encrypted; the text of the reply, empty for silence."""
        number = message_id or secrets.randbelow(10**12) + 1
        return platforms.wechat_text(self.gateway, self.secrets, openid, text, aes, number)


@dataclass(frozen=True)
class Counsellor:
    login: str
    password: str
    totp_secret: str

    def code(self) -> str:
        return pyotp.TOTP(self.totp_secret).now()


@dataclass
class Desk:
    """A counsellor's browser without the browser: requests with cookies and CSRF tokens."""

    service: Service
    session: requests.Session

    @classmethod
    def sign_in(cls, service: Service) -> "Desk":
        """Signs in as a new counsellor, since a code works only once."""
        desk, counsellor = cls(service, requests.Session()), service.new_counsellor()
        page = desk.session.get(f"{service.console}/sign-in", timeout=5)
        fields = {"csrf_token": csrf(page.text), "login": counsellor.login, "password": counsellor.password}
        fields["code"] = counsellor.code()
        answer = desk.session.post(f"{service.console}/sign-in", data=fields, timeout=5)
        assert answer.url.endswith("/"), answer.text
        return desk

    def waiting(self) -> list[str]:
        """Ids of the referrals in the queue."""
        page = self.session.get(f"{self.service.console}/board", timeout=5)
        return re.findall(r"/claim/(r[0-9a-f]+)", page.text) if page.ok else []

    def post(self, path: str, **fields: str) -> requests.Response:
        page = self.session.get(f"{self.service.console}/", timeout=5)
        fields = {"csrf_token": csrf(page.text), "op": secrets.token_urlsafe(12), **fields}
        return self.session.post(f"{self.service.console}{path}", data=fields, timeout=5)


def csrf(html: str) -> str:
    match = re.search(r'name="csrf_token" value="([^"]+)"', html)
    return match.group(1) if match else ""


def new_sid() -> str:
    return "SM" + secrets.token_hex(16)


def new_number() -> str:
    return f"+8525{secrets.randbelow(9_000_000) + 1_000_000}"


def wait_for(fact: Callable[[], Any], limit_s: float, every_s: float = LOOK_S) -> Any:
    """Polls until the fact holds and gives it back; fails the test after the limit."""
    end = time.monotonic() + limit_s
    while time.monotonic() < end:
        value = fact()
        if value:
            return value
        time.sleep(every_s)
    raise AssertionError(f"not within {limit_s} s: {fact}")
