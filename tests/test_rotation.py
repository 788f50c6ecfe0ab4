"""Proves that after a rotation the old master key may go, whatever happened meanwhile, and that the erased stay so."""

import itertools
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyotp
import pytest
from click.testing import CliRunner
from pydantic import SecretStr

from bot import cli
from bot.core.cipher import Cipher, SealBroken
from bot.core.message import CounsellorId, PersonId
from bot.doctor import examine
from bot.settings import Settings
from bot.store.connection import Store, StoreAway
from bot.store.people import People
from bot.store.referrals import Referrals
from bot.store.rotation import Rotated, Rotation
from bot.store.spool import SetAside, Spool
from bot.store.staff import Staff
from bot.store.verdicts import Verdicts
from bot.wiring import Site
from tests.people_who_write import site_on

pytestmark = pytest.mark.usefixtures("cheap_hashes")

OLD, NEW = os.urandom(32), os.urandom(32)
BEFORE, DURING, AFTER = Cipher({"old": OLD}), Cipher({"new": NEW, "old": OLD}), Cipher({"new": NEW})
MEI, SECRET, PASSWORD = CounsellorId("mei"), "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP", "a long enough password"
NUMBERS = [f"+8525000{number:04}" for number in range(7)]


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "spool", BEFORE)


@pytest.fixture
def rotation(store: Store, spool: Spool) -> Rotation:
    return Rotation(store, DURING, Verdicts(store, DURING), spool)


def people_under(store: Store, cipher: Cipher) -> People:
    return People(store, cipher, b"pseudonyms of this test")


@pytest.fixture
def written(store: Store) -> dict[PersonId, str]:
    """Seven people, each with a sealed text, one member of staff, and two verdicts with released words."""
    people, verdicts = people_under(store, BEFORE), Verdicts(store, BEFORE)
    names = [people.welcome("sms", number) for number in NUMBERS]
    Staff(store, BEFORE).add("mei", "Mei", "counsellor", PASSWORD, SECRET)
    referrals = Referrals(store, people)
    for person in names[:2]:
        referrals.enqueue(f"cry {person}", person, "sms", "zh", 1, ("threat",), "help")
        claim = referrals.claim(f"claim {person}", MEI)
        assert claim
        referrals.judge(f"first {person}", claim, True, verdicts.seal((f"words of {person}",)))
        time.sleep(0.002)
        if person == names[0]:
            referrals.judge(f"second {person}", claim, False, "")
    return {person: people.seal(person, f"text of {person}", "line") for person in names}


def all_opens(store: Store, cipher: Cipher, written: dict[PersonId, str]) -> bool:
    people = people_under(store, cipher)
    for person, number in zip(written, NUMBERS, strict=True):
        assert people.address(person) == number
        assert people.open(person, written[person], "line") == f"text of {person}"
    assert Staff(store, cipher).sign_in("mei", PASSWORD, pyotp.TOTP(SECRET).now(), "here").name == "Mei"
    first, second = Verdicts(store, cipher).all()
    assert (first.right, first.texts) == (False, ())
    assert (second.right, second.texts) == (True, (f"words of {list(written)[1]}",))
    return True


def test_after_a_rotation_the_old_key_may_go(store: Store, rotation: Rotation, written: dict[PersonId, str]) -> None:
    assert rotation.counts() == {"old": 10}
    with pytest.raises(SealBroken):
        people_under(store, AFTER).address(next(iter(written)))
    assert rotation.rotate() == Rotated(10, 0)
    assert rotation.counts() == {"new": 10}
    assert all_opens(store, AFTER, written)


def test_the_numbers_that_alarms_go_to_are_sealed_anew_too(store: Store, rotation: Rotation) -> None:
    me = Staff(store, BEFORE).add("mei", "Mei", "counsellor", PASSWORD, SECRET, "+85230000000")
    assert rotation.rotate() == Rotated(2, 0)
    assert Staff(store, AFTER).alarm_number(me.id) == "+85230000000"


def test_a_second_rotation_finds_nothing_to_do(rotation: Rotation, written: dict[PersonId, str]) -> None:
    rotation.rotate()
    assert rotation.rotate() == Rotated(0, 0)


@pytest.mark.parametrize("after", range(0, 10, 3))
def test_a_rotation_that_is_cut_off_leaves_everything_readable_and_is_finished_later(
    store: Store, rotation: Rotation, written: dict[PersonId, str], monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    run, calls = store.run, itertools.count()

    def dying(script: str, *arguments: Any) -> Any:
        if script.startswith("reseal") and next(calls) == after:
            raise StoreAway
        return run(script, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(store, "run", dying)
        with pytest.raises(StoreAway):
            rotation.rotate()
    assert all_opens(store, DURING, written)
    assert rotation.rotate() == Rotated(10 - after, 0)
    assert rotation.counts() == {"new": 10}


def meanwhile(store: Store, monkeypatch: pytest.MonkeyPatch, do: Callable[[], object]) -> None:
    """Does something once, between the reading of a value and its exchange."""
    run, todo = store.run, [do]

    def late(script: str, *arguments: Any) -> Any:
        while script == "reseal" and todo:
            todo.pop()()
        return run(script, *arguments)

    monkeypatch.setattr(store, "run", late)


def test_who_is_erased_during_a_rotation_stays_erased(
    store: Store, rotation: Rotation, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = people_under(store, DURING)
    person = people_under(store, BEFORE).welcome("sms", NUMBERS[0])
    meanwhile(store, monkeypatch, lambda: people.erase(person))
    assert rotation.rotate() == Rotated(0, 0)
    assert store.hash("person", person) == {}


def test_who_came_back_during_a_rotation_keeps_the_key_that_she_got(
    store: Store, rotation: Rotation, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = people_under(store, DURING)
    person = people_under(store, BEFORE).welcome("sms", NUMBERS[0])
    meanwhile(store, monkeypatch, lambda: (people.erase(person), people.welcome("sms", NUMBERS[0])))
    rotation.rotate()
    assert people.address(person) == NUMBERS[0]


def test_what_was_erased_is_opened_by_no_key_before_or_after(
    store: Store, rotation: Rotation, written: dict[PersonId, str]
) -> None:
    person = next(iter(written))
    people_under(store, BEFORE).erase(person)
    rotation.rotate()
    for cipher in (BEFORE, DURING, AFTER):
        people = people_under(store, cipher)
        people.welcome("sms", NUMBERS[0])
        with pytest.raises(SealBroken):
            people.open(person, written[person], "line")
        people.erase(person)


def test_people_may_write_while_it_runs(store: Store, rotation: Rotation) -> None:
    people, failures, done = people_under(store, DURING), list[Exception](), threading.Event()
    names = [people_under(store, BEFORE).welcome("sms", f"+8526000{number:04}") for number in range(60)]

    def write() -> None:
        try:
            for number in itertools.count():
                person = names[number % len(names)]
                assert people.open(person, people.seal(person, "x", "line"), "line") == "x"
                people.welcome("sms", f"+8527{number:07}")
                if done.is_set():
                    return
        except Exception as error:
            failures.append(error)

    writer = threading.Thread(target=write)
    writer.start()
    rotated = rotation.rotate()
    done.set()
    writer.join(20)
    assert (rotated.changed, failures, set(rotation.counts())) == (60, [], {"new"})


def test_a_value_whose_key_is_gone_is_counted_and_left_as_it_is(
    store: Store, rotation: Rotation, written: dict[PersonId, str]
) -> None:
    lost = people_under(store, Cipher({"older": os.urandom(32)})).welcome("sms", "+85299999999")
    before = store.hash("person", lost)
    assert rotation.rotate() == Rotated(10, 1)
    assert store.hash("person", lost) == before
    assert rotation.counts() == {"new": 10, "older": 1}


def test_a_cry_that_waits_on_disk_is_counted_too(rotation: Rotation, spool: Spool) -> None:
    spool.put("1", SetAside("op", "sms", NUMBERS[0], "zh", 1, ("threat",), "help", ()))
    assert rotation.counts() == {"old": 1}


# The operator


@pytest.fixture
def site(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A site under its second master key, with one person still under the first."""
    both = SecretStr(f"k2:{'B' * 42}A=,{settings.master_keys.get_secret_value()}")
    with site_on(settings.model_copy(update={"master_keys": both})) as site:
        People(site.store, settings.site_cipher, b"secret").welcome("sms", NUMBERS[0])
        monkeypatch.setattr(cli, "build_site", lambda _: site)
        yield site


def command(*words: str) -> str:
    return CliRunner().invoke(cli.main, ["keys", *words]).output


def test_the_operator_sees_when_the_old_key_may_go(site: Site) -> None:
    assert [line.split() for line in command("check").splitlines()] == [["k2", "0", "first"], ["k1", "1"]]
    assert command("rotate") == "1 values are sealed anew under k2.\n"
    assert [line.split() for line in command("check").splitlines()] == [["k2", "1", "first"], ["k1", "0", "may", "go"]]


def test_the_doctor_points_out_what_lies_under_an_old_key(site: Site) -> None:
    def said() -> str:
        return "\n".join(finding.says for finding in examine(site))

    assert "1 values are not under the first master key" in said()
    command("rotate")
    assert "master key" not in said()
