"""Rubbish at the end of the append-only file is cut off; what was acknowledged never is."""

from collections.abc import Callable
from pathlib import Path

import pytest
import redis

from bot.store.embedded import EmbeddedStore, EmbeddedStoreError
from bot.store.tail import DamagedInside, mend

SET = b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n1\r\n"
MULTI, EXEC = b"*1\r\n$5\r\nMULTI\r\n", b"*1\r\n$4\r\nEXEC\r\n"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    (tmp_path / "appendonlydir").mkdir()
    return tmp_path / "appendonlydir" / "appendonly.aof.1.incr.aof"


@pytest.mark.parametrize("whole", [b"", SET, MULTI + SET + EXEC, SET * 3])
def test_a_sound_end_is_left_alone(tmp_path: Path, log: Path, whole: bytes) -> None:
    log.write_bytes(whole)
    assert mend(tmp_path) == 0
    assert log.read_bytes() == whole


@pytest.mark.parametrize("rest", [b"\0" * 100, b"rubbish", SET[:9], SET[:-2] + b"xx", MULTI + SET + b"\0", b"*9\r\n"])
@pytest.mark.parametrize("whole", [SET, MULTI + SET + EXEC])
def test_rubbish_is_cut_off_behind_the_last_whole_record_and_kept(
    tmp_path: Path, log: Path, whole: bytes, rest: bytes
) -> None:
    log.write_bytes(whole + rest)
    assert mend(tmp_path) == len(rest)
    assert log.read_bytes() == whole
    assert [path.read_bytes() for path in log.parent.glob("*.cut-at-*")] == [rest]


@pytest.mark.parametrize("damage", [b"\0", b"rubbish", SET[:-2] + b"xx"])
def test_nothing_is_cut_where_a_whole_record_follows(tmp_path: Path, log: Path, damage: bytes) -> None:
    log.write_bytes(SET + damage + SET)
    with pytest.raises(DamagedInside):
        mend(tmp_path)
    assert log.read_bytes() == SET + damage + SET


def test_only_the_newest_file_is_mended(tmp_path: Path, log: Path) -> None:
    log.with_name("appendonly.aof.9.incr.aof").write_bytes(b"rubbish")
    log.with_name("appendonly.aof.10.incr.aof").write_bytes(SET + b"rubbish")
    assert mend(tmp_path) == 7
    assert log.with_name("appendonly.aof.9.incr.aof").read_bytes() == b"rubbish"


@pytest.fixture
def damaged(tmp_path: Path) -> Callable[[bytes, bytes], EmbeddedStore]:
    """A store that held one key when it was killed, with something before and behind its records."""

    def make(before: bytes, behind: bytes) -> EmbeddedStore:
        store = EmbeddedStore(tmp_path / "store")
        with store, redis.Redis.from_url(store.url) as client:
            client.set("kept", "yes")
        log = max((tmp_path / "store" / "appendonlydir").glob("*.incr.aof"))
        log.write_bytes(before + log.read_bytes() + behind)
        return store

    return make


def test_a_store_with_rubbish_at_its_end_starts_with_all_it_had(
    damaged: Callable[[bytes, bytes], EmbeddedStore],
) -> None:
    store = damaged(b"", b"\0" * 512)
    with store, redis.Redis.from_url(store.url) as client:
        assert client.get("kept") == b"yes"


def test_a_store_that_is_damaged_inside_says_so_and_stays_as_it_is(
    damaged: Callable[[bytes, bytes], EmbeddedStore],
) -> None:
    store = damaged(b"\0", b"")
    with pytest.raises(EmbeddedStoreError, match="damaged and whole records follow: restore a backup"):
        store.start()
    store.stop()


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("a file where the folder should be")
    with pytest.raises(EmbeddedStoreError, match="cannot be written"):
        EmbeddedStore(tmp_path / "store").start()
