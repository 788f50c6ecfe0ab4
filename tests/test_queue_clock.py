"""The queue's time when the server's clock is set: it never runs backwards, and leases still end."""

import secrets
import time
from collections.abc import Iterator

import pytest

from bot.core.cipher import Cipher
from bot.core.message import CounsellorId
from bot.store import referrals as module
from bot.store.embedded import EmbeddedStore
from bot.store.people import People
from bot.store.referral import Stale
from bot.store.referrals import REAP_AT_MOST, Referrals
from bot.store.staff import Staff
from tests.fault.shifting import ShiftedStore

MEI = CounsellorId("mei")
HOUR = 3600


@pytest.fixture
def clock(embedded_store: EmbeddedStore) -> Iterator[ShiftedStore]:
    store = ShiftedStore(embedded_store.url, "t" + secrets.token_hex(6))
    yield store
    store.client.close()


@pytest.fixture
def queue(clock: ShiftedStore, site_cipher: Cipher) -> Referrals:
    return Referrals(clock, People(clock, site_cipher, b"clock"))


def cry(queue: Referrals, number: int) -> str:
    person = queue._people.welcome("sms", f"+85251{number:06}")
    return queue.enqueue(f"cry{number}", person, "sms", "en", 1, ("threat",), "help").id


def test_who_cries_after_the_clock_was_set_back_waits_behind_who_cried_before(
    queue: Referrals, clock: ShiftedStore
) -> None:
    order = [cry(queue, 1)]
    clock.shift(-HOUR)
    for number in (2, 3):
        time.sleep(0.01)
        order.append(cry(queue, number))
    clock.shift(0)
    time.sleep(0.01)
    order.append(cry(queue, 4))
    assert [referral.id for referral in queue.waiting()] == order


def test_a_lease_ends_though_the_clock_was_set_back(
    queue: Referrals, clock: ShiftedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "OFFER_MS", 100)
    id_ = cry(queue, 1)
    queue.claim("claim", MEI)
    clock.shift(-HOUR)
    end = time.monotonic() + 10
    while not (back := queue.reap()[0]) and time.monotonic() < end:
        time.sleep(0.02)
    assert back == [id_]


def test_a_lease_taken_after_the_clock_was_set_back_is_no_longer_than_twice_its_time(
    queue: Referrals, clock: ShiftedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    cry(queue, 1)
    clock.shift(-HOUR)
    queue.reap()
    monkeypatch.setattr(module, "OFFER_MS", 10_000)
    claim = queue.claim("claim", MEI)
    assert claim
    clock.shift(-HOUR + 9)
    queue.renew(claim)
    clock.shift(-HOUR + 9 + 2 * module.WORK_MS // 1000 + 1)
    with pytest.raises(Stale):
        queue.renew(claim)


def test_a_jump_forward_ends_so_many_leases_in_one_tick_and_no_more(queue: Referrals, clock: ShiftedStore) -> None:
    held = REAP_AT_MOST + 5
    for number in range(held):
        cry(queue, number)
        queue.claim(f"claim{number}", MEI)
    clock.shift(2 * HOUR)
    assert [len(queue.reap()[0]) for _ in range(3)] == [REAP_AT_MOST, 5, 0]


def test_whoever_is_on_duty_is_seen_though_the_queues_time_is_ahead(
    queue: Referrals, clock: ShiftedStore, site_cipher: Cipher
) -> None:
    """Presence is kept by the console's clock, which was set right too."""
    clock.shift(HOUR)
    cry(queue, 1)
    clock.shift(0)
    Staff(clock, site_cipher).be_present(MEI)
    person = queue._people.welcome("sms", "+85259999999")
    assert queue.enqueue("late", person, "sms", "en", 1, ("threat",), "help").present == 1
