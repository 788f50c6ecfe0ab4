"""What can happen to the store itself: killed, torn, full, forgetful, or its answers lost on the way."""

import contextlib
import itertools
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from bot.store.embedded import EmbeddedStore, EmbeddedStoreError
from tests.fault.client import Client
from tests.fault.judge import Verdict
from tests.fault.proxy import Proxy
from tests.fault.servers import wait_until
from tests.fault.trial import Trial

KILLS = 3
DISK_MB = 24


def store_killed(trial: Trial) -> Verdict:
    """kill -9 of the store, again and again."""
    with EmbeddedStore(trial.folder / "store") as store:
        trial.url = store.url
        with trial.upkeep():
            trial.start()
            for _ in trial.evenly(range(KILLS)):
                _kill(store)
                store.revive()
            return trial.finish()


def reply_dropped(trial: Trial) -> Verdict:
    """The script ran, its answer never arrives; the same operation id is tried again."""
    with EmbeddedStore(trial.folder / "store") as store, Proxy(str(store.socket), swallow_every=7) as wire:
        trial.url = store.url
        with trial.upkeep():
            trial.start(url=wire.url)
            verdict = trial.finish()
        assert wire.swallowed
        verdict.note = f"{wire.swallowed} answers swallowed"
        return verdict


def scripts_forgotten(trial: Trial) -> Verdict:
    """SCRIPT FLUSH without end: every call finds the store without its script."""
    with EmbeddedStore(trial.folder / "store") as store:
        trial.url = store.url
        stopping, flushes = threading.Event(), itertools.count()
        client = redis.Redis.from_url(store.url)

        def forget() -> None:
            while not stopping.wait(0.002):
                client.script_flush()
                next(flushes)

        thread = threading.Thread(target=forget)
        thread.start()
        try:
            with trial.upkeep():
                trial.start()
                verdict = trial.finish()
        finally:
            stopping.set()
            thread.join()
            client.close()
        verdict.note = f"{next(flushes)} flushes"
        return verdict


def memory_full(trial: Trial) -> Verdict:
    """maxmemory is reached: cries are spooled, and go in when there is room."""
    with EmbeddedStore(trial.folder / "store") as store:
        trial.url = store.url
        client = redis.Redis.from_url(store.url)
        with trial.upkeep(), client:
            trial.start()
            trial.wait_for_all(0.5)
            client.config_set("maxmemory", client.info("memory")["used_memory"])
            trial.wait_for_more(2, "spooled")
            client.config_set("maxmemory", 0)
            return trial.finish()


def tail_torn(trial: Trial) -> Verdict:
    """kill -9 while a cry is being written, its record torn at several places or followed by rubbish.

    What is cut was written for a command that had not been answered; everything before it was acknowledged.
    """
    with EmbeddedStore(trial.folder / "store") as store:
        trial.url = store.url
        log = lambda: max((trial.folder / "store" / "appendonlydir").glob("*.incr.aof"))  # noqa: E731
        rounds = [(0.02, b""), (0.5, b""), (0.98, b""), (1.0, b"\0" * 4096), (0.5, b"rubbish\r\n")]
        client = Client(trial.plan("crier", "driver"), threading.Event())
        for number, (share, rubbish) in enumerate(rounds):
            for cry in range(max(5, trial.cries // (2 * len(rounds)))):
                client.cry(f"{number}.{cry}")
            acknowledged = log().stat().st_size
            unread = redis.Redis.from_url(store.url).connection_pool.get_connection()
            unread.send_command("EVAL", TWO_WRITES, 1, f"{{{trial.site}}}:torn")
            wait_until(lambda acknowledged=acknowledged: log().stat().st_size > acknowledged)
            _kill(store)
            unread.disconnect()
            written = log().read_bytes()
            torn = written[: acknowledged + int((len(written) - acknowledged) * share)] + rubbish
            log().write_bytes(torn)
            store.revive()
        with trial.upkeep():
            trial.start(criers=1)
            return trial.finish()


TWO_WRITES = "redis.call('SET', KEYS[1], '1') redis.call('HSET', KEYS[1] .. '2', 'a', string.rep('x', 300)) return 1"


def disk_full(trial: Trial) -> Verdict:
    """The store's disk is full: it ends rather than lie, cries are spooled, and all goes on when there is room."""
    disk = trial.folder / "disk"
    with small_disk(disk, DISK_MB), EmbeddedStore(disk / "store") as store:
        trial.url = store.url
        with trial.upkeep():
            trial.start()
            trial.wait_for_all(0.5)
            ballast = disk / "ballast"
            fill(ballast)
            with kept_up(store):
                trial.wait_for_more(3, "spooled")
                ballast.unlink()
                return trial.finish()


@contextlib.contextmanager
def kept_up(store: EmbeddedStore) -> Iterator[None]:
    """Starts the store again whenever it ended, as `anlu run` does; what keeps it down may last."""
    stopping = threading.Event()
    # The store ends with the thread that starts it, so this thread ends after everything else.
    done = threading.Event()

    def revive() -> None:
        while not stopping.wait(0.1):
            with contextlib.suppress(EmbeddedStoreError):
                store.revive()
        done.wait(30)

    thread = threading.Thread(target=revive)
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        done.set()
        thread.join()


@contextlib.contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[None]:
    """A file system of its own, always taken down again."""
    folder.mkdir(parents=True, exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)]
    try:
        mounted = subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        mounted = False
    if not mounted:
        pytest.skip("a small disk cannot be mounted here: that needs the right to mount (root)")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(path: Path) -> None:
    """Writes until the disk takes no more."""
    with contextlib.suppress(OSError), path.open("wb", buffering=0) as file:
        while True:
            file.write(b"\0" * 4096)


def _kill(store: EmbeddedStore) -> None:
    assert store.process
    store.process.kill()
    store.process.wait()
