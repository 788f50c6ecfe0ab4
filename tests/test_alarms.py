"""Alarms reach whom they should on every way, once, and say nothing about anybody."""

import hashlib
import hmac
import itertools
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
import requests
import responses
from click.testing import CliRunner

from bot import cli
from bot.core.alarms import Notice
from bot.core.hours import ALWAYS_OPEN, Hours
from bot.core.message import CounsellorId, ReferralId
from bot.service.alarm_sender import PAUSES_S, AlarmSender, Errand
from bot.service.alarm_ways import Ways, said
from bot.service.alarms import Alarms
from bot.service.duty_hours import DutyHours
from bot.service.worker_watch import REPEAT_MS, SILENT_S, WorkerWatch
from bot.settings import Settings
from bot.store.alarms import AlarmStore
from bot.store.connection import Store
from bot.store.people import People
from bot.store.referrals import Referrals
from bot.store.staff import Counsellor, Staff
from channels.base import TryLater, Unreachable
from tests.people_who_write import site_on

pytestmark = pytest.mark.usefixtures("cheap_hashes")

HOOK, SECRET = "https://pager.example/alarm", b"k" * 32
ON_CALL, MEI, SUPERVISOR = "+85230000001", "+85230000002", "+85230000003"
OPENID, WORDS = "oOpenId_of_a_frightened_woman", "he locked the door"
NEVER = Hours(ALWAYS_OPEN.zone, ((),) * 7)
START = 1000.0


@dataclass
class Phones:
    """The SMS that went out, as (number, text)."""

    sent: list[tuple[str, str]] = field(default_factory=list)
    errors: list[Exception] = field(default_factory=list)

    def send(self, address: str, text: str) -> str:
        if self.errors:
            raise self.errors.pop(0)
        self.sent.append((address, text))
        return "SM1"

    def numbers(self) -> list[str]:
        """Who was told since this was asked last."""
        told, self.sent = [number for number, _ in self.sent], []
        return sorted(told)


@pytest.fixture
def phones() -> Phones:
    return Phones()


@pytest.fixture
def mei(staff: Staff) -> Counsellor:
    return staff.add("mei", "Mei", "counsellor", "a long enough password", "A" * 32, MEI)


@pytest.fixture
def _others(staff: Staff) -> None:
    staff.add("lan", "Lan", "counsellor", "a long enough password", "A" * 32)
    staff.add("fang", "Fang", "supervisor", "a long enough password", "A" * 32, SUPERVISOR)


@dataclass
class Site:
    """A worker's alarms; ``tick`` lets it look and send."""

    store: Store
    staff: Staff
    phones: Phones
    hours: Hours = ALWAYS_OPEN
    webhook: tuple[str, bytes] | None = None
    silence: timedelta = timedelta(hours=6)

    def __post_init__(self) -> None:
        self.sender = AlarmSender()
        ways = Ways("t", "https://console.example/", self.phones, self.webhook, (ON_CALL,))
        self.alarms = Alarms(AlarmStore(self.store), self.staff, lambda: self.hours, ways, self.sender, self.silence)

    def tick(self) -> list[str]:
        self.alarms.climb()
        self.sender.work_off(START)
        return self.phones.numbers()

    def go_back(self, seconds: float) -> None:
        """As if all that happened had happened so much earlier: referrals, steps taken, waiting for words."""
        client, keys, ms = self.store.client, self.store.keys, int(seconds * 1000)
        for name in ("queue", "asked"):
            for id_, score in client.zrange(keys(name), 0, -1, withscores=True):
                client.zadd(keys(name), {id_: score - ms})
        for key in client.scan_iter(keys("referral", "*").replace("{", "\\{")):
            client.hincrby(key, "since", -ms)
            for name in ("told_holder", "told_supervisors"):
                self._earlier(key, name, ms)
        for name in client.hkeys(keys("alarm", "taken")):
            self._earlier(keys("alarm", "taken"), name, ms)

    def _earlier(self, key: str, name: str, ms: int) -> None:
        mark = self.store.client.hget(key, name)
        if mark:
            at, _, token = mark.partition(" ")
            self.store.client.hset(key, name, f"{int(at) - ms} {token}")


@pytest.fixture
def site(store: Store, staff: Staff, phones: Phones, _others: None, mei: Counsellor) -> Site:
    return Site(store, staff, phones)


@pytest.fixture
def cry(people: People, referrals: Referrals) -> Callable[[int], ReferralId]:
    numbers = itertools.count()

    def cry(level: int) -> ReferralId:
        name = f"{OPENID}{next(numbers)}"
        return referrals.enqueue(name, people.welcome("wechat", name), "wechat", "zh", level, (), WORDS).id

    return cry


# The ladder


def test_level_one_climbs_from_the_counsellors_to_the_on_call_phone(
    site: Site, cry: Callable[[int], ReferralId], mei: Counsellor
) -> None:
    site.staff.be_present(mei.id)
    cry(1)
    told = [site.tick()]
    for _ in range(3):
        site.go_back(61)
        site.staff.be_present(mei.id)
        told.append(site.tick())
    assert told == [[], [MEI], [SUPERVISOR], [ON_CALL]]


def test_with_nobody_on_duty_all_and_the_on_call_phone_are_told_at_once(
    site: Site, cry: Callable[[int], ReferralId]
) -> None:
    cry(1)
    assert site.tick() == [ON_CALL, MEI]


def test_two_workers_tell_nobody_twice(site: Site, cry: Callable[[int], ReferralId]) -> None:
    cry(1)
    other = Site(site.store, site.staff, site.phones)
    site.alarms.climb()
    other.alarms.climb()
    for each in (site, other):
        each.sender.work_off(START)
    assert site.phones.numbers() == [ON_CALL, MEI]


def test_who_is_on_it_silences_the_level_and_its_next_case_sounds_again(
    site: Site, cry: Callable[[int], ReferralId]
) -> None:
    cry(1)
    AlarmStore(site.store).acknowledge("op", 1, CounsellorId("mei"))
    assert site.tick() == []
    cry(1)
    assert site.tick() == [ON_CALL, MEI]


def test_a_case_that_is_taken_silences_the_alarm(
    site: Site, cry: Callable[[int], ReferralId], referrals: Referrals
) -> None:
    referrals.claim("claim", CounsellorId("mei"), cry(1))
    assert site.tick() == []


def test_outside_opening_hours_level_two_reaches_the_on_call_phone_and_level_three_nobody(
    site: Site, cry: Callable[[int], ReferralId]
) -> None:
    site.hours = NEVER
    cry(3)
    assert site.tick() == []
    cry(2)
    assert site.tick() == [ON_CALL]


def test_a_holder_who_does_not_answer_is_reminded_then_her_supervisor_is_told(
    site: Site, cry: Callable[[int], ReferralId], referrals: Referrals, mei: Counsellor
) -> None:
    claim = referrals.claim("claim", mei.id, cry(1))
    assert claim
    told = [site.tick()]
    for _ in range(3):
        site.go_back(181)
        told.append(site.tick())
    assert told == [[], [MEI], [MEI, SUPERVISOR], [MEI, SUPERVISOR]]
    site.store.client.hset(site.store.keys("referral", claim.referral), "lease", 4102444800000)
    referrals.send("words", claim, "I am here")
    site.go_back(400)
    assert site.tick() == []


def test_a_number_that_cannot_be_read_keeps_nobody_else_from_being_told(
    site: Site, cry: Callable[[int], ReferralId], mei: Counsellor
) -> None:
    site.store.client.hset(site.store.keys("staff", mei.id), "alarm", "1.k9.broken")
    cry(1)
    assert site.tick() == [ON_CALL]


# What an alarm says


def test_the_webhook_gets_counts_under_a_signature_and_nothing_of_anybody(
    site: Site, cry: Callable[[int], ReferralId], logged: Callable[[], str]
) -> None:
    site = Site(site.store, site.staff, site.phones, webhook=(HOOK, SECRET))
    with responses.RequestsMock() as web:
        web.post(HOOK, json={})
        id_ = cry(1)
        site.tick()
        bodies = [json.loads(call.request.body) for call in web.calls]
        request = web.calls[0].request
    assert {body["event"] for body in bodies} == {"waiting.all", "waiting.on_call"}
    assert bodies[0] == {
        "site": "t",
        "event": "waiting.all",
        "level": 1,
        "waiting": 1,
        "oldest_wait_s": 0,
        "link": "https://console.example/",
    }
    signed = request.headers["X-Anlu-Timestamp"].encode() + b"." + request.body
    assert request.headers["X-Anlu-Signature"] == "sha256=" + hmac.new(SECRET, signed, hashlib.sha256).hexdigest()
    for private in (OPENID, WORDS, id_, "Mei", "Fang", MEI, ON_CALL):
        assert private not in json.dumps(bodies)
    assert [private for private in (OPENID, WORDS, MEI, ON_CALL, SECRET.decode()) if private in logged()] == []


@pytest.mark.parametrize("event", ["waiting.all", "unanswered.holder", "silence", "no_worker"])
def test_an_alarm_by_sms_is_one_short_message(event: str) -> None:
    text = said(Notice(event, 1, 12, 4000), "anlu", "https://console.example.org/")
    assert len(text) <= 160
    assert text.isascii()
    assert "https://console.example.org/" in text


# Ways that fail


def test_a_way_that_fails_is_tried_again_and_stops_no_other(
    site: Site, cry: Callable[[int], ReferralId], logged: Callable[[], str]
) -> None:
    site = Site(site.store, site.staff, site.phones, webhook=(HOOK, SECRET))
    site.phones.errors = [TryLater("30001", "in trouble")]
    with responses.RequestsMock(assert_all_requests_are_fired=False) as web:
        web.post(HOOK, body=requests.ConnectionError("gone"))
        cry(1)
        assert len(site.tick()) == 1
        assert site.sender.work_off(START + 1) == 3
        assert site.sender.work_off(START + PAUSES_S[0]) == 2
    assert len(site.phones.numbers()) == 1
    assert '"code": "30001"' in logged()
    assert "pager.example" not in logged()


def test_a_way_that_never_works_is_given_up(logged: Callable[[], str]) -> None:
    def fails() -> None:
        raise RuntimeError(WORDS)

    sender, now = AlarmSender(), START
    sender.send([Errand("sms", fails)])
    while sender.work_off(now):
        now += max(PAUSES_S)
    assert logged().count("alarm_not_sent") == len(PAUSES_S) + 1
    assert WORDS not in logged()


def test_a_number_that_cannot_be_reached_is_not_tried_again(phones: Phones) -> None:
    sender = AlarmSender()
    phones.errors = [Unreachable("21211", "not valid")]
    sender.send(Ways("t", "", phones, None, ()).errands(Notice("no_worker"), [ON_CALL]))
    assert sender.work_off(START) == 0


@pytest.mark.parametrize(("status", "left"), [(200, 0), (404, 0), (302, 0), (500, 1), (429, 1)])
def test_a_webhook_in_trouble_is_tried_again_and_one_that_refuses_is_not(status: int, left: int) -> None:
    sender = AlarmSender()
    with responses.RequestsMock() as web:
        web.post(HOOK, status=status, headers={"Location": "https://elsewhere.example/"})
        sender.send(Ways("t", "", None, (HOOK, SECRET), ()).errands(Notice("no_worker"), []))
        assert sender.work_off(START) == left
        assert len(web.calls) == 1


def test_the_thread_sends_by_itself(phones: Phones) -> None:
    sent, sender = threading.Event(), AlarmSender()
    sender.start()
    sender.send([Errand("sms", sent.set)])
    assert sent.wait(20)


# Silence


def silent_for(site: Site, hours: float) -> None:
    now = AlarmStore(site.store).facts().now
    site.store.put(str(int((now - timedelta(hours=hours)).timestamp() * 1000)), "heartbeat", "inbound")


def hear(site: Site) -> list[str]:
    site.alarms.hear_nobody()
    site.sender.work_off(START)
    return site.phones.numbers()


def test_silence_is_told_once_until_somebody_writes_again(site: Site) -> None:
    silent_for(site, 48)
    assert [hear(site), hear(site)] == [[ON_CALL, SUPERVISOR], []]
    AlarmStore(site.store).facts()
    site._earlier(site.store.keys("alarm", "taken"), "silence", 3 * 24 * 3600 * 1000)
    silent_for(site, 47)
    assert hear(site) == [ON_CALL, SUPERVISOR]


def test_a_day_and_a_night_hold_fourteen_hours_of_daytime(site: Site) -> None:
    silent_for(site, 24)
    site = Site(site.store, site.staff, site.phones, silence=timedelta(hours=15))
    assert hear(site) == []
    site = Site(site.store, site.staff, site.phones, silence=timedelta(hours=13))
    assert hear(site) == [ON_CALL, SUPERVISOR]


def test_silence_may_be_turned_off(site: Site) -> None:
    silent_for(site, 48)
    assert hear(Site(site.store, site.staff, site.phones, silence=timedelta(0))) == []


def test_a_site_to_which_nobody_has_written_yet_begins_to_listen(site: Site) -> None:
    assert hear(site) == []
    assert AlarmStore(site.store).last_message() is not None


# The worker itself


@dataclass
class Console:
    store: Store
    phones: Phones
    now: float = 0.0

    def __post_init__(self) -> None:
        self.sender = AlarmSender()
        ways = Ways("t", "", self.phones, None, (ON_CALL,))
        self.watch = WorkerWatch(self.store, ways, self.sender, lambda: self.now)

    def look_after(self, seconds: float) -> list[str]:
        self.now += seconds
        self.watch.look()
        self.sender.work_off(START)
        return self.phones.numbers()


def test_a_worker_without_a_sign_of_life_is_told_once_for_all_consoles(store: Store, phones: Phones) -> None:
    one, two = Console(store, phones), Console(store, phones)
    store.put("1", "heartbeat", "worker")
    assert [one.look_after(1), two.look_after(1)] == [[], []]
    assert [one.look_after(SILENT_S), one.watch.silent] == [[], False]
    assert [one.look_after(1), two.look_after(SILENT_S + 1), one.look_after(5)] == [[ON_CALL], [], []]
    assert one.watch.silent
    assert two.watch.silent
    assert 0 < store.client.pttl(store.keys("alarm", "worker")) <= REPEAT_MS
    store.forget("alarm", "worker")
    assert one.look_after(5) == [ON_CALL]


def test_a_worker_that_comes_back_is_alive_whatever_its_clock_says(store: Store, phones: Phones) -> None:
    console = Console(store, phones)
    console.look_after(SILENT_S + 1)
    store.put("5", "heartbeat", "worker")
    console.look_after(1)
    assert not console.watch.silent
    assert console.look_after(SILENT_S + 1) == [ON_CALL]


# The hours


def test_changed_hours_are_taken_up_and_broken_ones_are_not(tmp_path: Path, logged: Callable[[], str]) -> None:
    path = tmp_path / "duty.yml"
    hours = DutyHours(path)
    assert hours() == ALWAYS_OPEN
    path.write_text("{zone: UTC, week: {}}", encoding="utf-8")
    assert hours().week == ((),) * 7
    path.write_text("{zone: nowhere, week: {}}", encoding="utf-8")
    assert hours().week == ((),) * 7
    assert hours().zone.key == "UTC"
    assert logged().count("hours_kept_as_they_were") == 1


# Put together


def test_the_worker_of_a_site_climbs_the_ladder(settings: Settings) -> None:
    with site_on(settings) as site:
        person = site.people.welcome("wechat", OPENID)
        site.referrals.enqueue("cry", person, "wechat", "zh", 1, (), WORDS)
        site.worker.do_duties()
        assert AlarmStore(site.store).facts().taken("1").keys() == {"all", "on_call"}


def test_an_alarm_number_is_set_on_the_command_line(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    with site_on(settings) as site:
        mei = site.staff.add("mei", "Mei", "counsellor", "a long enough password", "A" * 32)
        monkeypatch.setattr(cli, "build_site", lambda _: site)
        told = CliRunner().invoke(cli.main, ["staff", "set", "mei", "--alarm-number", MEI])
        assert (told.exit_code, MEI in told.output) == (0, False)
        assert site.staff.alarm_number(mei.id) == MEI
        refused = CliRunner().invoke(cli.main, ["staff", "set", "mei", "--alarm-number", "12"])
        assert (refused.exit_code, "an alarm number is written" in refused.output) == (1, True)
