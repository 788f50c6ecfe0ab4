"""Proves that the worker sends, takes back from silent counsellors and empties the spool, and stops in order."""

import functools
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot import worker as module
from bot.core.cipher import Cipher
from bot.core.clock import SystemClock
from bot.core.content import load_library
from bot.core.message import CounsellorId, PersonId
from bot.service.answers import Answers
from bot.service.delivery import Delivery
from bot.service.promise import Promise
from bot.service.silence import REASON, Silence
from bot.service.upkeep import Upkeep
from bot.store.audit import Audit
from bot.store.connection import Store
from bot.store.embedded import EmbeddedStore
from bot.store.outbox import Outbox
from bot.store.people import People
from bot.store.referrals import Referrals
from bot.store.sessions import Session, Sessions
from bot.store.spool import SetAside, Spool
from bot.store.staff import Staff
from bot.store.watch import Watch
from bot.store.windows import Windows
from bot.wiring import CONTENT, duties
from bot.worker import Duty, Worker
from tests.test_delivery import NUMBER, OTHER, TEXT, Platform


@pytest.fixture
def platform() -> Platform:
    return Platform()


@pytest.fixture
def spool(tmp_path: Path, site_cipher: Cipher) -> Spool:
    return Spool(tmp_path / "spool", site_cipher)


def worker_on(
    store: Store, platform: Platform, outbox: Outbox, people: People, referrals: Referrals, spool: Spool
) -> Worker:
    """A worker with one channel."""
    sessions = Sessions(store, people)
    delivery = Delivery(outbox, people, {"sms": platform}, sessions, Windows(store, {}))
    silence = Silence(Watch(store), sessions, people, referrals)
    promise = Promise(referrals, Staff(store, Cipher({"k1": bytes(32)})), sessions, outbox, answers())
    audit, retention = Audit(store, b"secret"), timedelta(days=30)
    return Worker(delivery, duties(Upkeep(store, referrals, spool, people, silence, promise, audit, retention)))


@functools.cache
def answers() -> Answers:
    return Answers(load_library(CONTENT), SystemClock())


@pytest.fixture
def worker(
    store: Store, referrals: Referrals, outbox: Outbox, people: People, spool: Spool, platform: Platform
) -> Worker:
    return worker_on(store, platform, outbox, people, referrals, spool)


def do_all(worker: Worker) -> None:
    """Every duty, as if its time had come."""
    worker._due = [0.0] * len(worker._due)
    worker.do_duties()


@pytest.fixture
def person(people: People) -> PersonId:
    return people.welcome("sms", NUMBER)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A worker that looks often and is stopped at last; afterwards the signal handlers are as they were."""
    monkeypatch.setattr(module, "TICK_S", 0.01)
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    last_resort = threading.Timer(20, lambda: os.kill(os.getpid(), signal.SIGTERM))
    last_resort.start()
    yield
    last_resort.cancel()
    for number, handler in before.items():
        signal.signal(number, handler)


def claim_and_fall_silent(store: Store, referrals: Referrals, person: PersonId) -> str:
    placed = referrals.enqueue("cry", person, "sms", "zh", 2, ("violence",), TEXT)
    referrals.claim("claim", CounsellorId("c1"), placed.id)
    store.client.hset(store.keys("referral", placed.id), "lease", 1)
    store.client.zadd(store.keys("leases"), {placed.id: 1})
    return placed.id


def cry() -> SetAside:
    return SetAside("sms:1", "sms", NUMBER, "zh", 1, ("violence",), TEXT, ())


def test_a_tick_sends_everything_that_is_due(
    worker: Worker, outbox: Outbox, people: People, platform: Platform
) -> None:
    for number in range(3):
        outbox.post(f"m{number}", people.welcome("sms", f"+8525000000{number}"), "sms", TEXT)
    worker.send()
    assert len(platform.sent) == 3


def test_a_tick_ends_so_that_other_duties_get_their_turn(
    worker: Worker, outbox: Outbox, person: PersonId, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "AT_ONCE", 2)
    for number in range(3):
        outbox.post(f"m{number}", person, "sms", TEXT)
    worker.send()
    assert len(platform.sent) == 2


def test_the_worker_leaves_a_sign_of_life(worker: Worker, store: Store) -> None:
    do_all(worker)
    assert int(store.get("heartbeat", "worker") or 0) > 0


def test_the_worker_takes_back_from_silent_counsellors(
    worker: Worker, store: Store, referrals: Referrals, person: PersonId
) -> None:
    id_ = claim_and_fall_silent(store, referrals, person)
    do_all(worker)
    assert [r.id for r in referrals.waiting()] == [id_]


def test_the_worker_empties_the_spool_into_the_queue(worker: Worker, spool: Spool, referrals: Referrals) -> None:
    spool.put("1", cry())
    do_all(worker)
    assert (spool.count(), len(referrals.waiting())) == (0, 1)


def test_duties_done_twice_change_nothing(worker: Worker, spool: Spool, store: Store, referrals: Referrals) -> None:
    spool.put("1", cry())
    do_all(worker)
    bell = store.bell()
    do_all(worker)
    assert (store.bell(), len(referrals.waiting())) == (bell, 1)


def test_a_broken_file_in_the_spool_does_not_stop_the_leases(
    worker: Worker, store: Store, referrals: Referrals, person: PersonId, tmp_path: Path
) -> None:
    (tmp_path / "spool").mkdir()
    (tmp_path / "spool" / "1.sealed").write_text("broken")
    id_ = claim_and_fall_silent(store, referrals, person)
    do_all(worker)
    assert [r.id for r in referrals.waiting()] == [id_]


def test_the_log_shows_neither_words_nor_number(
    worker: Worker,
    spool: Spool,
    outbox: Outbox,
    people: People,
    store: Store,
    referrals: Referrals,
    person: PersonId,
    logged: Callable[[], str],
) -> None:
    spool.put("1", cry())
    claim_and_fall_silent(store, referrals, people.welcome("sms", OTHER))
    outbox.post("m1", person, "sms", TEXT)
    do_all(worker)
    worker.send()
    assert [event for event in ("spool_drained", "leases_expired", "message_sent") if event not in logged()] == []
    assert [s for s in (NUMBER, OTHER, TEXT, person) if s in logged()] == []


def test_a_duty_that_fails_stops_no_other(logged: Callable[[], str]) -> None:
    done = []

    def breaks() -> None:
        raise ZeroDivisionError

    worker = Worker(None, [Duty(1.0, breaks), Duty(1.0, lambda: done.append("other"))])  # type: ignore[arg-type]
    worker.do_duties()
    assert done == ["other"]
    assert "duty_failed" in logged()


def test_a_duty_is_done_again_when_its_time_has_come() -> None:
    done = []
    worker = Worker(None, [Duty(3600.0, lambda: done.append("rare")), Duty(0.0, lambda: done.append("often"))])  # type: ignore[arg-type]
    worker.do_duties()
    worker.do_duties()
    assert done == ["rare", "often", "often"]


class StopsTheWorker(Platform):
    """A platform during whose first successful call the operator stops the service."""

    def send(self, address: str, text: str) -> str:
        os.kill(os.getpid(), signal.SIGTERM)
        return super().send(address, text)


@pytest.mark.usefixtures("quick")
def test_a_message_in_hand_is_finished_before_the_worker_stops(
    store: Store, referrals: Referrals, outbox: Outbox, people: People, spool: Spool, person: PersonId
) -> None:
    platform = StopsTheWorker()
    outbox.post("m1", person, "sms", "first")
    outbox.post("m2", person, "sms", "second")
    worker_on(store, platform, outbox, people, referrals, spool).run()
    assert (platform.sent, store.hash("out", "message", "m1")["state"]) == ([(NUMBER, "first")], "sent")


@pytest.mark.usefixtures("quick")
def test_a_worker_works_on_when_the_store_comes_back(
    store: Store, referrals: Referrals, outbox: Outbox, people: People, spool: Spool, person: PersonId
) -> None:
    platform = StopsTheWorker()
    outbox.post("m1", person, "sms", TEXT)
    pool = store.client.connection_pool
    way = pool.connection_kwargs["path"]
    pool.disconnect()
    pool.connection_kwargs["path"] = "/nonexistent/store.sock"
    back = threading.Timer(0.1, lambda: pool.connection_kwargs.update(path=way))
    back.start()
    worker_on(store, platform, outbox, people, referrals, spool).run()
    back.join()
    assert platform.sent == [(NUMBER, TEXT)]


@pytest.mark.usefixtures("quick")
def test_one_message_that_cannot_be_sent_does_not_end_the_worker(
    store: Store, referrals: Referrals, outbox: Outbox, people: People, spool: Spool, person: PersonId
) -> None:
    platform = StopsTheWorker()
    outbox.post("m1", person, "sms", TEXT)
    people.erase(person)
    outbox.post("m2", people.welcome("sms", OTHER), "sms", TEXT)
    worker_on(store, platform, outbox, people, referrals, spool).run()
    assert platform.sent == [(OTHER, TEXT)]


@pytest.mark.usefixtures("quick")
def test_a_file_that_the_queue_does_not_take_does_not_keep_the_worker_from_sending(
    store: Store, referrals: Referrals, outbox: Outbox, people: People, spool: Spool, person: PersonId, tmp_path: Path
) -> None:
    platform = StopsTheWorker()
    spool.put("1", cry())
    outbox.post("m1", people.welcome("sms", OTHER), "sms", TEXT)
    store.client.hset(store.keys("person", person), "key", "1.lost-key.AAAA")
    worker_on(store, platform, outbox, people, referrals, spool).run()
    assert (platform.sent, len(list((tmp_path / "spool").iterdir()))) == ([(OTHER, TEXT)], 1)


# Silence after danger


def test_silence_after_the_question_whether_she_is_safe_calls_a_human(
    worker: Worker, store: Store, sessions: Sessions, referrals: Referrals, person: PersonId
) -> None:
    sessions.save(person, Session(asked="check", spoken="en", danger_at=1.0))
    Watch(store).await_answer(person, until=2.0)
    do_all(worker)
    do_all(worker)
    [waiting] = referrals.waiting()
    assert (waiting.level, waiting.language, waiting.channel) == (3, "en", "sms")
    lines = referrals.transcript(waiting, CounsellorId("c1"))
    assert [line.text for line in lines if line.who == "screen"] == [REASON]


@pytest.mark.parametrize(("asked", "until"), [(None, 2.0), ("check", 2e12)])
def test_whoever_answered_or_has_time_left_is_left_in_peace(
    asked: str | None,
    until: float,
    worker: Worker,
    store: Store,
    sessions: Sessions,
    referrals: Referrals,
    person: PersonId,
) -> None:
    sessions.save(person, Session(asked=asked, danger_at=1.0))
    Watch(store).await_answer(person, until)
    do_all(worker)
    assert referrals.waiting() == []


def test_the_silence_of_somebody_erased_is_let_go(
    worker: Worker, store: Store, sessions: Sessions, people: People, person: PersonId
) -> None:
    sessions.save(person, Session(asked="check", danger_at=1.0))
    Watch(store).await_answer(person, until=2.0)
    people.erase(person)
    do_all(worker)
    assert Watch(store).silent(1e12) == []


# Retention


@pytest.mark.parametrize(("days", "kept"), [(29, True), (31, False)])
def test_a_conversation_is_deleted_when_its_time_is_over(
    worker: Worker, referrals: Referrals, store: Store, person: PersonId, days: int, kept: bool
) -> None:
    placed = referrals.enqueue("cry", person, "sms", "zh", 1, ("threat",), TEXT)
    claim = referrals.claim("claim", CounsellorId("mei"), placed.id)
    assert claim
    referrals.resolve("done", claim, "helped", "bye")
    ended = int((time.time() - days * 86400) * 1000)
    store.client.zadd(store.keys("resolved"), {placed.id: ended})
    do_all(worker)
    referral = referrals.get(placed.id)
    assert referral
    lines = referrals.transcript(referral, CounsellorId("mei"))
    assert [line.text for line in lines] == ([TEXT] if kept else [])
    assert (referral.person, referral.state) == ((person, "resolved") if kept else ("", "retired"))
    assert (referral.level, referral.kinds) == (1, ("threat",))


def test_many_whose_time_is_over_are_deleted_in_short_steps_and_the_rest_the_next_time(
    worker: Worker, referrals: Referrals, store: Store, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, most in (("store.referrals.RETIRE_AT_MOST", 2), ("service.upkeep.RETIRE_AT_MOST", 2)):
        monkeypatch.setattr(f"bot.{name}", most)
    monkeypatch.setattr("bot.service.upkeep.DELETE_STEPS", 2)
    for number in range(5):
        who = people.welcome("sms", f"+99900000{number}")
        referrals.enqueue(f"cry{number}", who, "sms", "zh", 1, (), TEXT)
        claim = referrals.claim(f"claim{number}", CounsellorId("mei"))
        assert claim
        referrals.resolve(f"done{number}", claim, "helped", "bye")
        store.client.zadd(store.keys("resolved"), {claim.referral: number})
    left = []
    for _ in range(2):
        do_all(worker)
        left.append(store.client.zcard(store.keys("resolved")))
    assert left == [1, 0]


def test_a_conversation_that_goes_on_is_never_deleted(
    worker: Worker, referrals: Referrals, store: Store, person: PersonId
) -> None:
    placed = referrals.enqueue("cry", person, "sms", "zh", 1, ("threat",), TEXT)
    store.client.hset(store.keys("referral", placed.id), "opened", 1)
    do_all(worker)
    referral = referrals.open_of(person)
    assert referral
    assert [line.text for line in referrals.transcript(referral, CounsellorId("mei"))] == [TEXT]


# The promise


def call(referrals: Referrals, person: PersonId, level: int) -> None:
    referrals.enqueue("cry", person, "sms", "zh", level, ("threat",), TEXT)


@pytest.mark.parametrize(
    ("level", "may_write", "told"), [(3, None, 1), (3, False, 0), (1, None, 0), (1, True, 1), (2, False, 0)]
)
def test_who_was_told_that_nobody_is_on_duty_hears_of_it_when_somebody_is(
    worker: Worker,
    store: Store,
    sessions: Sessions,
    referrals: Referrals,
    person: PersonId,
    platform: Platform,
    level: int,
    may_write: bool | None,
    told: int,
) -> None:
    sessions.save(person, Session(may_write=may_write))
    call(referrals, person, level)
    do_all(worker)
    worker.send()
    assert platform.sent == []
    store.client.zadd(store.keys("staff", "present"), {"c1": 1e15})
    for _ in range(2):
        do_all(worker)
        worker.send()
    assert platform.sent == [(NUMBER, answers().phrase("person_soon", "zh"))] * told


def test_who_called_while_somebody_was_on_duty_was_promised_nothing(
    worker: Worker, store: Store, referrals: Referrals, person: PersonId, platform: Platform
) -> None:
    store.client.zadd(store.keys("staff", "present"), {"c1": 1e15})
    call(referrals, person, 3)
    do_all(worker)
    worker.send()
    assert platform.sent == []


def test_a_counsellors_own_words_keep_the_promise(
    worker: Worker, store: Store, referrals: Referrals, person: PersonId, platform: Platform
) -> None:
    call(referrals, person, 3)
    claim = referrals.claim("claim", CounsellorId("c1"))
    assert claim
    referrals.send("words", claim, "I am here")
    store.client.zadd(store.keys("staff", "present"), {"c1": 1e15})
    do_all(worker)
    worker.send()
    assert platform.sent == [(NUMBER, "I am here")]


# Forgetting


def test_the_key_of_somebody_erased_is_soon_gone_from_the_disk_too(
    worker: Worker, store: Store, people: People, person: PersonId, embedded_store: EmbeddedStore
) -> None:
    wrapped = str(store.client.hget(store.keys("person", person), "key")).encode()

    def on_disk() -> bool:
        return any(wrapped in file.read_bytes() for file in embedded_store.folder.rglob("appendonly.aof.*"))

    people.erase(person)
    assert on_disk()
    do_all(worker)
    end = time.monotonic() + 20
    while on_disk() and time.monotonic() < end:
        time.sleep(0.05)
    assert not on_disk()
    assert store.get("forgotten") is None
