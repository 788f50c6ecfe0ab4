"""Proves that the embedded store keeps what it confirmed through kill -9, and lets in one launcher and one user."""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from bot.store.embedded import SOCKET_PATH_LIMIT, EmbeddedStore, EmbeddedStoreError, socket_path

PATIENCE_S = 20.0


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "store"
    yield folder
    room = socket_path(folder).parent
    if room.exists():
        (room / "store.sock").unlink(missing_ok=True)
        room.rmdir()


@pytest.fixture
def running(folder: Path) -> Iterator[EmbeddedStore]:
    with EmbeddedStore(folder) as store:
        yield store


def client(store: EmbeddedStore) -> redis.Redis:
    return redis.Redis.from_url(store.url, decode_responses=True, socket_timeout=2)


def kill(store: EmbeddedStore) -> None:
    assert store.process
    os.kill(store.process.pid, signal.SIGKILL)
    store.process.wait()


def gone(pid: int) -> bool:
    """True when the process has ended (a zombie counts as ended: nobody is left to bury it in a container)."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    return True


def test_a_started_store_answers(running: EmbeddedStore) -> None:
    with client(running) as connection:
        assert connection.ping() is True


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("appendonly", "yes"),
        ("appendfsync", "always"),
        ("maxmemory-policy", "noeviction"),
        ("port", "0"),
        ("save", ""),
    ],
)
def test_nothing_is_evicted_lost_or_reachable_from_outside(
    embedded_store: EmbeddedStore, setting: str, value: str
) -> None:
    with client(embedded_store) as connection:
        assert connection.config_get(setting) == {setting: value}


def test_nobody_else_on_the_machine_may_use_the_socket(embedded_store: EmbeddedStore) -> None:
    modes = [path.stat().st_mode & 0o077 for path in (embedded_store.socket, embedded_store.socket.parent)]
    assert modes == [0, 0]


def test_a_second_launcher_is_refused_with_a_sentence(running: EmbeddedStore, folder: Path) -> None:
    with pytest.raises(EmbeddedStoreError, match="another Anlu already runs on .*: stop it first"):
        EmbeddedStore(folder).start()


def test_a_refused_launcher_does_not_disturb_the_first(running: EmbeddedStore, folder: Path) -> None:
    with contextlib.suppress(EmbeddedStoreError):
        EmbeddedStore(folder).start()
    with client(running) as connection:
        assert connection.ping() is True


def test_after_a_stop_the_folder_is_free_and_what_was_written_is_there(folder: Path) -> None:
    with EmbeddedStore(folder) as first, client(first) as connection:
        connection.set("kept", "yes")
    with EmbeddedStore(folder) as second, client(second) as connection:
        assert connection.get("kept") == "yes"


def test_stopping_twice_is_harmless(folder: Path) -> None:
    store = EmbeddedStore(folder)
    store.start()
    store.stop()
    store.stop()
    assert store.process is None


def test_a_living_store_is_not_revived(running: EmbeddedStore) -> None:
    assert running.revive() is False


def test_a_killed_store_is_revived_at_its_old_address(running: EmbeddedStore) -> None:
    kill(running)
    assert running.revive() is True
    with client(running) as connection:
        assert connection.ping() is True


def test_while_it_is_revived_the_folder_stays_closed_to_others(running: EmbeddedStore, folder: Path) -> None:
    kill(running)
    with pytest.raises(EmbeddedStoreError, match="another Anlu"):
        EmbeddedStore(folder).start()


def test_a_kill_loses_no_acknowledged_write(running: EmbeddedStore) -> None:
    acknowledged: list[int] = []
    enough = threading.Event()

    def write() -> None:
        with client(running) as connection, contextlib.suppress(redis.RedisError):
            for number in range(1_000_000):
                connection.set(f"n{number}", number)
                acknowledged.append(number)
                if number == 50:
                    enough.set()

    writer = threading.Thread(target=write)
    writer.start()
    assert enough.wait(PATIENCE_S)
    kill(running)
    writer.join(PATIENCE_S)
    running.revive()
    with client(running) as connection:
        found = connection.mget([f"n{number}" for number in acknowledged])
    assert found == [str(number) for number in acknowledged]


@pytest.mark.parametrize("name", ["with space", '安路 "quoted"', "back\\slash", "x" * 200])
def test_the_folder_may_have_any_name(tmp_path: Path, name: str) -> None:
    with EmbeddedStore(tmp_path / name) as store, client(store) as connection:
        assert connection.ping() is True
    store.socket.parent.rmdir()


def test_a_temporary_folder_with_a_space_is_no_hindrance(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tempfile.TemporaryDirectory(prefix="a b", dir="/tmp") as short:
        monkeypatch.setattr(tempfile, "tempdir", short)
        with EmbeddedStore(folder) as store, client(store) as connection:
            assert connection.ping() is True
        store.socket.parent.rmdir()


def test_the_sockets_path_is_short_however_long_the_folder_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / ("y" * 200)))
    assert len(os.fsencode(socket_path(tmp_path / "store"))) <= SOCKET_PATH_LIMIT


def test_two_folders_have_two_sockets(tmp_path: Path) -> None:
    assert socket_path(tmp_path / "one") != socket_path(tmp_path / "two")


def test_a_room_that_others_may_enter_is_refused(folder: Path) -> None:
    room = socket_path(folder).parent
    room.mkdir(mode=0o700)
    room.chmod(0o755)
    with pytest.raises(EmbeddedStoreError, match="belongs to somebody else"):
        EmbeddedStore(folder).start()


def test_a_room_that_is_a_link_is_refused(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "trap").mkdir(mode=0o700)
    room = socket_path(folder).parent
    room.symlink_to(tmp_path / "trap")
    try:
        with pytest.raises(EmbeddedStoreError, match="belongs to somebody else"):
            EmbeddedStore(folder).start()
    finally:
        room.unlink()


def test_a_store_that_cannot_start_says_why(folder: Path) -> None:
    logs = folder / "appendonlydir"
    logs.mkdir(parents=True)
    (logs / "appendonly.aof.manifest").write_text("this is no manifest\n")
    with pytest.raises(EmbeddedStoreError, match="the store ended at once; the last line of .*store.log: .+"):
        EmbeddedStore(folder).start()


@pytest.mark.skipif(sys.platform != "linux", reason="the parent-death signal is Linux's")
def test_the_store_ends_with_its_launcher_and_the_next_one_finds_everything(folder: Path) -> None:
    program = (
        "import sys, time, pathlib, redis\n"
        "from bot.store.embedded import EmbeddedStore\n"
        f"store = EmbeddedStore(pathlib.Path({str(folder)!r}))\n"
        "store.start()\n"
        "redis.Redis.from_url(store.url).set('kept', 'yes')\n"
        "print(store.process.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as launcher:
        assert launcher.stdout
        pid = int(launcher.stdout.readline())
        launcher.kill()
    end = time.monotonic() + PATIENCE_S
    while not gone(pid) and time.monotonic() < end:
        time.sleep(0.02)
    with EmbeddedStore(folder) as store, client(store) as connection:
        assert (gone(pid), connection.get("kept")) == (True, "yes")
