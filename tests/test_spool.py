"""Proves that a cry for help set aside on disk reaches the queue once and is read by nobody on the way."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bot.core.cipher import Cipher
from bot.store.connection import Store, StoreAway
from bot.store.people import People
from bot.store.referrals import Referrals
from bot.store.spool import SetAside, Spool

NUMBER, TEXT = "+8613912345678", "他打我 help"


def cry(op: str = "sms:1", number: str = NUMBER) -> SetAside:
    return SetAside(op, "sms", number, "zh", 1, ("violence", "confinement"), TEXT, ("hits: 打我",))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data" / "spool"


@pytest.fixture
def spool(folder: Path, site_cipher: Cipher) -> Spool:
    return Spool(folder, site_cipher)


def test_a_spool_that_was_never_used_is_empty(spool: Spool) -> None:
    assert spool.count() == 0


def test_draining_an_empty_spool_moves_nothing(spool: Spool, people: People, referrals: Referrals) -> None:
    assert spool.drain(people, referrals) == 0


def test_a_cry_set_aside_is_counted(spool: Spool) -> None:
    spool.put("1", cry())
    assert spool.count() == 1


def test_a_cry_set_aside_reaches_the_queue_as_it_was(spool: Spool, people: People, referrals: Referrals) -> None:
    spool.put("1", cry())
    assert spool.drain(people, referrals) == 1
    (referral,) = referrals.waiting()
    assert (referral.channel, referral.language, referral.level) == ("sms", "zh", 1)
    assert referral.kinds == ("violence", "confinement")


def test_a_counsellor_reads_what_was_set_aside(spool: Spool, people: People, referrals: Referrals) -> None:
    spool.put("1", cry())
    spool.drain(people, referrals)
    lines = referrals.transcript(referrals.waiting()[0], "c1")
    assert [line.text for line in lines] == [TEXT, "hits: 打我"]


def test_who_was_set_aside_can_be_written_to(spool: Spool, people: People, referrals: Referrals) -> None:
    spool.put("1", cry())
    spool.drain(people, referrals)
    assert people.address(referrals.waiting()[0].person) == NUMBER


def test_a_drained_spool_is_empty(spool: Spool, people: People, referrals: Referrals) -> None:
    spool.put("1", cry())
    spool.drain(people, referrals)
    assert spool.count() == 0


def test_what_the_queue_took_before_a_crash_is_not_doubled(spool: Spool, people: People, referrals: Referrals) -> None:
    for _ in range(2):  # the worker died after the queue had it and before the file was gone
        spool.put("1", cry())
        spool.drain(people, referrals)
    assert referrals.waiting()[0].lines == 2


def test_a_cry_that_the_store_had_taken_before_it_went_away_is_not_doubled(
    spool: Spool, people: People, referrals: Referrals
) -> None:
    one = cry()
    person = people.welcome("sms", NUMBER)
    referrals.enqueue(one.op, person, "sms", "zh", 1, one.kinds, TEXT, one.reasons)
    spool.put("1", one)
    spool.drain(people, referrals)
    assert [r.lines for r in referrals.waiting()] == [2]


def test_two_cries_of_one_person_become_one_referral(spool: Spool, people: People, referrals: Referrals) -> None:
    spool.put("1", cry("sms:1"))
    spool.put("2", cry("sms:2"))
    assert spool.drain(people, referrals) == 2
    assert len(referrals.waiting()) == 1


def test_what_was_set_aside_first_is_queued_first(spool: Spool, people: People, referrals: Referrals) -> None:
    spool.put("2", cry("sms:2", "+85250000002"))
    spool.put("1", cry("sms:1", "+85250000001"))
    spool.drain(people, referrals)
    opened = {people.address(r.person): r.opened for r in referrals.waiting()}
    assert opened["+85250000001"] <= opened["+85250000002"]


def test_neither_words_nor_number_stand_on_the_disk(spool: Spool, folder: Path) -> None:
    spool.put("1", cry())
    (path,) = folder.iterdir()
    raw = path.read_text()
    assert [s for s in (TEXT, "help", NUMBER, "13912345678", "violence") if s in raw + path.name] == []


def test_nobody_else_on_the_machine_may_look_into_the_folder(spool: Spool, folder: Path) -> None:
    spool.put("1", cry())
    assert folder.stat().st_mode & 0o077 == 0


def test_the_representation_shows_neither_words_nor_number() -> None:
    assert [s for s in (TEXT, NUMBER, "打我") if s in repr(cry())] == []


def test_a_file_that_cannot_be_opened_is_kept_and_does_not_stop_the_rest(
    spool: Spool, folder: Path, people: People, referrals: Referrals
) -> None:
    spool.put("2", cry())
    (folder / "1.sealed").write_text("half a file")
    assert spool.drain(people, referrals) == 1
    assert (folder / "1.broken").read_text() == "half a file"


def test_a_file_with_bytes_that_are_no_text_is_kept_too(
    spool: Spool, folder: Path, people: People, referrals: Referrals
) -> None:
    spool.put("2", cry())
    (folder / "1.sealed").write_bytes(b"\xff\x00\xfe")
    assert spool.drain(people, referrals) == 1
    assert (folder / "1.broken").exists()


def test_a_file_renamed_to_another_is_not_believed(
    spool: Spool, folder: Path, people: People, referrals: Referrals
) -> None:
    spool.put("1", cry())
    (folder / "1.sealed").rename(folder / "2.sealed")
    assert spool.drain(people, referrals) == 0
    assert (folder / "2.broken").exists()


def test_a_draft_of_a_process_that_died_is_not_read(
    spool: Spool, folder: Path, people: People, referrals: Referrals
) -> None:
    spool.put("1", cry())
    (folder / "1.sealed").rename(folder / "1.draft")
    assert spool.drain(people, referrals) == 0


def test_while_the_store_is_away_the_file_stays(
    spool: Spool, site_cipher: Cipher, tmp_path: Path, people: People, referrals: Referrals
) -> None:
    spool.put("1", cry())
    away = Store(f"unix://{tmp_path}/nobody.sock", "t")
    gone = People(away, site_cipher, b"secret")
    with pytest.raises(StoreAway):
        spool.drain(gone, Referrals(away, gone))
    assert spool.count() == 1


def test_a_disk_that_refuses_is_reported(tmp_path: Path, site_cipher: Cipher) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OSError, match="file"):
        Spool(tmp_path / "file" / "spool", site_cipher).put("1", cry())


def test_two_workers_may_drain_at_once(spool: Spool, people: People, referrals: Referrals) -> None:
    for number in range(20):
        spool.put(f"{number:02}", cry(f"sms:{number}", f"+8525000{number:04}"))
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: spool.drain(people, referrals), range(2)))
    assert (spool.count(), len(referrals.waiting())) == (0, 20)
