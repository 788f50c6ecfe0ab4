"""`anlu run`: the whole service on one machine, on the embedded store, with generated secrets."""

import base64
import json
import os
import secrets
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pyotp

from bot import rasa_process
from bot.settings import ROOT, settings_of
from bot.store.embedded import EmbeddedStore, EmbeddedStoreError
from bot.store.staff import Staff
from bot.supervisor import Child, Supervisor, answers, free_port, write_run_file
from bot.wiring import Site

VAR = Path(os.environ.get("ANLU_HOME") or ROOT / "var")
"""Everything that a machine keeps: store, secrets, logs, spool."""
SECRETS = "secrets.env"
FIRST = "first-sign-in.json"
RUN = "run.json"
GATEWAY_PORT, CONSOLE_PORT, RASA_PORT = 8080, 8081, 5005
RASA_PATIENCE_S = 120.0
REVIVAL_PAUSE_S = 2.0


def new_secrets() -> dict[str, str]:
    """A fresh set of everything that must be secret, for a site that begins."""
    return {
        "ANLU_MASTER_KEYS": f"k{time.strftime('%Y%m')}:{_key()}",
        "ANLU_PSEUDONYM_SECRET": secrets.token_urlsafe(32),
        "ANLU_SESSION_SECRET": secrets.token_urlsafe(32),
        "ANLU_RASA_SECRET": secrets.token_urlsafe(32),
        "ANLU_RASA_STORE_KEY": _key(),
    }


def simulated_accounts() -> dict[str, str]:
    """Accounts at the simulated platforms: for the phones of the simulator only."""
    return {
        "ANLU_WECHAT_TOKEN": secrets.token_hex(16),
        "ANLU_WECHAT_APP_ID": "wx" + secrets.token_hex(8),
        "ANLU_WECHAT_APP_SECRET": secrets.token_hex(16),
        "ANLU_WECHAT_AES_KEY": base64.b64encode(secrets.token_bytes(32)).decode().rstrip("="),
        "ANLU_TWILIO_ACCOUNT_SID": "AC" + secrets.token_hex(16),
        "ANLU_TWILIO_AUTH_TOKEN": secrets.token_hex(16),
        "ANLU_TWILIO_NUMBER": "+85230000000",
    }


def _key() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


def kept_secrets(folder: Path) -> dict[str, str]:
    """The secrets of this machine's site, made at the first start and readable by nobody else."""
    path = folder / SECRETS
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        lines = [f"{name}={value}\n" for name, value in {**new_secrets(), **simulated_accounts()}.items()]
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.writelines(lines)
    pairs = (line.strip().partition("=") for line in path.read_text().splitlines() if "=" in line)
    return {name: value for name, _, value in pairs}


def first_counsellor(staff: Staff, folder: Path) -> None:
    """The console needs somebody who can sign in: made once, told until the file is deleted."""
    if staff.any():
        return
    facts = {"login": "first", "password": secrets.token_urlsafe(12), "totp_secret": pyotp.random_base32()}
    staff.add(facts["login"], "First counsellor", "supervisor", facts["password"], facts["totp_secret"])
    path = folder / FIRST
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(facts, file, indent=1)


@dataclass
class Ports:
    gateway: int
    console: int
    rasa: int


class OneMachine:
    """Builds the processes of one machine. ``folder`` holds everything it keeps."""

    def __init__(self, folder: Path, said: Callable[[str], None]) -> None:
        self.folder = folder
        self._say = said
        self.store = EmbeddedStore(folder / "store")
        self.ports = Ports(*(free_port(wanted) for wanted in _wanted_ports()))
        self.logs = folder / "log"
        self._next_revival = 0.0

    def environment(self) -> dict[str, str]:
        public = f"http://127.0.0.1:{self.ports.gateway}"
        return {
            **os.environ,
            **kept_secrets(self.folder),
            "PYTHONPATH": str(ROOT),
            "ANLU_SITE": "anlu",
            "ANLU_SIMULATOR": "1",
            "ANLU_REDIS_URL": self.store.url,
            "ANLU_PUBLIC_URL": public,
            "ANLU_DATA_DIR": str(self.folder),
            "ANLU_RASA_URL": f"http://127.0.0.1:{self.ports.rasa}",
            "ANLU_WECHAT_API": f"{public}/simulator/platform/wechat",
            "ANLU_TWILIO_API": f"{public}/simulator/platform/twilio",
            "ANLU_WECHAT_MODE": "compatible",
            "ANLU_CONSOLE_COOKIE_SECURE": "0",
            "ANLU_CONSOLE_URL": f"http://127.0.0.1:{self.ports.console}/",
        }

    def children(self, model: Path) -> list[Child]:
        env = self.environment()
        self.logs.mkdir(parents=True, exist_ok=True)
        rasa_ready = f"{env['ANLU_RASA_URL']}/webhooks/anlu/ready"
        parts = [
            ("gateway", _gunicorn("gateway", self.ports.gateway, 24), _health(self.ports.gateway), 30.0),
            ("console", _gunicorn("console", self.ports.console, 64), _health(self.ports.console), 30.0),
            ("worker", [sys.executable, "-m", "bot.cli", "worker"], lambda: True, 30.0),
            ("rasa", rasa_process.command(model, self.ports.rasa), lambda: answers(rasa_ready), RASA_PATIENCE_S),
        ]
        engine = rasa_process.environment(env)
        return [
            Child(name, command, engine if name == "rasa" else env, ready, patience, self.logs / f"{name}.log")
            for name, command, ready, patience in parts
        ]

    def run(self) -> None:
        """Starts everything, says where it is, and watches until it is told to stop."""
        began = time.monotonic()
        with self.store:
            self._say(f"  store    ready after {time.monotonic() - began:.1f} s")
            model = self._model()
            first_counsellor(Site(settings_of(self.environment())).staff, self.folder)
            supervisor = Supervisor(self.children(model), self._say)
            try:
                supervisor.start()
                self._write_run_file(supervisor)
                self._tell(time.monotonic() - began)
                supervisor.watch(self._revive_store, lambda: self._write_run_file(supervisor))
            finally:
                self._say("· stopping")
                (self.folder / RUN).unlink(missing_ok=True)
                supervisor.stop()
        self._say("  stopped")

    def _revive_store(self) -> bool:
        """Starts the store again when it died; what keeps it down (a full disk) is said, and tried again."""
        if time.monotonic() < self._next_revival:
            return False
        try:
            return self.store.revive()
        except EmbeddedStoreError as error:
            self._say(f"! {error}")
            self._next_revival = time.monotonic() + REVIVAL_PAUSE_S
            return False

    def _model(self) -> Path:
        if not rasa_process.model_path().exists():
            self._say("· training the dialogue engine: its texts are new or changed (one to three minutes)")
        began = time.monotonic()
        model = rasa_process.train()
        self._say(f"  model    ready after {time.monotonic() - began:.1f} s")
        return model

    def _write_run_file(self, supervisor: Supervisor) -> None:
        facts = {
            "pid": os.getpid(),
            "gateway": self.ports.gateway,
            "console": self.ports.console,
            "rasa": self.ports.rasa,
            "processes": {c.name: c.process.pid for c in supervisor.children if c.process},
            "store": self.store.process.pid if self.store.process else None,
        }
        write_run_file(self.folder / RUN, facts)

    def _tell(self, seconds: float) -> None:
        self._say(f"\nAnlu is up after {seconds:.1f} s.\n")
        self._say(f"  phone simulator  http://127.0.0.1:{self.ports.gateway}/simulator/")
        self._say(f"  console          http://127.0.0.1:{self.ports.console}/")
        first = self.folder / FIRST
        if first.exists():
            facts = json.loads(first.read_text())
            code = pyotp.TOTP(str(facts["totp_secret"])).now()
            self._say(
                f"  first sign-in    login {facts['login']}, password {facts['password']}, code {code} for the moment"
            )
            self._say(f"                   next codes: `make code`, or put the secret {facts['totp_secret']}")
            self._say(f"                   into an authenticator; then delete {_short(first)}")
        self._say(f"  logs             {_short(self.logs)}\n\nCtrl-C stops everything.\n")


def _wanted_ports() -> tuple[int, int, int]:
    names = ("ANLU_GATEWAY_PORT", "ANLU_CONSOLE_PORT", "ANLU_RASA_PORT")
    wanted = (GATEWAY_PORT, CONSOLE_PORT, RASA_PORT)
    first, second, third = (int(os.environ.get(name, port)) for name, port in zip(names, wanted, strict=True))
    return first, second, third


def _gunicorn(factory: str, port: int, threads: int) -> list[str]:
    return [
        sys.executable, "-m", "gunicorn", f"bot.wiring:{factory}()", "--bind", f"127.0.0.1:{port}",
        "--worker-class", "gthread", "--workers", "1", "--threads", str(threads), "--graceful-timeout", "3",
        "--keep-alive", "5", "--log-level", "warning", "--no-control-socket",
    ]  # fmt: skip


def _health(port: int) -> Callable[[], bool]:
    return lambda: answers(f"http://127.0.0.1:{port}/health")


def _short(path: Path) -> str:
    return os.path.relpath(path, ROOT) if path.is_relative_to(ROOT) else str(path)
