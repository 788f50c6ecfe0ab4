"""Runs the whole service on one machine: starts the processes, restarts what dies, stops them in order."""

import contextlib
import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

import requests

from bot.settings import ROOT

LOOK_S = 0.1
SHORTEST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 5.0
STEADY_S = 10.0
"""A process that lived so long gets its first, short pause again when it dies."""
STOP_S = 6.0
_PR_SET_PDEATHSIG = 1


class StartFailed(Exception):
    """A process did not come up; the sentence says which and where its log is."""


def free_port(wanted: int) -> int:
    """The wanted port, or another one when something else listens there."""
    for port in (wanted, 0):
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return int(probe.getsockname()[1])
    raise StartFailed("this machine has no free port")


def answers(url: str) -> bool:
    """True when a GET of this address succeeds within a second."""
    with contextlib.suppress(requests.RequestException):
        return requests.get(url, timeout=1).ok
    return False


def _end_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


@dataclass
class Child:
    """One process: its command, what it needs, and how to see that it is ready."""

    name: str
    command: Sequence[str]
    env: Mapping[str, str]
    ready: Callable[[], bool]
    patience_s: float = 30.0
    log: Path | None = None
    process: "subprocess.Popen[bytes] | None" = field(default=None, repr=False)
    started: float = 0.0
    restarts: int = 0
    next_try: float = 0.0
    pause: float = SHORTEST_PAUSE_S

    def start(self) -> None:
        self.started = time.monotonic()
        out = self.log.open("ab") if self.log else None
        try:
            self.process = subprocess.Popen(
                self.command,
                cwd=ROOT,
                env=dict(self.env),
                stdin=subprocess.DEVNULL,
                stdout=out or subprocess.DEVNULL,
                stderr=out or subprocess.DEVNULL,
                start_new_session=True,
                preexec_fn=_end_with_parent,
            )
        finally:
            if out:
                out.close()

    def wait_ready(self) -> float:
        """Seconds until it was ready; raises StartFailed."""
        while time.monotonic() - self.started < self.patience_s:
            if self.process is not None and self.process.poll() is not None:
                raise StartFailed(f"{self.name} ended while starting; its log: {self.log}")
            if self.ready():
                return time.monotonic() - self.started
            time.sleep(LOOK_S)
        raise StartFailed(f"{self.name} was not ready within {self.patience_s:.0f} s; its log: {self.log}")

    def dead(self) -> bool:
        return self.process is not None and self.process.poll() is not None

    def bury(self) -> None:
        """Ends whatever the dead process left behind (gunicorn's workers), so that its port is free."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)

    def stop(self) -> None:
        if self.process is None or self.process.poll() is not None:
            self.bury()
            return
        self.process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(STOP_S)
        self.bury()
        self.process.wait()


class Supervisor:
    """Keeps children alive until it is told to stop. ``said`` gets a line for the person at the keyboard."""

    def __init__(self, children: Sequence[Child], said: Callable[[str], None]) -> None:
        self.children = list(children)
        self._say = said
        self._stopping = False

    def start(self) -> None:
        for child in self.children:
            child.start()
        for child in self.children:
            self._say(f"  {child.name:<8} ready after {child.wait_ready():.1f} s")

    def watch(self, revive_store: Callable[[], bool], changed: Callable[[], None]) -> None:
        """Restarts what dies until SIGINT or SIGTERM.

        ``revive_store`` is True when it had to start the store anew; ``changed`` is told after every restart.
        """
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._stop)
        while not self._stopping:
            if revive_store():
                self._say("! the store ended and was started again")
                changed()
            for child in self.children:
                if self._revive(child):
                    changed()
            time.sleep(LOOK_S)

    def _revive(self, child: Child) -> bool:
        now = time.monotonic()
        if not child.dead():
            if now - child.started > STEADY_S:
                child.pause = SHORTEST_PAUSE_S
            return False
        if not child.next_try:
            child.bury()
            child.next_try = now + child.pause
            child.pause = min(child.pause * 2, LONGEST_PAUSE_S)
            code = child.process.returncode if child.process else None
            self._say(f"! {child.name} ended (code {code}), starting it again")
        elif now >= child.next_try:
            child.next_try = 0.0
            child.restarts += 1
            child.start()
            return True
        return False

    def stop(self) -> None:
        for child in self.children:
            if child.process is not None and child.process.poll() is None:
                child.process.terminate()
        for child in self.children:
            child.stop()

    def _stop(self, _signal: int, _frame: FrameType | None) -> None:
        self._stopping = True


def write_run_file(path: Path, facts: Mapping[str, object]) -> None:
    """Tells other commands of this machine what runs and where; no secrets in it."""
    draft = path.with_suffix(".draft")
    draft.write_text(json.dumps(facts, indent=1))
    draft.replace(path)  # whoever reads finds the old facts or the new ones, never half of them
