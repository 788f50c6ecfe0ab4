"""Proves that a platform message is answered once and that one person's messages are handled one at a time."""

import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from bot.core.message import PersonId
from bot.store.connection import Store
from bot.store.turns import LOCK_MS, REMEMBER_S, Answered, Claimed, StillRunning, Turns

PERSON = PersonId("a-person")


def test_the_first_delivery_is_to_be_answered(turns: Turns) -> None:
    assert isinstance(turns.begin("wechat", "1", 0), Claimed)


def test_a_retry_gets_the_same_answer(turns: Turns) -> None:
    turns.begin("wechat", "1", 0)
    turns.finish("wechat", "1", "1.k.sealed")
    assert turns.begin("wechat", "1", 0) == Answered("1.k.sealed")


def test_a_retry_while_the_first_still_runs_is_told_so(turns: Turns) -> None:
    turns.begin("wechat", "1", 0)
    with pytest.raises(StillRunning):
        turns.begin("wechat", "1", 0.05)


def test_a_retry_waits_for_the_first_deliverys_answer(turns: Turns) -> None:
    turns.begin("wechat", "1", 0)
    with ThreadPoolExecutor(1) as pool:
        retry = pool.submit(turns.begin, "wechat", "1", 30)
        turns.finish("wechat", "1", "1.k.sealed")
        assert retry.result() == Answered("1.k.sealed")


def test_only_one_of_many_deliveries_at_once_is_to_be_answered(turns: Turns) -> None:
    gate = threading.Barrier(8)

    def deliver(_: int) -> bool:
        gate.wait()
        with contextlib.suppress(StillRunning):
            return isinstance(turns.begin("wechat", "1", 0), Claimed)
        return False

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(deliver, range(8))) == 1


def test_an_abandoned_message_is_handled_anew(turns: Turns) -> None:
    claim = turns.begin("wechat", "1", 0)
    assert isinstance(claim, Claimed)
    turns.abandon("wechat", "1", claim)
    assert isinstance(turns.begin("wechat", "1", 0), Claimed)


def test_abandoning_takes_nothing_from_a_later_claim(turns: Turns) -> None:
    turns.begin("wechat", "1", 0)
    turns.abandon("wechat", "1", Claimed("running:somebody-else"))
    with pytest.raises(StillRunning):
        turns.begin("wechat", "1", 0)


def test_abandoning_does_not_forget_an_answer(turns: Turns) -> None:
    claim = turns.begin("wechat", "1", 0)
    assert isinstance(claim, Claimed)
    turns.finish("wechat", "1", "1.k.sealed")
    turns.abandon("wechat", "1", claim)
    assert turns.begin("wechat", "1", 0) == Answered("1.k.sealed")


def test_the_same_id_on_two_channels_is_two_messages(turns: Turns) -> None:
    turns.begin("wechat", "1", 0)
    assert isinstance(turns.begin("sms", "1", 0), Claimed)


def test_a_process_that_dies_blocks_its_message_for_a_while_only(turns: Turns, store: Store) -> None:
    turns.begin("wechat", "1", 0)
    key = store.keys("seen", "wechat", store.keys.digest("1"))
    assert 0 < store.client.pttl(key) <= LOCK_MS


def test_an_answer_is_remembered_longer_than_any_platform_retries(turns: Turns, store: Store) -> None:
    turns.begin("wechat", "1", 0)
    turns.finish("wechat", "1", "1.k.sealed")
    key = store.keys("seen", "wechat", store.keys.digest("1"))
    assert LOCK_MS / 1000 < store.client.ttl(key) <= REMEMBER_S


@pytest.mark.parametrize("odd", ["", "a:b", "\x00", "\ud800", "消息", "x" * 10_000])
def test_any_message_id_works(turns: Turns, odd: str) -> None:
    assert isinstance(turns.begin("wechat", odd, 0), Claimed)


def test_two_messages_of_one_person_are_never_in_work_at_once(turns: Turns) -> None:
    at_work, most = [], []

    def message(_: int) -> bool:
        with turns.alone(PERSON, 30) as held:
            at_work.append(1)
            most.append(len(at_work))
            at_work.pop()
        return held

    with ThreadPoolExecutor(8) as pool:
        held = list(pool.map(message, range(16)))
    assert (all(held), max(most)) == (True, 1)


def test_a_person_does_not_wait_for_ever(turns: Turns) -> None:
    with turns.alone(PERSON, 0), turns.alone(PERSON, 0.05) as second:
        assert second is False


def test_who_did_not_get_the_lock_does_not_open_it(turns: Turns) -> None:
    with turns.alone(PERSON, 0):
        with turns.alone(PERSON, 0):
            pass
        with turns.alone(PERSON, 0) as third:
            assert third is False


def test_two_people_do_not_wait_for_each_other(turns: Turns) -> None:
    with turns.alone(PERSON, 0), turns.alone(PersonId("another"), 0) as second:
        assert second is True


def test_the_lock_opens_when_the_work_fails(turns: Turns) -> None:
    with contextlib.suppress(RuntimeError), turns.alone(PERSON, 0):
        raise RuntimeError
    with turns.alone(PERSON, 0) as held:
        assert held is True


def test_a_lock_that_ran_out_and_was_taken_stays_with_the_taker(turns: Turns, store: Store) -> None:
    with turns.alone(PERSON, 0):
        store.put("somebody else", "lock", PERSON)
    assert store.get("lock", PERSON) == "somebody else"


def test_the_lock_of_a_dead_process_runs_out(turns: Turns, store: Store) -> None:
    with turns.alone(PERSON, 0):
        assert 0 < store.client.pttl(store.keys("lock", PERSON)) <= LOCK_MS


def test_it_is_noted_that_a_message_came(turns: Turns, store: Store) -> None:
    turns.begin("wechat", "1", 0)
    assert store.get("heartbeat", "inbound") is None
    turns.finish("wechat", "1", "1.k.sealed")
    assert int(store.get("heartbeat", "inbound") or 0) > 0
