"""The record says what became of everybody who called, counts each once, and shows no words."""

import secrets
import time
from collections.abc import Callable
from datetime import datetime, timezone

import pytest

from bot.core.message import CounsellorId, ReferralId
from bot.settings import Settings
from bot.store import record as module
from bot.store.audit import Audit
from bot.store.connection import Store
from bot.store.people import People
from bot.store.record import Record
from bot.store.referrals import Referrals
from bot.wiring import Site

MEI = CounsellorId("mei")
OUTCOMES = ("helped", "police")
MONTH = datetime.now(timezone.utc).strftime("%Y-%m")


@pytest.fixture
def record(store: Store) -> Record:
    return Record(store, Audit(store, b"a secret of this test"))


@pytest.fixture
def case(store: Store, people: People, referrals: Referrals) -> Callable[..., ReferralId]:
    """Somebody who called, waited so many seconds, was taken, and (with an outcome) ended."""

    def made(level: int = 1, waited_s: float = 0, outcome: str = "") -> ReferralId:
        person = people.welcome("sms", f"+852{secrets.randbelow(10**9)}")
        id_ = referrals.enqueue(secrets.token_hex(8), person, "sms", "vi", level, ("threat",), "救命").id
        opened = int(time.time() * 1000 - 1000 * waited_s)
        store.client.hset(store.keys("referral", id_), "opened", opened)
        claim = referrals.claim(secrets.token_hex(8), MEI, id_)
        assert claim
        if outcome:
            referrals.resolve(secrets.token_hex(8), claim, outcome, "bye")
            time.sleep(0.002)  # the next one ends in another millisecond
        return id_

    return made


def test_a_month_counts_who_called_who_was_taken_and_how_it_ended(
    record: Record, case: Callable[..., ReferralId]
) -> None:
    case(1, 10, "helped"), case(1, 10, "police"), case(1, 500), case(3, 10, "helped")
    record.follow()
    one, two, three, _ = record.month(MONTH)
    assert (one.opened, one.taken, one.ended) == (3, 3, {"helped": 1, "police": 1})
    assert (two.opened, two.taken, two.median_s, two.in_target) == (0, 0, None, None)
    assert (three.ended, three.in_target) == ({"helped": 1}, None)


def test_half_of_the_waits_and_the_share_in_target_are_told(record: Record, case: Callable[..., ReferralId]) -> None:
    for waited in (5, 20, 100, 130):
        case(1, waited)
    case(2, 800), case(2, 1000)
    record.follow()
    one, two, *_ = record.month(MONTH)
    assert (one.median_s, one.in_target) == (30, 0.75)
    assert (two.median_s, two.in_target) == (900, 0.5)


def test_a_wait_longer_than_all_classes_has_no_bound(record: Record, case: Callable[..., ReferralId]) -> None:
    case(1, 10**6)
    record.follow()
    assert (record.month(MONTH)[0].taken, record.month(MONTH)[0].median_s) == (1, None)


def test_only_the_first_claim_ends_the_wait(
    record: Record, case: Callable[..., ReferralId], referrals: Referrals, store: Store
) -> None:
    id_ = case()
    record.follow()
    store.client.hset(store.keys("referral", id_), "lease", 1)
    store.client.zadd(store.keys("leases"), {id_: 1})
    referrals.reap()
    referrals.claim("again", MEI, id_)
    record.follow()
    assert record.month(MONTH)[0].taken == 1


def test_following_again_counts_nothing_twice(record: Record, case: Callable[..., ReferralId]) -> None:
    case(outcome="helped")
    assert (record.follow(), record.follow()) == (3, 0)
    assert record.month(MONTH)[0].ended == {"helped": 1}


def test_of_two_workers_that_follow_at_once_one_counts(
    record: Record, case: Callable[..., ReferralId], store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    case(outcome="helped")
    other, changes = Record(store, Audit(store, b"s")), record._changes
    monkeypatch.setattr(record, "_changes", lambda entries: (other.follow(), changes(entries))[1])
    record.follow(1)
    assert record.month(MONTH)[0].ended == {"helped": 1}


def test_a_long_audit_is_followed_in_steps(
    record: Record, case: Callable[..., ReferralId], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.store.audit._PAGE", 2)
    for _ in range(3):
        case(outcome="helped")
    assert [record.follow(pages=2) for _ in range(4)] == [4, 4, 1, 0]
    assert record.month(MONTH)[0].ended == {"helped": 3}


def test_a_record_made_anew_from_the_audit_is_the_same(
    record: Record, case: Callable[..., ReferralId], store: Store
) -> None:
    case(1, 10, "helped"), case(2, 10, "police"), case()
    record.follow()
    before = record.month(MONTH)
    store.client.delete(*store.client.scan_iter(match=store.keys("record", "*")))
    record.follow()
    assert record.month(MONTH) == before


def test_the_list_pages_from_the_newest_to_the_oldest(record: Record, case: Callable[..., ReferralId]) -> None:
    ids = [case(number % 3 + 1, outcome=OUTCOMES[number % 2]) for number in range(7)]
    record.follow()
    seen, before = [], None
    while page := record.ended(OUTCOMES, before_ms=before, count=3):
        seen += [row.id for row in page]
        before = int(page[-1].resolved.timestamp() * 1000)
    assert seen == ids[::-1]


def test_those_that_ended_in_the_same_millisecond_stand_on_one_page(
    record: Record, case: Callable[..., ReferralId], store: Store
) -> None:
    ids = {case(number % 3 + 1, outcome="helped") for number in range(5)}
    record.follow()
    for id_ in ids:
        store.client.hset(store.keys("referral", id_), "resolved", 5000)
        for level in module.LEVELS:
            store.client.zadd(store.keys("ended", str(level), "helped"), {id_: 5000}, xx=True)
    assert {row.id for row in record.ended(OUTCOMES, count=2)} == ids
    assert record.ended(OUTCOMES, before_ms=5000) == []


def test_the_list_is_narrowed_by_level_and_outcome(record: Record, case: Callable[..., ReferralId]) -> None:
    one, two, three = case(1, outcome="helped"), case(2, outcome="helped"), case(1, outcome="police")
    record.follow()
    assert [row.id for row in record.ended(OUTCOMES, [1])] == [three, one]
    assert [row.id for row in record.ended(["helped"])] == [two, one]
    assert [row.id for row in record.ended(["police"], [2])] == []


def test_a_retired_conversation_stays_on_the_record(
    record: Record, case: Callable[..., ReferralId], referrals: Referrals
) -> None:
    id_ = case(2, 100, "helped")
    record.follow()
    referrals.retire(datetime.now(timezone.utc))
    [row] = record.ended(OUTCOMES)
    assert (row.id, row.level, row.language, row.outcome, row.kinds) == (id_, 2, "vi", "helped", ("threat",))
    assert row.taken
    assert 99 < (row.taken - row.opened).total_seconds() < 130


def test_the_worker_keeps_the_record(settings: Settings) -> None:
    site = Site(settings)
    person = site.people.welcome("sms", "+85212345678")
    site.referrals.enqueue("cry", person, "sms", "zh", 1, (), "救命")
    site.worker.do_duties()
    assert site.record.month(MONTH)[0].opened == 1
    site.store.client.close()
