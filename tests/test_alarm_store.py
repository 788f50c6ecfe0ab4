"""What the ladder sees of the queue, and that each step is taken once whoever asks."""

import itertools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from bot.core.alarms import ANSWER_S
from bot.core.message import CounsellorId, PersonId, ReferralId
from bot.store.alarms import AlarmStore, Facts
from bot.store.audit import Audit
from bot.store.connection import Store
from bot.store.people import People
from bot.store.referral import Claim
from bot.store.referrals import Referrals

MEI, LAN = CounsellorId("mei"), CounsellorId("lan")


@pytest.fixture
def alarms(store: Store) -> AlarmStore:
    return AlarmStore(store)


@pytest.fixture
def cries(people: People, referrals: Referrals) -> Callable[[int], ReferralId]:
    """Somebody new cries for help at a level; her referral."""
    numbers = itertools.count()

    def cries(level: int) -> ReferralId:
        name = f"o{next(numbers)}"
        person = people.welcome("wechat", name)
        return referrals.enqueue(name, person, "wechat", "zh", level, (), "help").id

    return cries


@pytest.fixture
def person_of(referrals: Referrals) -> Callable[[ReferralId], PersonId]:
    def person_of(id_: ReferralId) -> PersonId:
        referral = referrals.get(id_)
        assert referral
        return referral.person

    return person_of


def claimed(referrals: Referrals, id_: ReferralId, by: CounsellorId = MEI) -> Claim:
    claim = referrals.claim(f"claim {id_}", by, id_)
    assert claim
    return claim


def oldest(facts: Facts) -> dict[int, tuple[ReferralId, int]]:
    return {waiting.level: (waiting.oldest.referral, waiting.count) for waiting in facts.waiting}


def ask_long_ago(store: Store, id_: ReferralId) -> None:
    """As if the person of a held case had waited for longer than she may."""
    score = float(store.client.zscore(store.keys("asked"), id_) or 0)
    store.client.zadd(store.keys("asked"), {id_: score - (max(ANSWER_S.values()) + 1) * 1000})


def test_the_oldest_of_every_level_stands_for_it(
    alarms: AlarmStore, referrals: Referrals, cries: Callable[[int], ReferralId]
) -> None:
    assert alarms.facts().waiting == ()
    first, _, third = cries(1), cries(1), cries(3)
    assert oldest(alarms.facts()) == {1: (first, 2), 3: (third, 1)}
    opened = referrals.get(first)
    assert opened
    assert alarms.facts().waiting[0].oldest.since == opened.opened


def test_a_case_that_long_waiting_has_moved_up_does_not_stand_for_the_level_it_moved_to(
    alarms: AlarmStore, store: Store, cries: Callable[[int], ReferralId]
) -> None:
    aged, second = cries(3), cries(2)
    score = float(store.client.zscore(store.keys("queue"), aged) or 0)
    store.client.zadd(store.keys("queue"), {aged: score - 1e13})
    assert oldest(alarms.facts())[2][0] == second


def test_a_step_is_taken_by_one_of_many_workers_and_stands_in_the_audit(
    alarms: AlarmStore, store: Store, cries: Callable[[int], ReferralId]
) -> None:
    id_ = cries(1)
    seen = alarms.facts()
    with ThreadPoolExecutor(8) as pool:
        took = list(pool.map(lambda _: alarms.take(seen, 1, "all", id_), range(16)))
    assert sum(took) == 1
    entry = list(Audit(store, b"secret").entries())[-1]
    assert (entry.action, entry.referral, entry.actor, entry.note) == ("alarmed", id_, "worker", "level 1 all")


def test_a_step_that_was_taken_is_seen_and_may_be_taken_again_later(
    alarms: AlarmStore, cries: Callable[[int], ReferralId]
) -> None:
    id_ = cries(1)
    alarms.take(alarms.facts(), 1, "on_call", id_)
    seen = alarms.facts()
    assert seen.now - seen.taken("1")["on_call"] < timedelta(minutes=1)
    assert seen.taken("2") == {}
    assert alarms.take(seen, 1, "on_call", id_)


def test_a_retry_after_a_lost_reply_takes_the_step_again(alarms: AlarmStore, store: Store) -> None:
    arguments = ("token", "alarm:taken", "1:all", "", "r1", "level 1 all")
    assert [store.run("alarm_take", *arguments) for _ in range(2)] == [1, 1]
    assert len(list(Audit(store, b"secret").entries())) == 1


def test_an_acknowledgement_covers_who_waits_and_not_who_comes_later(
    alarms: AlarmStore, cries: Callable[[int], ReferralId]
) -> None:
    cries(1)
    assert alarms.acknowledge("op", 1, MEI)
    seen = alarms.facts()
    assert seen.waiting[0].acknowledged
    assert seen.waiting[0].acknowledged.by == MEI
    assert seen.waiting[0].acknowledged.until - seen.now > timedelta(seconds=290)
    assert seen.waiting[0].calling(seen.now) is None
    later = cries(1)
    case = alarms.facts().waiting[0].calling(seen.now)
    assert case
    assert case.referral == later


def test_an_acknowledgement_is_audited_once_however_often_it_is_sent(
    alarms: AlarmStore, store: Store, cries: Callable[[int], ReferralId]
) -> None:
    id_, bell = cries(2), store.bell()
    assert [alarms.acknowledge("op", 2, MEI) for _ in range(2)] == [True, True]
    entries = [e for e in Audit(store, b"secret").entries() if e.action == "acknowledged"]
    assert [(e.referral, e.actor, e.note) for e in entries] == [(id_, MEI, "level 2")]
    assert store.bell() == bell + 1


def test_nobody_can_be_on_it_when_nobody_waits(alarms: AlarmStore, cries: Callable[[int], ReferralId]) -> None:
    cries(2)
    assert not alarms.acknowledge("op", 1, MEI)


def test_a_claim_ends_the_acknowledgement_of_its_level_since_the_others_still_wait(
    alarms: AlarmStore, referrals: Referrals, cries: Callable[[int], ReferralId]
) -> None:
    first, second, _ = cries(1), cries(1), cries(2)
    alarms.acknowledge("op", 1, MEI)
    alarms.acknowledge("other", 2, MEI)
    claimed(referrals, first)
    seen = {waiting.level: waiting for waiting in alarms.facts().waiting}
    assert seen[1].acknowledged is None
    assert seen[1].oldest.referral == second
    assert seen[2].acknowledged


def test_who_was_claimed_waits_for_words_until_they_come(
    alarms: AlarmStore,
    store: Store,
    referrals: Referrals,
    cries: Callable[[int], ReferralId],
    person_of: Callable[[ReferralId], PersonId],
) -> None:
    id_ = cries(1)
    claim = claimed(referrals, id_)
    assert alarms.facts().held == ()
    ask_long_ago(store, id_)
    held = alarms.facts().held
    assert [(h.level, h.case.referral, h.holder) for h in held] == [(1, id_, MEI)]
    referrals.append("more", person_of(id_), "person", "are you there?")
    assert alarms.facts().held[0].case.since == held[0].case.since
    referrals.send("answer", claim, "I am here")
    assert alarms.facts().held == ()
    referrals.append("again", person_of(id_), "person", "he comes back")
    ask_long_ago(store, id_)
    assert len(alarms.facts().held) == 1


def test_words_of_the_bot_are_no_answer(
    alarms: AlarmStore,
    store: Store,
    referrals: Referrals,
    cries: Callable[[int], ReferralId],
    person_of: Callable[[ReferralId], PersonId],
) -> None:
    id_ = cries(1)
    claimed(referrals, id_)
    ask_long_ago(store, id_)
    referrals.append("bot", person_of(id_), "bot", "a human is coming")
    assert len(alarms.facts().held) == 1


def test_who_was_passed_on_has_waited_since_the_first_words_that_got_no_answer(
    alarms: AlarmStore, store: Store, referrals: Referrals, cries: Callable[[int], ReferralId]
) -> None:
    id_ = cries(2)
    claim = claimed(referrals, id_)
    ask_long_ago(store, id_)
    referrals.transfer("pass", claim, LAN)
    assert [h.holder for h in alarms.facts().held] == [LAN]


def test_a_case_that_becomes_graver_in_a_counsellor_s_hands_may_wait_for_less(
    alarms: AlarmStore,
    store: Store,
    referrals: Referrals,
    cries: Callable[[int], ReferralId],
    person_of: Callable[[ReferralId], PersonId],
) -> None:
    id_ = cries(3)
    claimed(referrals, id_)
    ask_long_ago(store, id_)
    assert alarms.facts().held == ()
    referrals.enqueue("graver", person_of(id_), "wechat", "zh", 1, ("violence",), "he has a knife")
    assert [h.level for h in alarms.facts().held] == [1]


@pytest.mark.parametrize("end", ["resolved", "put back"])
def test_a_case_that_nobody_holds_any_more_waits_for_nobody_s_words(
    alarms: AlarmStore, store: Store, referrals: Referrals, cries: Callable[[int], ReferralId], end: str
) -> None:
    id_ = cries(1)
    claim = claimed(referrals, id_)
    ask_long_ago(store, id_)
    if end == "resolved":
        referrals.resolve("end", claim, "helped", "bye")
    else:
        referrals.transfer("back", claim, None)
    assert alarms.facts().held == ()
    assert store.client.zcard(store.keys("asked")) == 0


def test_the_steps_of_a_held_case_are_its_own(
    alarms: AlarmStore, store: Store, referrals: Referrals, cries: Callable[[int], ReferralId]
) -> None:
    for _ in range(2):
        id_ = cries(1)
        claimed(referrals, id_)
        ask_long_ago(store, id_)
    seen = alarms.facts()
    first, second = seen.held
    assert alarms.take_held(seen, first, "holder")
    assert not alarms.take_held(seen, first, "holder")
    now = alarms.facts()
    assert now.taken(first.case.referral).keys() == {"holder"}
    assert now.taken(second.case.referral) == {}


def test_silence_is_told_once(alarms: AlarmStore) -> None:
    seen = alarms.facts()
    assert seen.silence_told is None
    assert [alarms.take_silence(seen) for _ in range(2)] == [True, False]
    assert alarms.facts().silence_told


def test_the_queue_may_be_long(alarms: AlarmStore, store: Store, cries: Callable[[int], ReferralId]) -> None:
    first = cries(1)
    store.client.zadd(store.keys("queue"), {f"r{n}": 1e13 + 4e12 + n for n in range(50_000)})
    store.run("alarm_facts", 1, 1)
    before = store.client.info("commandstats")["cmdstat_hget"]["calls"]
    assert oldest(alarms.facts())[1] == (first, 50_001)
    assert store.client.info("commandstats")["cmdstat_hget"]["calls"] - before < 250
