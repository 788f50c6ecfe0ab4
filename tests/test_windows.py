"""Proves that nothing is sent to a person whose platform takes nothing, and all of it, in order, when she writes."""

import time
from collections.abc import Callable, Iterator

import pytest

from bot.core.message import Kind, PersonId
from bot.core.window import Opening
from bot.service.delivery import Delivery
from bot.settings import Settings
from bot.store.connection import Store
from bot.store.outbox import Outbox
from bot.store.people import People
from bot.store.sessions import Sessions
from bot.store.windows import Windows
from bot.wiring import Site
from channels.base import TryLater, WindowClosed
from tests.people_who_write import Person, site_on
from tests.test_delivery import Platform

OPENID = "oOpenId_of_a_frightened_woman"


@pytest.fixture
def wechat() -> Platform:
    return Platform("wechat")


@pytest.fixture
def delivery(outbox: Outbox, people: People, wechat: Platform, sessions: Sessions, windows: Windows) -> Delivery:
    return Delivery(outbox, people, {"wechat": wechat}, sessions, windows)


@pytest.fixture
def person(people: People) -> PersonId:
    return people.welcome("wechat", OPENID)


@pytest.fixture
def writes(windows: Windows, person: PersonId) -> Callable[[], None]:
    return lambda: windows.heard(person, "wechat", Kind.TEXT)


@pytest.fixture
def site(settings: Settings) -> Iterator[Site]:
    with site_on(settings) as site:
        yield site


def opening(windows: Windows, person: PersonId) -> Opening:
    found = windows.of(person, "wechat")
    assert found
    return found


def let_the_time_pass(store: Store, person: PersonId) -> None:
    store.client.hset(store.keys("window", person), "until", 1)


def send_all(delivery: Delivery) -> None:
    while delivery.one():
        pass


def words(platform: Platform) -> list[str]:
    return [text for _, text in platform.sent]


def test_her_message_opens_the_window(windows: Windows, person: PersonId, writes: Callable[[], None]) -> None:
    writes()
    found = opening(windows, person)
    assert found.left == 5
    assert 47 * 3600 < found.until.timestamp() - time.time() < 49 * 3600


def test_a_channel_without_window_takes_messages_at_any_time(windows: Windows, people: People, store: Store) -> None:
    person = people.welcome("sms", "+85251234567")
    windows.heard(person, "sms", Kind.TEXT)
    assert windows.of(person, "sms") is None
    assert store.hash("window", person) == {}


def test_only_so_many_messages_go_out_and_the_rest_when_she_writes_in_order(
    delivery: Delivery, outbox: Outbox, person: PersonId, wechat: Platform, writes: Callable[[], None]
) -> None:
    writes()
    for number in range(8):
        outbox.post(f"m{number}", person, "wechat", str(number))
    send_all(delivery)
    assert words(wechat) == ["0", "1", "2", "3", "4"]
    writes()
    send_all(delivery)
    assert words(wechat) == ["0", "1", "2", "3", "4", "5", "6", "7"]


def test_after_the_time_the_platform_is_not_even_asked(
    delivery: Delivery,
    outbox: Outbox,
    store: Store,
    person: PersonId,
    wechat: Platform,
    writes: Callable[[], None],
) -> None:
    writes()
    let_the_time_pass(store, person)
    wechat.errors = [AssertionError("it was asked")]
    outbox.post("m1", person, "wechat", "hello")
    send_all(delivery)
    message = store.hash("out", "message", "m1")
    assert (message["state"], len(wechat.errors), outbox.given_up()) == ("closed", 1, 0)


def test_when_the_platform_itself_says_that_it_is_shut_the_message_waits_untried(
    delivery: Delivery,
    outbox: Outbox,
    store: Store,
    person: PersonId,
    windows: Windows,
    wechat: Platform,
    writes: Callable[[], None],
) -> None:
    wechat.errors = [WindowClosed("45015", "more than 48 hours")]
    outbox.post("m1", person, "wechat", "hello")
    send_all(delivery)
    message = store.hash("out", "message", "m1")
    assert (message["state"], message["attempts"], message["held"], "tried" in message) == ("closed", "1", "1", False)
    assert opening(windows, person).left == 0
    writes()
    send_all(delivery)
    assert words(wechat) == ["hello"]


def test_a_message_that_waited_for_days_is_not_given_up_at_its_first_trouble(
    delivery: Delivery, outbox: Outbox, store: Store, person: PersonId, wechat: Platform, writes: Callable[[], None]
) -> None:
    outbox.post("m1", person, "wechat", "hello")
    wechat.errors = [TryLater("-1", "busy"), WindowClosed("45015", "shut"), TryLater("-1", "busy")]
    delivery.one()
    store.client.hset(store.keys("out", "message", "m1"), "failing", 1)
    store.client.zadd(store.keys("out", "due"), {person: 0})
    delivery.one()
    writes()
    delivery.one()
    assert (store.hash("out", "message", "m1")["state"], outbox.given_up()) == ("waiting", 0)


def test_she_writes_while_the_platform_says_no_and_the_message_is_due_at_once(
    outbox: Outbox, windows: Windows, person: PersonId, writes: Callable[[], None]
) -> None:
    outbox.post("m1", person, "wechat", "hello")
    parcel = outbox.take()
    assert parcel
    writes()
    outbox.close(parcel, "", "45015: shut")
    assert opening(windows, person).left == 5
    again = outbox.take()
    assert again
    assert (again.id, again.maybe_sent) == ("m1", False)


def test_her_message_does_not_take_out_twice_what_is_being_sent(
    outbox: Outbox, person: PersonId, writes: Callable[[], None]
) -> None:
    outbox.post("m1", person, "wechat", "hello")
    outbox.take()
    writes()
    assert outbox.take() is None


def test_a_touch_of_the_menu_opens_a_shut_window_a_little(windows: Windows, person: PersonId) -> None:
    windows.heard(person, "wechat", Kind.MENU_CLICK)
    found = opening(windows, person)
    assert found.left == 3
    assert found.until.timestamp() - time.time() < 90


def test_a_touch_of_the_menu_does_not_narrow_an_open_window(
    windows: Windows, person: PersonId, writes: Callable[[], None]
) -> None:
    writes()
    before = opening(windows, person)
    windows.heard(person, "wechat", Kind.MENU_CLICK)
    assert opening(windows, person) == before


def test_who_leaves_opens_no_window(windows: Windows, person: PersonId) -> None:
    windows.heard(person, "wechat", Kind.UNSUBSCRIBE)
    assert windows.of(person, "wechat") is None


def test_erasing_a_person_forgets_when_she_wrote(
    windows: Windows, people: People, person: PersonId, writes: Callable[[], None]
) -> None:
    writes()
    people.erase(person)
    assert windows.of(person, "wechat") is None


def test_every_message_on_the_public_side_opens_the_window_anew(site: Site) -> None:
    her = Person(site)
    her.outcome("他们把我锁在房间里，不让我出去")
    site.store.client.hset(site.store.keys("window", her.id), "left", 0)
    her.outcome("救命")
    assert opening(site.windows, her.id).left == 5
