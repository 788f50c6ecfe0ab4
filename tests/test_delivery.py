"""Proves that what waits in the outbox reaches its channel, is retried or given up, and never stops the rest."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from bot.core.message import Inbound, PersonId, Reply
from bot.service import delivery as module
from bot.service.delivery import PATIENCE, Delivery
from bot.store.connection import Store
from bot.store.outbox import Outbox
from bot.store.people import People
from bot.store.sessions import Session, Sessions
from bot.store.windows import Windows
from channels import base
from channels.base import (
    HttpAnswer,
    Misconfigured,
    SendError,
    SlowDown,
    TryLater,
    Unreachable,
    Unsure,
    Webhook,
)

NUMBER, OTHER, TEXT = "+85251234567", "+85257654321", "我们看到了 we are here"


@dataclass
class Platform:
    """A stand-in for a platform behind its channel: notes what was sent, or fails in the order given."""

    name: str = "sms"
    style: str = "sms"
    sent: list[tuple[str, str]] = field(default_factory=list)
    errors: list[Exception] = field(default_factory=list)

    def receive(self, webhook: Webhook) -> base.Delivery | HttpAnswer:
        return base.Delivery(Inbound(self.name, NUMBER, "1"))

    def reply(self, delivery: base.Delivery, reply: Reply) -> HttpAnswer:
        return HttpAnswer("")

    def send(self, address: str, text: str) -> str:
        if self.errors:
            raise self.errors.pop(0)
        self.sent.append((address, text))
        return f"SM{len(self.sent)}"


@pytest.fixture
def platform() -> Platform:
    return Platform()


@pytest.fixture
def delivery(outbox: Outbox, people: People, platform: Platform, sessions: Sessions, windows: Windows) -> Delivery:
    return Delivery(outbox, people, {"sms": platform}, sessions, windows, lambda: 0.5)


@pytest.fixture
def person(people: People) -> PersonId:
    return people.welcome("sms", NUMBER)


@pytest.fixture
def message(store: Store) -> Callable[[str], dict[str, str]]:
    return lambda id_: store.hash("out", "message", id_)


def make_due(store: Store, person: PersonId) -> None:
    store.client.zadd(store.keys("out", "due"), {person: 1})


def test_with_nothing_to_send_it_says_so(delivery: Delivery) -> None:
    assert delivery.one() is False


def test_a_message_reaches_the_persons_address(
    delivery: Delivery, outbox: Outbox, person: PersonId, platform: Platform
) -> None:
    outbox.post("m1", person, "sms", TEXT)
    assert delivery.one() is True
    assert platform.sent == [(NUMBER, TEXT)]


def test_the_platforms_id_is_kept(
    delivery: Delivery, outbox: Outbox, person: PersonId, message: Callable[[str], dict[str, str]]
) -> None:
    outbox.post("m1", person, "sms", TEXT)
    delivery.one()
    assert (message("m1")["state"], message("m1")["provider_id"]) == ("sent", "SM1")


def test_a_sent_message_is_not_sent_again(
    delivery: Delivery, outbox: Outbox, person: PersonId, platform: Platform
) -> None:
    outbox.post("m1", person, "sms", TEXT)
    assert [delivery.one(), delivery.one(), len(platform.sent)] == [True, False, 1]


def test_a_trouble_that_passes_is_tried_again(
    delivery: Delivery, outbox: Outbox, store: Store, person: PersonId, platform: Platform
) -> None:
    platform.errors = [TryLater("20429", "slow down")]
    outbox.post("m1", person, "sms", TEXT)
    delivery.one()
    make_due(store, person)
    delivery.one()
    assert platform.sent == [(NUMBER, TEXT)]


def test_between_two_tries_there_is_a_pause(
    delivery: Delivery, outbox: Outbox, person: PersonId, platform: Platform
) -> None:
    platform.errors = [TryLater("20429", "slow down")]
    outbox.post("m1", person, "sms", TEXT)
    assert [delivery.one(), delivery.one(), platform.sent] == [True, False, []]


def test_the_pauses_grow_and_stay_bounded() -> None:
    patience = PATIENCE[TryLater]
    pauses = [patience.pause_ms(attempt, 1.0) for attempt in range(1, 200)]
    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1]) == (patience.first_ms, patience.longest_ms)


def test_pauses_of_messages_that_failed_together_are_spread() -> None:
    pauses = [PATIENCE[TryLater].pause_ms(5, share) for share in (0.0, 0.5, 1.0)]
    assert pauses == sorted(set(pauses))
    assert pauses[0] >= pauses[-1] / 2


def test_a_platform_that_asks_for_less_gets_longer_pauses_than_one_in_trouble() -> None:
    assert PATIENCE[SlowDown].pause_ms(1, 0.0) > PATIENCE[TryLater].pause_ms(1, 1.0)


def test_the_pause_is_as_long_as_its_kind_of_trouble_says(
    delivery: Delivery, outbox: Outbox, store: Store, person: PersonId, platform: Platform
) -> None:
    platform.errors = [SlowDown("20429", "slow down")]
    outbox.post("m1", person, "sms", TEXT)
    seconds, microseconds = store.client.time()
    delivery.one()
    pause = store.client.zscore(store.keys("out", "due"), person) - (seconds * 1000 + microseconds // 1000)
    assert PATIENCE[SlowDown].pause_ms(1, 0.5) <= pause < PATIENCE[SlowDown].pause_ms(1, 0.5) + 30_000


@pytest.mark.parametrize(("kind", "hours"), [(TryLater, 24), (SlowDown, 24), (Unsure, 24), (Misconfigured, 72)])
def test_trouble_of_hours_loses_nothing_and_trouble_of_days_is_given_up_and_kept(
    delivery: Delivery,
    outbox: Outbox,
    store: Store,
    person: PersonId,
    platform: Platform,
    kind: type[SendError],
    hours: int,
) -> None:
    platform.errors = [kind("x", "trouble")] * 100
    outbox.post("m1", person, "sms", TEXT)
    for _ in range(20):
        delivery.one()
        make_due(store, person)
    fail_since(store, "m1", hours - 1)
    delivery.one()
    assert (outbox.given_up(), outbox.waiting()) == (0, 1)
    fail_since(store, "m1", hours)
    make_due(store, person)
    delivery.one()
    assert (outbox.given_up(), outbox.waiting()) == (1, 0)


def fail_since(store: Store, message: str, hours: int) -> None:
    then = store.client.time()[0] * 1000 - hours * 3600_000
    store.client.hset(store.keys("out", "message", message), "failing", then)


def test_a_fault_of_our_settings_is_said_loudly_once_until_the_channel_sends_again(
    delivery: Delivery,
    outbox: Outbox,
    store: Store,
    person: PersonId,
    platform: Platform,
    logged: Callable[[], str],
) -> None:
    platform.errors = [Misconfigured("20003", "wrong token")] * 3
    outbox.post("m1", person, "sms", TEXT)
    for _ in range(3):
        delivery.one()
        make_due(store, person)
    assert (logged().count("channel_misconfigured"), outbox.fault("sms")) == (1, "20003: wrong token")
    delivery.one()
    assert (outbox.fault("sms"), len(platform.sent)) == (None, 1)


@pytest.mark.parametrize(("error", "maybe"), [(Unsure("ReadTimeout", "?"), "1"), (TryLater("20001", "busy"), "0")])
def test_a_try_without_an_answer_is_marked_as_perhaps_sent(
    delivery: Delivery,
    outbox: Outbox,
    person: PersonId,
    platform: Platform,
    message: Callable[[str], dict[str, str]],
    error: SendError,
    maybe: str,
) -> None:
    platform.errors = [error]
    outbox.post("m1", person, "sms", TEXT)
    delivery.one()
    assert message("m1")["maybe_sent"] == maybe


def test_what_cannot_succeed_is_given_up_at_once(
    delivery: Delivery, outbox: Outbox, person: PersonId, platform: Platform
) -> None:
    platform.errors = [Unreachable("21610", "the person has opted out")]
    outbox.post("m1", person, "sms", TEXT)
    delivery.one()
    assert (outbox.given_up(), outbox.waiting()) == (1, 0)


def test_staff_can_read_why_it_was_given_up(
    delivery: Delivery,
    outbox: Outbox,
    person: PersonId,
    platform: Platform,
    message: Callable[[str], dict[str, str]],
) -> None:
    platform.errors = [Unreachable("21610", "the person has opted out")]
    outbox.post("m1", person, "sms", TEXT)
    delivery.one()
    assert message("m1")["error"] == "21610: the person has opted out"


def test_after_one_is_given_up_the_next_is_sent(
    delivery: Delivery, outbox: Outbox, person: PersonId, platform: Platform
) -> None:
    platform.errors = [Unreachable("21610", "opted out")]
    outbox.post("m1", person, "sms", "first")
    outbox.post("m2", person, "sms", "second")
    delivery.one()
    delivery.one()
    assert platform.sent == [(NUMBER, "second")]


def test_a_message_for_a_channel_that_is_not_set_up_waits_for_its_settings(
    delivery: Delivery, outbox: Outbox, people: People
) -> None:
    outbox.post("m1", people.welcome("wechat", "openid"), "wechat", TEXT)
    assert delivery.one() is True
    assert (outbox.given_up(), outbox.waiting()) == (0, 1)


def test_channels_are_known_by_their_own_name_not_by_their_path(
    outbox: Outbox, people: People, person: PersonId, platform: Platform, sessions: Sessions, windows: Windows
) -> None:
    outbox.post("m1", person, "sms", TEXT)
    Delivery(outbox, people, {"another-path": platform}, sessions, windows).one()
    assert len(platform.sent) == 1


def test_a_message_to_somebody_erased_is_given_up(
    delivery: Delivery, outbox: Outbox, people: People, person: PersonId, platform: Platform
) -> None:
    outbox.post("m1", person, "sms", TEXT)
    people.erase(person)
    delivery.one()
    assert (outbox.given_up(), platform.sent) == (1, [])


def test_a_message_to_somebody_erased_who_came_back_is_given_up(
    delivery: Delivery, outbox: Outbox, people: People, person: PersonId, platform: Platform
) -> None:
    outbox.post("m1", person, "sms", TEXT)
    people.erase(person)
    people.welcome("sms", NUMBER)
    delivery.one()
    assert (outbox.given_up(), platform.sent) == (1, [])


def test_a_fault_while_sending_is_tried_again_and_stops_nobody_else(
    delivery: Delivery, outbox: Outbox, people: People, person: PersonId, platform: Platform
) -> None:
    platform.errors = [RuntimeError(f"a fault that quotes {NUMBER}")]
    outbox.post("m1", person, "sms", TEXT)
    outbox.post("m2", people.welcome("sms", OTHER), "sms", TEXT)
    delivery.one()
    delivery.one()
    assert (platform.sent, outbox.waiting()) == ([(OTHER, TEXT)], 1)


def test_the_log_shows_neither_words_nor_number(
    delivery: Delivery,
    outbox: Outbox,
    people: People,
    person: PersonId,
    platform: Platform,
    logged: Callable[[], str],
) -> None:
    platform.errors = [Unreachable("21610", f"{NUMBER} has opted out of {TEXT}")]
    outbox.post("m1", person, "sms", TEXT)
    outbox.post("m2", people.welcome("sms", OTHER), "sms", TEXT)
    delivery.one()
    delivery.one()
    assert "message_not_sent" in logged()
    assert [s for s in (NUMBER, OTHER, TEXT, "we are here", person) if s in logged()] == []


# A phone that others may be reading


def test_nothing_is_sent_in_the_wrong_number_mode_until_the_word_comes(
    delivery: Delivery, outbox: Outbox, person: PersonId, platform: Platform, sessions: Sessions, store: Store
) -> None:
    sessions.save(person, Session(hidden=True))
    outbox.post("m1", person, "sms", TEXT)
    assert delivery.one() is True
    assert (platform.sent, store.hash("out", "message", "m1")["state"]) == ([], "held")
    sessions.save(person, Session(hidden=False))
    due_now(store, person)
    assert delivery.one() is True
    assert len(platform.sent) == 1


def test_a_message_held_back_is_not_counted_as_tried(
    delivery: Delivery, outbox: Outbox, person: PersonId, platform: Platform, sessions: Sessions, store: Store
) -> None:
    sessions.save(person, Session(hidden=True))
    outbox.post("m1", person, "sms", TEXT)
    for _ in range(20):
        delivery.one()
        due_now(store, person)
    sessions.save(person, Session())
    platform.errors.append(base.TryLater("busy", "later"))
    delivery.one()
    assert (outbox.given_up(), store.hash("out", "message", "m1")["state"]) == (0, "waiting")


def test_nothing_is_sent_outside_her_safe_hours(
    delivery: Delivery,
    outbox: Outbox,
    person: PersonId,
    platform: Platform,
    sessions: Sessions,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "pause_until_safe", lambda hours, now: timedelta(minutes=5) if hours else timedelta(0))
    sessions.save(person, Session(safe_hours=(20, 22)))
    outbox.post("m1", person, "sms", TEXT)
    assert delivery.one() is True
    assert platform.sent == []


def due_now(store: Store, person: PersonId) -> None:
    store.client.zadd(store.keys("out", "due"), {person: 0})
