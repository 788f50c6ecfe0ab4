"""The console shows and sounds alarms to whom they are for, and "I am on it" works once and for staff only."""

import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.console import live
from bot.console.app import Parts, create_console
from bot.core.alarms import ANSWER_S
from bot.core.cipher import Cipher
from bot.core.content import Library, load_library
from bot.core.hours import ALWAYS_OPEN, Hours
from bot.core.message import CounsellorId, ReferralId
from bot.service.alarm_desk import AlarmDesk
from bot.service.counselling import Counselling
from bot.store.alarms import AlarmStore
from bot.store.audit import Audit
from bot.store.connection import Store
from bot.store.people import People
from bot.store.referrals import Referrals
from bot.store.staff import Counsellor, Staff
from bot.wiring import CONTENT
from tests.console_parts import console_parts
from tests.test_console import COOKIE_KEY, PASSWORD, SECRET, Browser

pytestmark = pytest.mark.usefixtures("cheap_hashes")

WORDS = "he locked the door"
TOKYO = ZoneInfo("Asia/Tokyo")


class State:
    """What the console learns from elsewhere, as a test sets it."""

    hours: Hours = ALWAYS_OPEN
    worker_silent = False


@pytest.fixture
def state() -> State:
    return State()


@pytest.fixture
def desk(store: Store, staff: Staff, state: State) -> AlarmDesk:
    return AlarmDesk(AlarmStore(store), staff, lambda: state.hours, lambda: state.worker_silent)


@pytest.fixture(scope="module")
def library() -> Library:
    return load_library(CONTENT)


@pytest.fixture
def parts(store: Store, site_cipher: Cipher, library: Library, desk: AlarmDesk) -> Parts:
    return replace(console_parts(store, site_cipher, library, {}), alarms=desk)


@pytest.fixture
def counselling(parts: Parts) -> Counselling:
    return parts.counselling


@pytest.fixture
def browse(parts: Parts) -> Callable[[Counsellor | None], Browser]:
    """The browser of a member of staff, or of a stranger."""
    app = create_console(parts, COOKIE_KEY, cookie_secure=True)
    return lambda who: Browser(app).sign_in_as(who) if who else Browser(app)


@pytest.fixture
def mei(staff: Staff) -> Counsellor:
    return staff.add("mei", "Mei", "counsellor", PASSWORD, SECRET)


@pytest.fixture
def lan(staff: Staff) -> Counsellor:
    return staff.add("lan", "Lan", "counsellor", PASSWORD, SECRET)


@pytest.fixture
def fang(staff: Staff) -> Counsellor:
    return staff.add("fang", "Fang", "supervisor", PASSWORD, SECRET)


@pytest.fixture
def cry(people: People, referrals: Referrals) -> Callable[[int], ReferralId]:
    numbers = itertools.count()

    def cry(level: int) -> ReferralId:
        name = f"oOpenId{next(numbers)}"
        return referrals.enqueue(name, people.welcome("wechat", name), "wechat", "zh", level, (), WORDS).id

    return cry


def wait_long(store: Store, id_: ReferralId, seconds: float) -> None:
    """As if the person of a held case had waited for her counsellor's words for so long."""
    score = float(store.client.zscore(store.keys("asked"), id_) or 0)
    store.client.zadd(store.keys("asked"), {id_: score - seconds * 1000})


def signal(desk: AlarmDesk, who: Counsellor) -> dict[str, object]:
    found: dict[str, object] = json.loads(desk.alarm(who).signal())
    return found


def test_an_alarm_shows_how_many_wait_and_nothing_of_anybody(
    browse: Callable[[Counsellor | None], Browser], mei: Counsellor, cry: Callable[[int], ReferralId]
) -> None:
    ids = [cry(1), cry(1)]
    page = browse(mei).get("/alarm").text
    assert "<b>2</b> waiting, level 1" in page
    assert 'role="alert"' in page
    assert [each for each in (WORDS, "oOpenId", *ids) if each in page] == []


def test_nothing_is_shown_when_nobody_waits(browse: Callable[[Counsellor | None], Browser], mei: Counsellor) -> None:
    assert browse(mei).get("/alarm").text.strip() == ""


def test_every_page_of_staff_has_the_place_for_alarms_and_the_door_has_not(
    browse: Callable[[Counsellor | None], Browser], mei: Counsellor
) -> None:
    pages = [browse(mei).get(path).text for path in ("/", "/answers", "/conversation/x")]
    assert all('id="alarm"' in page for page in pages)
    assert 'id="alarm"' not in browse(None).get("/sign-in").text


def test_who_is_on_it_is_shown_to_all_with_the_time_and_the_sound_stops(
    browse: Callable[[Counsellor | None], Browser],
    desk: AlarmDesk,
    mei: Counsellor,
    lan: Counsellor,
    cry: Callable[[int], ReferralId],
) -> None:
    cry(1)
    before = signal(desk, lan)
    answer = browse(mei).post("/alarm/1/acknowledge", {"HX-Request": "true"})
    assert (answer.status_code, "<b>Mei</b> is on it until" in answer.text) == (200, True)
    assert "<b>Mei</b> is on it until" in browse(lan).get("/alarm").text
    after = signal(desk, lan)
    assert (before["ring"], after["ring"]) == (True, False)
    assert before["shown"] != after["shown"]


def test_without_scripts_the_button_leads_back_to_the_queue(
    browse: Callable[[Counsellor | None], Browser], mei: Counsellor, cry: Callable[[int], ReferralId]
) -> None:
    cry(1)
    assert browse(mei).post("/alarm/1/acknowledge").location == "/"


def test_the_button_pressed_twice_counts_once(
    browse: Callable[[Counsellor | None], Browser], mei: Counsellor, store: Store, cry: Callable[[int], ReferralId]
) -> None:
    cry(1)
    browser = browse(mei)
    for _ in range(2):
        browser.post("/alarm/1/acknowledge", op="the same operation")
    assert [e.actor for e in Audit(store, b"secret").entries() if e.action == "acknowledged"] == [mei.id]


@pytest.mark.parametrize(("path", "op", "status"), [("/alarm/1", "short", 400), ("/alarm/4", "12345678", 404)])
def test_what_cannot_be_acknowledged_is_refused(
    browse: Callable[[Counsellor | None], Browser], mei: Counsellor, path: str, op: str, status: int
) -> None:
    assert browse(mei).post(f"{path}/acknowledge", op=op).status_code == status


def test_a_stranger_is_not_on_it(
    browse: Callable[[Counsellor | None], Browser], desk: AlarmDesk, mei: Counsellor, cry: Callable[[int], ReferralId]
) -> None:
    cry(1)
    assert browse(None).post("/alarm/1/acknowledge").status_code == 401
    assert signal(desk, mei)["ring"] is True


def test_a_calm_case_sounds_once_within_opening_hours(
    desk: AlarmDesk, state: State, mei: Counsellor, cry: Callable[[int], ReferralId]
) -> None:
    cry(3)
    found = signal(desk, mei)
    assert (found["ring"], bool(found["once"])) == (False, True)
    state.hours = Hours(TOKYO, ((),) * 7)
    assert signal(desk, mei)["once"] == ""


def test_the_holder_is_reminded_of_who_waits_for_her_words_then_the_supervisor(
    desk: AlarmDesk,
    store: Store,
    referrals: Referrals,
    mei: Counsellor,
    lan: Counsellor,
    fang: Counsellor,
    cry: Callable[[int], ReferralId],
) -> None:
    id_ = cry(1)
    referrals.claim("claim", mei.id, id_)

    def rings() -> list[bool]:
        return [desk.alarm(who).rings for who in (mei, lan, fang)]

    seen = [rings()]
    for _ in range(2):
        wait_long(store, id_, ANSWER_S[1] + 1)
        seen.append(rings())
    assert seen == [[False, False, False], [True, False, False], [True, False, True]]


def test_outside_opening_hours_the_next_opening_is_told_in_the_site_s_time(
    browse: Callable[[Counsellor | None], Browser], desk: AlarmDesk, state: State, store: Store, mei: Counsellor
) -> None:
    assert "opening" not in browse(mei).get("/alarm").text
    soon = AlarmStore(store).facts().now.astimezone(TOKYO) + timedelta(days=2)
    minute = soon.hour * 60 + soon.minute
    state.hours = Hours(TOKYO, ((),) * 7, {soon.date(): ((minute, minute + 1),)})
    assert soon.strftime("Next opening: %a %d %b, %H:%M.") in browse(mei).get("/alarm").text
    state.hours = Hours(TOKYO, ((),) * 7)
    assert "No next opening" in browse(mei).get("/alarm").text


def test_a_worker_that_is_gone_is_told_on_every_page(
    browse: Callable[[Counsellor | None], Browser], desk: AlarmDesk, state: State, mei: Counsellor
) -> None:
    before = signal(desk, mei)["shown"]
    state.worker_silent = True
    assert "No worker gives a sign of life" in browse(mei).get("/alarm").text
    assert signal(desk, mei)["shown"] != before


def test_the_stream_tells_of_an_alarm_and_of_its_end(
    counselling: Counselling,
    desk: AlarmDesk,
    store: Store,
    mei: Counsellor,
    referrals: Referrals,
    cry: Callable[[int], ReferralId],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(live, "LOOK_S", 0.005)
    events: Iterator[dict[str, object]] = (
        json.loads(event.partition("data: ")[2])
        for event in live.rings(counselling, store.bell, desk, mei)
        if event.startswith("event: alarm")
    )
    assert next(events)["ring"] is False
    id_ = cry(1)
    now = next(events)
    assert (now["ring"], now["count"]) == (True, 1)
    referrals.claim("claim", CounsellorId("lan"), id_)
    assert next(events)["ring"] is False
