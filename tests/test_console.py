"""Proves that the console lets in staff only, lets each counsellor touch only what she holds, and does things once."""

import html
import itertools
import re
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pyotp
import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from bot.console import live
from bot.console.app import AWAY, HEADERS, OPEN, SHIFT, Parts, create_console
from bot.console.pages import FULL
from bot.core.cipher import Cipher
from bot.core.clock import SystemClock
from bot.core.content import Library, load_library
from bot.core.message import CounsellorId, Kind, ReferralId
from bot.core.shelter import CHINA
from bot.service.alarm_desk import AlarmDesk
from bot.service.answers import Answers
from bot.service.counselling import LONGEST_MESSAGE, OUTCOMES, Counselling
from bot.service.editorial import Editorial
from bot.store.connection import Store
from bot.store.counts import Counts
from bot.store.joining import Joining
from bot.store.outbox import Outbox
from bot.store.people import People
from bot.store.record import Record
from bot.store.referral import Claim
from bot.store.referrals import Referrals
from bot.store.staff import Counsellor, Skills, Staff
from bot.store.verdicts import Verdicts
from bot.store.windows import Windows
from bot.wiring import CONTENT
from channels.wechat import WeChat
from tests.console_parts import console_parts

pytestmark = pytest.mark.usefixtures("cheap_hashes")

PASSWORD, SECRET = "a long enough password", "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
COOKIE_KEY = "s" * 32
OPENID = "oOpenId_of_a_frightened_woman"
TEXT = "他们把门锁上了"
TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
SITE = "https://console.example"


class Browser:
    """A browser at the console; ``sign_in_as`` puts the cookie of a finished sign-in into it."""

    def __init__(self, app: Flask) -> None:
        self.client: FlaskClient = app.test_client()
        self.token = ""

    def sign_in_as(self, me: Counsellor, since: float | None = None) -> "Browser":
        with self.client.session_transaction(base_url=SITE) as session:
            session["counsellor"] = me.id
            session["since"] = time.time() if since is None else since
        return self

    def get(self, path: str, **headers: str) -> TestResponse:
        return self.client.get(path, base_url=SITE, headers=headers)

    def post(self, path: str, headers: dict[str, str] | None = None, **fields: str) -> TestResponse:
        """Submits a form of our own page: with its token, and an operation id of its own unless one is given."""
        if not self.token:
            found = TOKEN.search(self.get("/sign-in").text)
            assert found
            self.token = found.group(1)
        fields = {"csrf_token": self.token, "op": secrets.token_urlsafe(12), **fields}
        return self.client.post(path, base_url=SITE, headers={"Referer": SITE, **(headers or {})}, data=fields)


@pytest.fixture(scope="module")
def library() -> Library:
    return load_library(CONTENT)


@pytest.fixture
def parts(store: Store, site_cipher: Cipher, library: Library) -> Parts:
    return console_parts(store, site_cipher, library, {"wechat": WeChat.window})


@pytest.fixture
def counselling(parts: Parts) -> Counselling:
    return parts.counselling


@pytest.fixture
def record(parts: Parts) -> Record:
    return parts.record


@pytest.fixture
def alarms(parts: Parts) -> AlarmDesk:
    return parts.alarms


@pytest.fixture
def app(parts: Parts) -> Flask:
    return create_console(parts, COOKIE_KEY, cookie_secure=True)


@pytest.fixture
def app_without_store(tmp_path: Path, site_cipher: Cipher, library: Library) -> Iterator[Flask]:
    """The console on a day when nobody answers at the store's address."""
    away = Store(f"unix://{tmp_path}/nobody.sock", "t")
    yield create_console(console_parts(away, site_cipher, library, {}), COOKIE_KEY, cookie_secure=True)
    away.client.close()


@pytest.fixture
def mei(staff: Staff) -> Counsellor:
    return staff.add("mei", "Mei", "counsellor", PASSWORD, SECRET)


@pytest.fixture
def lan(staff: Staff) -> Counsellor:
    lan = staff.add("lan", "Lan", "counsellor", PASSWORD, SECRET)
    staff.be_present(lan.id)
    return lan


@pytest.fixture
def stranger(app: Flask) -> Browser:
    return Browser(app)


@pytest.fixture
def desk(app: Flask, mei: Counsellor) -> Browser:
    """Mei's browser."""
    return Browser(app).sign_in_as(mei)


@pytest.fixture
def other_desk(app: Flask, lan: Counsellor) -> Browser:
    """Lan's browser."""
    return Browser(app).sign_in_as(lan)


@pytest.fixture
def waiting(people: People, referrals: Referrals) -> ReferralId:
    """Somebody who waits in the queue."""
    person = people.welcome("wechat", OPENID)
    return referrals.enqueue("cry", person, "wechat", "zh", 1, ("confinement",), TEXT, ("hits: 锁上",)).id


@pytest.fixture
def mine(waiting: ReferralId, referrals: Referrals, mei: Counsellor) -> ReferralId:
    """Somebody in Mei's hands."""
    referrals.claim("claim", mei.id, waiting)
    return waiting


@pytest.fixture
def hers(waiting: ReferralId, referrals: Referrals, lan: Counsellor) -> ReferralId:
    """Somebody in Lan's hands."""
    referrals.claim("claim", lan.id, waiting)
    return waiting


@pytest.fixture
def posted(store: Store, people: People) -> Callable[[], list[str]]:
    """The texts that wait in the outbox for the person, oldest first."""
    person = people.name("wechat", OPENID)

    def texts() -> list[str]:
        ids = store.client.lrange(store.keys("out", "line", person), 0, -1)
        return [people.open(person, store.hash("out", "message", id_)["sealed"], "outbox") for id_ in ids]

    return texts


def doors(app: Flask, method: str) -> list[str]:
    """The paths of every route but the open ones that answer to this method."""
    return [
        re.sub(r"<[^>]*>", "x", rule.rule)
        for rule in app.url_map.iter_rules()
        if method in (rule.methods or ()) and rule.endpoint not in OPEN
    ]


# Strangers


def test_the_list_of_open_doors_names_real_routes_only(app: Flask) -> None:
    assert {rule.endpoint for rule in app.url_map.iter_rules()} >= OPEN


def test_the_open_doors_are_these_and_no_others() -> None:
    assert sorted(OPEN) == ["door.enter", "door.sign_in", "healthy", "static"]


def test_a_stranger_sees_no_page_but_the_sign_in(app: Flask, stranger: Browser) -> None:
    answers = {path: stranger.get(path) for path in doors(app, "GET")}
    assert answers
    assert {a.location for a in answers.values()} == {"/sign-in"}


def test_a_stranger_gets_no_fragment(app: Flask, stranger: Browser) -> None:
    answers = {path: stranger.get(path, **{"HX-Request": "true"}).status_code for path in doors(app, "GET")}
    assert set(answers.values()) == {401}


def test_a_stranger_changes_nothing_even_with_a_token(app: Flask) -> None:
    answers = {path: Browser(app).post(path).status_code for path in doors(app, "POST")}
    assert answers
    assert set(answers.values()) == {401}


def test_other_methods_open_no_door(app: Flask, stranger: Browser) -> None:
    paths = {*doors(app, "GET"), *doors(app, "POST")}
    answers = [
        stranger.client.open(path, method=method, base_url=SITE)
        for path, method in itertools.product(paths, ["PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"])
    ]
    assert [a.status_code for a in answers if a.status_code == 200] == []


def test_an_unknown_page_tells_a_stranger_nothing(stranger: Browser) -> None:
    assert stranger.get("/supervisor").location == "/sign-in"


def test_a_cookie_of_somebody_who_left_the_staff_is_worthless(desk: Browser, store: Store, mei: Counsellor) -> None:
    store.forget("staff", mei.id)
    assert desk.get("/").location == "/sign-in"


def test_a_shift_ends(app: Flask, mei: Counsellor) -> None:
    late = Browser(app).sign_in_as(mei, since=time.time() - SHIFT.total_seconds() - 1)
    assert late.get("/").location == "/sign-in"


def test_a_cookie_signed_with_another_key_is_worthless(
    parts: Parts,
    app: Flask,
    mei: Counsellor,
) -> None:
    other = create_console(parts, "f" * 32, cookie_secure=True)
    forged = Browser(other).sign_in_as(mei)
    cookie = forged.client.get_cookie("anlu_console", domain="console.example")
    assert cookie
    victim = Browser(app)
    victim.client.set_cookie("anlu_console", cookie.value, domain="console.example", secure=True)
    assert victim.get("/").location == "/sign-in"


# Signing in


def test_who_signs_in_sees_the_queue(stranger: Browser, mei: Counsellor) -> None:
    answer = stranger.post("/sign-in", login="mei", password=PASSWORD, code=pyotp.TOTP(SECRET).now())
    assert answer.location == "/"
    assert "Mei" in stranger.get("/").text


def test_who_signs_in_is_on_duty(stranger: Browser, staff: Staff, mei: Counsellor) -> None:
    stranger.post("/sign-in", login="mei", password=PASSWORD, code=pyotp.TOTP(SECRET).now())
    assert staff.present() == [mei.id]


def test_the_cookie_is_for_our_own_pages_over_https_and_for_no_script(stranger: Browser, mei: Counsellor) -> None:
    answer = stranger.post("/sign-in", login="mei", password=PASSWORD, code=pyotp.TOTP(SECRET).now())
    cookie = answer.headers["Set-Cookie"]
    assert [flag for flag in ("Secure", "HttpOnly", "SameSite=Strict") if flag not in cookie] == []


def test_a_wrong_password_is_answered_with_a_sentence(stranger: Browser, mei: Counsellor) -> None:
    answer = stranger.post("/sign-in", login="mei", password="wrong", code="000000")
    assert (answer.status_code, "Login, password or code is wrong." in answer.text) == (401, True)


def test_too_many_tries_are_answered_with_a_sentence(stranger: Browser, mei: Counsellor) -> None:
    for _ in range(9):
        answer = stranger.post("/sign-in", login="mei", password="wrong", code="000000")
    assert (answer.status_code, "Wait 15 minutes" in answer.text) == (429, True)


def test_what_was_typed_at_the_door_is_not_shown_again(stranger: Browser, mei: Counsellor) -> None:
    answer = stranger.post("/sign-in", login="<b>mei", password="<i>secret", code="000000")
    assert [s for s in ("<b>mei", "<i>secret", "secret") if s in answer.text] == []


def test_who_signs_out_is_off_duty_and_outside(desk: Browser, staff: Staff, mei: Counsellor) -> None:
    staff.be_present(mei.id)
    desk.post("/sign-out")
    assert (staff.present(), desk.get("/").location) == ([], "/sign-in")


# Requests from elsewhere


@pytest.mark.parametrize("path", ["/claim/x", "/conversation/x/write", "/conversation/x/resolve", "/sign-out"])
def test_without_a_token_nothing_happens(desk: Browser, path: str) -> None:
    answer = desk.client.post(path, base_url=SITE, data={"op": "12345678"})
    assert (answer.status_code, "token" in answer.text) == (400, True)


def test_a_token_of_another_session_does_not_fit(desk: Browser, stranger: Browser, mine: ReferralId) -> None:
    stranger.get("/sign-in")
    stranger.post("/sign-out")
    desk.token = stranger.token
    assert desk.post(f"/conversation/{mine}/write", text="hello").status_code == 400


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none"])
def test_a_form_of_another_site_is_refused(
    desk: Browser, mine: ReferralId, posted: Callable[[], list[str]], site: str
) -> None:
    answer = desk.post(f"/conversation/{mine}/write", {"Sec-Fetch-Site": site}, text="hello")
    assert (answer.status_code, posted()) == (403, [])


def test_our_own_form_is_accepted(desk: Browser, mine: ReferralId, posted: Callable[[], list[str]]) -> None:
    answer = desk.post(f"/conversation/{mine}/write", {"Sec-Fetch-Site": "same-origin"}, text="hello")
    assert (answer.status_code, posted()) == (200, ["hello"])


@pytest.mark.parametrize("op", ["", "short", "x" * 65])
def test_a_form_without_a_sound_operation_id_is_refused(
    desk: Browser, mine: ReferralId, posted: Callable[[], list[str]], op: str
) -> None:
    assert (desk.post(f"/conversation/{mine}/write", op=op, text="hello").status_code, posted()) == (400, [])


def test_a_body_too_large_is_refused(desk: Browser, mine: ReferralId) -> None:
    assert desk.post(f"/conversation/{mine}/write", text="x" * 70_000).status_code in (400, 413)


# What every answer carries


def answers_of_all_kinds(desk: Browser, stranger: Browser, mine: ReferralId) -> dict[str, TestResponse]:
    return {
        "page": desk.get("/"),
        "fragment": desk.get("/board"),
        "conversation": desk.get(f"/conversation/{mine}"),
        "sign-in": stranger.get("/sign-in"),
        "redirect": stranger.get("/"),
        "health": stranger.get("/health"),
        "static": stranger.get("/static/console.css"),
        "unknown": desk.get("/nothing-here"),
        "no such file": stranger.get("/static/nothing.css"),
        "no token": stranger.client.post("/claim/x", base_url=SITE),
        "wrong method": desk.client.delete("/", base_url=SITE),
        "lost": desk.post("/conversation/unknown/write", text="hello"),
    }


def test_every_answer_carries_the_security_headers(desk: Browser, stranger: Browser, mine: ReferralId) -> None:
    missing = {
        (what, name)
        for what, answer in answers_of_all_kinds(desk, stranger, mine).items()
        for name, value in HEADERS.items()
        if answer.headers.get(name) != value and (what, name) != ("static", "Cache-Control")
    }
    assert missing == {("no such file", "Cache-Control")}


def test_nothing_with_words_of_people_is_cached(desk: Browser, mine: ReferralId) -> None:
    paths = ["/", "/board", f"/conversation/{mine}", f"/conversation/{mine}/lines"]
    assert {desk.get(path).headers["Cache-Control"] for path in paths} == {"no-store"}


def test_a_fault_carries_the_headers_too_and_shows_no_trace(
    parts: Parts,
    mei: Counsellor,
    logged: Callable[[], str],
) -> None:
    def broken() -> int:
        raise ZeroDivisionError(TEXT)

    app = create_console(replace(parts, bell=broken), COOKIE_KEY, cookie_secure=True)
    answer = Browser(app).get("/health")
    assert (answer.status_code, answer.headers["Cache-Control"]) == (500, "no-store")
    assert "ZeroDivision" not in answer.text
    assert ("console_failed" in logged(), TEXT in logged()) == (True, False)


def test_the_policy_allows_no_inline_script_and_no_other_site() -> None:
    policy = HEADERS["Content-Security-Policy"]
    assert [bad for bad in ("unsafe", "http", "*") if bad in policy] == []
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy


def test_pages_keep_to_the_policy(desk: Browser, mine: ReferralId) -> None:
    pages = "\n".join(desk.get(path).text for path in ("/", f"/conversation/{mine}", "/sign-in"))
    assert re.findall(r"<script>|<script [^>]*src=\"(?!/static/)|\son\w+=|style=\"|https?://", pages) == []


# Whose conversation it is


@pytest.fixture(params=["waiting", "hers", "unknown", "resolved"])
def not_mine(request: pytest.FixtureRequest, referrals: Referrals, mei: Counsellor) -> str:
    """A referral that Mei does not hold: nobody's, Lan's, one that does not exist, one that she has ended."""
    if request.param == "unknown":
        return "r0123456789abcdef"
    if request.param == "resolved":
        id_ = request.getfixturevalue("mine")
        referral = referrals.get(id_)
        assert referral
        referrals.resolve("end", Claim(id_, mei.id, referral.fence), "helped", "bye")
        return str(id_)
    return str(request.getfixturevalue(request.param))


def test_she_cannot_open_what_she_does_not_hold(desk: Browser, not_mine: str) -> None:
    answer = desk.get(f"/conversation/{not_mine}")
    assert (answer.status_code, TEXT in answer.text) == (404, False)


def test_she_cannot_read_the_lines_of_what_she_does_not_hold(desk: Browser, not_mine: str) -> None:
    answer = desk.get(f"/conversation/{not_mine}/lines")
    assert ("You do not hold this conversation" in answer.text, TEXT in answer.text) == (True, False)


def test_she_cannot_write_into_what_she_does_not_hold(
    desk: Browser, not_mine: str, posted: Callable[[], list[str]]
) -> None:
    answer = desk.post(f"/conversation/{not_mine}/write", text="hello")
    assert (answer.status_code, "hello" in posted()) == (409, False)


def test_she_cannot_end_what_she_does_not_hold(desk: Browser, not_mine: str, referrals: Referrals) -> None:
    before = referrals.get(ReferralId(not_mine))
    answer = desk.post(f"/conversation/{not_mine}/resolve", outcome="helped")
    assert (answer.status_code, referrals.get(ReferralId(not_mine))) == (409, before)


def test_she_cannot_pass_on_what_she_does_not_hold(desk: Browser, not_mine: str, referrals: Referrals) -> None:
    before = referrals.get(ReferralId(not_mine))
    answer = desk.post(f"/conversation/{not_mine}/pass-on", to="")
    assert (answer.status_code, referrals.get(ReferralId(not_mine))) == (409, before)


def test_a_name_that_is_no_name_is_not_found(desk: Browser) -> None:
    odd = ["%00", "..%2f", "{t}", "r1%0a", "救命", "x" * 3000]
    assert {desk.get(f"/conversation/{name}").status_code for name in odd} == {404}


# The queue


def test_the_queue_shows_who_waits_without_her_words(desk: Browser, waiting: ReferralId) -> None:
    page = desk.get("/").text
    assert ("locked in or guarded" in page, TEXT in page, OPENID in page) == (True, False, False)


def test_the_live_fragment_is_the_same_as_the_first_paint(desk: Browser, mine: ReferralId) -> None:
    def steady(html: str) -> str:
        return re.sub(r'value="[^"]*"|\d+ s ago', "", html)

    assert steady(desk.get("/board").text.strip()) in steady(desk.get("/").text)


def test_taking_somebody_opens_the_conversation(desk: Browser, waiting: ReferralId) -> None:
    answer = desk.post(f"/claim/{waiting}")
    assert answer.location == f"/conversation/{waiting}"
    assert TEXT in desk.get(answer.location).text


def test_the_slower_of_two_counsellors_gets_a_sentence(desk: Browser, other_desk: Browser, waiting: ReferralId) -> None:
    desk.post(f"/claim/{waiting}")
    answer = other_desk.post(f"/claim/{waiting}")
    assert (answer.status_code, "A colleague was faster" in answer.text) == (409, True)


def test_of_two_counsellors_at_the_same_moment_one_gets_it(
    desk: Browser, other_desk: Browser, waiting: ReferralId
) -> None:
    gate = threading.Barrier(2)
    for browser in (desk, other_desk):
        browser.post("/claim/unknown")

    def take(browser: Browser) -> int:
        gate.wait()
        return browser.post(f"/claim/{waiting}").status_code

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(take, (desk, other_desk))) == [302, 409]


def test_a_double_click_on_take_takes_once(desk: Browser, waiting: ReferralId, store: Store) -> None:
    answers = [desk.post(f"/claim/{waiting}", op="the-same-click").status_code for _ in range(2)]
    actions = [entry["action"] for _, entry in store.client.xrange(store.keys("audit"))]
    assert (answers, actions.count("claimed")) == ([302, 302], 1)


def test_colleagues_conversations_stand_under_their_names(desk: Browser, hers: ReferralId) -> None:
    page = desk.get("/").text
    assert ("With colleagues" in page, "Lan" in page, f"/conversation/{hers}" in page) == (True, True, False)


def cry_out(people: People, referrals: Referrals, count: int, level: int = 3) -> list[ReferralId]:
    """So many who wait, the longest waiting first."""
    found = []
    for _ in range(count):
        who = people.welcome("sms", f"+852{secrets.randbelow(10**9)}")
        found.append(referrals.enqueue(secrets.token_hex(8), who, "sms", "zh", level, (), "x").id)
        time.sleep(0.001)  # two of one millisecond stand by their ids
    return found


def test_a_long_queue_is_shown_in_pages_and_counted_whole(
    desk: Browser, people: People, referrals: Referrals, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.service.counselling.PAGE", 3)
    ids = cry_out(people, referrals, 7)
    pages = [desk.get(f"/board?page={number}").text for number in (1, 2, 3)]
    assert [re.findall(r"/claim/(\w+)", page) for page in pages] == [ids[:3], ids[3:6], ids[6:]]
    assert all("<b>7</b> waiting" in page for page in pages)
    assert [("page=2" in p, "page=1" in p, "page=3" in p) for p in pages] == [
        (True, False, False),
        (False, True, True),
        (True, False, False),
    ]


@pytest.mark.parametrize(("asked", "shown"), [("99", "page 3 of 3"), ("-5", "page 1 of 3"), ("x", "page 1 of 3")])
def test_a_page_that_is_not_there_gives_the_nearest(
    desk: Browser, people: People, referrals: Referrals, monkeypatch: pytest.MonkeyPatch, asked: str, shown: str
) -> None:
    monkeypatch.setattr("bot.service.counselling.PAGE", 3)
    cry_out(people, referrals, 7)
    assert shown in desk.get(f"/board?page={asked}").text


def test_a_page_of_the_queue_stays_itself_when_something_changes(desk: Browser) -> None:
    assert 'hx-get="/board?page=2"' in desk.get("/?page=2").text
    assert 'hx-get="/board"' in desk.get("/").text


def test_those_in_hands_are_counted_beyond_what_is_listed(
    desk: Browser, people: People, referrals: Referrals, mei: Counsellor, lan: Counsellor
) -> None:
    for number, id_ in enumerate(cry_out(people, referrals, 3)):
        referrals.claim(f"c{number}", mei.id if number == 0 else lan.id, id_)
    page = desk.get("/board").text
    assert ("<b>1</b> with me" in page, "<b>2</b> with colleagues" in page) == (True, True)


@pytest.fixture
def long_talk(mine: ReferralId, people: People, referrals: Referrals, monkeypatch: pytest.MonkeyPatch) -> ReferralId:
    """A conversation in Mei's hands of 2 + 7 lines, three a page."""
    monkeypatch.setattr("bot.service.counselling.LINES", 3)
    for number in range(7):
        referrals.append(f"line{number}", people.name("wechat", OPENID), "person", f"line-{number}")
    return mine


def test_a_long_conversation_shows_its_last_lines_and_the_way_to_the_earlier_ones(
    desk: Browser, long_talk: ReferralId
) -> None:
    path, seen = f"/conversation/{long_talk}", []
    while path:
        page = desk.get(path).text
        seen.append(re.findall(r"line-\d|" + TEXT + "|hits", page))
        found = re.search(r'href="(/conversation/\w+/before/[\d-]+)"', page)
        path = found.group(1) if found else ""
    assert seen == [["line-4", "line-5", "line-6"], ["line-1", "line-2", "line-3"], [TEXT, "hits", "line-0"]]


def test_earlier_lines_are_for_the_holder_and_stand_in_the_audit(
    desk: Browser, other_desk: Browser, long_talk: ReferralId, store: Store
) -> None:
    page = desk.get(f"/conversation/{long_talk}").text
    path = re.findall(r'href="(/conversation/\w+/before/[\d-]+)"', page)[0]
    assert other_desk.get(path).status_code == 404
    before = store.client.xlen(store.keys("audit"))
    assert desk.get(path).status_code == 200
    assert [e["action"] for _, e in store.client.xrange(store.keys("audit"))][before:] == ["read"]


@pytest.mark.parametrize("number", ["x", "1", "(1-1", "1-1%0a", "9" * 40 + "-1", "-"])
def test_a_line_number_that_is_none_is_not_found(desk: Browser, mine: ReferralId, number: str) -> None:
    assert desk.get(f"/conversation/{mine}/before/{number}").status_code == 404


def test_words_of_a_long_conversation_are_released_from_its_beginning(
    desk: Browser, long_talk: ReferralId, store: Store, site_cipher: Cipher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Referrals.transcript, "__defaults__", (True, "", 3))
    desk.post(f"/conversation/{long_talk}/judge", verdict="right", release="yes")
    [verdict] = Verdicts(store, site_cipher).all()
    assert verdict.texts == (TEXT,)


# Writing


def test_what_she_writes_reaches_the_outbox_and_the_page(
    desk: Browser, mine: ReferralId, posted: Callable[[], list[str]]
) -> None:
    answer = desk.post(f"/conversation/{mine}/write", text="  我们看到了  ")
    assert (posted(), "我们看到了" in answer.text) == (["我们看到了"], True)


def test_a_double_click_on_send_sends_once(desk: Browser, mine: ReferralId, posted: Callable[[], list[str]]) -> None:
    answers = [desk.post(f"/conversation/{mine}/write", op="the-same-click", text="hello") for _ in range(2)]
    assert ([a.status_code for a in answers], posted()) == ([200, 200], ["hello"])


def test_a_double_click_at_the_same_moment_sends_once(
    app: Flask, mei: Counsellor, mine: ReferralId, posted: Callable[[], list[str]]
) -> None:
    tabs = [Browser(app).sign_in_as(mei) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda tab: tab.post(f"/conversation/{mine}/write", op="the-same-click", text="hello"), tabs))
    assert posted() == ["hello"]


def test_the_same_operation_id_of_two_counsellors_is_two_operations(
    desk: Browser, other_desk: Browser, mine: ReferralId, posted: Callable[[], list[str]], lan: Counsellor
) -> None:
    desk.post(f"/conversation/{mine}/write", op="the-same-click", text="from Mei")
    desk.post(f"/conversation/{mine}/pass-on", to=lan.id)
    other_desk.post(f"/conversation/{mine}/write", op="the-same-click", text="from Lan")
    assert posted() == ["from Mei", "from Lan"]


@pytest.mark.parametrize("text", ["", "   \n", "x" * (LONGEST_MESSAGE + 1)])
def test_an_empty_or_too_long_message_is_answered_with_a_sentence(
    desk: Browser, mine: ReferralId, posted: Callable[[], list[str]], text: str
) -> None:
    answer = desk.post(f"/conversation/{mine}/write", text=text)
    assert (answer.status_code, "between 1 and 600" in answer.text, posted()) == (422, True, [])


def test_the_message_form_never_puts_words_into_an_address(desk: Browser, mine: ReferralId) -> None:
    form = re.search(r'<form id="write"[^>]*>', desk.get(f"/conversation/{mine}").text)
    assert form
    assert 'method="post"' in form.group()


def test_after_the_lease_ran_out_she_is_told_that_her_words_were_not_sent(
    desk: Browser, mine: ReferralId, store: Store, posted: Callable[[], list[str]]
) -> None:
    store.client.hset(store.keys("referral", mine), "lease", 1)
    answer = desk.post(f"/conversation/{mine}/write", text="hello")
    assert (answer.status_code, "Your words were not sent" in answer.text, posted()) == (409, True, [])


def test_a_retry_of_words_that_were_sent_is_not_called_unsent(
    desk: Browser, mine: ReferralId, lan: Counsellor, referrals: Referrals, mei: Counsellor
) -> None:
    desk.post(f"/conversation/{mine}/write", op="the-same-click", text="hello")
    desk.post(f"/conversation/{mine}/pass-on", to=lan.id)
    answer = desk.post(f"/conversation/{mine}/write", op="the-same-click", text="hello")
    assert "Your words were not sent" not in answer.text


# Passing on and ending


def test_passing_on_puts_it_into_the_colleagues_hands(
    desk: Browser, other_desk: Browser, mine: ReferralId, lan: Counsellor
) -> None:
    assert desk.post(f"/conversation/{mine}/pass-on", to=lan.id).location == "/"
    assert other_desk.get(f"/conversation/{mine}").status_code == 200
    assert desk.get(f"/conversation/{mine}").status_code == 404


def test_giving_back_puts_it_into_the_queue(desk: Browser, mine: ReferralId, referrals: Referrals) -> None:
    desk.post(f"/conversation/{mine}/pass-on", to="")
    assert [r.id for r in referrals.waiting()] == [mine]


def test_nobody_is_passed_on_to_somebody_who_does_not_exist(
    desk: Browser, mine: ReferralId, referrals: Referrals, mei: Counsellor
) -> None:
    answer = desk.post(f"/conversation/{mine}/pass-on", to="c-nobody")
    referral = referrals.get(mine)
    assert referral
    assert (answer.status_code, referral.holder) == (422, mei.id)


def test_a_double_click_on_pass_on_is_confirmed(desk: Browser, mine: ReferralId, lan: Counsellor) -> None:
    answers = [desk.post(f"/conversation/{mine}/pass-on", op="the-same-click", to=lan.id) for _ in range(2)]
    assert [a.status_code for a in answers] == [302, 302]


def test_ending_queues_the_hand_back_in_the_persons_language(
    desk: Browser, mine: ReferralId, posted: Callable[[], list[str]], library: Library
) -> None:
    desk.post(f"/conversation/{mine}/resolve", outcome="helped")
    assert posted() == [Answers(library, SystemClock()).phrase("hand_back", "zh")]


def test_a_double_click_on_end_sends_one_hand_back(
    desk: Browser, mine: ReferralId, posted: Callable[[], list[str]]
) -> None:
    answers = [desk.post(f"/conversation/{mine}/resolve", op="the-same-click", outcome="helped") for _ in range(2)]
    assert ([a.status_code for a in answers], len(posted())) == ([302, 302], 1)


def test_the_conversation_offers_every_step_as_a_form(desk: Browser, mine: ReferralId) -> None:
    page = desk.get(f"/conversation/{mine}").text
    steps = set(re.findall(rf'<form[^>]* action="/conversation/{mine}/([a-z-]+)"', page))
    assert steps == {"write", "judge", "pass-on", "resolve", "note", "lay-aside", "join"}
    assert "}}" not in page


@pytest.mark.parametrize("said", ["right", "wrong"])
def test_she_tells_the_screen_whether_it_was_right(
    desk: Browser, mine: ReferralId, store: Store, site_cipher: Cipher, said: str
) -> None:
    assert desk.post(f"/conversation/{mine}/judge", verdict=said).status_code == 302
    assert f"You said: {said}" in desk.get(f"/conversation/{mine}").text
    [verdict] = Verdicts(store, site_cipher).all()
    assert (verdict.right, verdict.texts) == (said == "right", ())


def test_a_verdict_keeps_no_words_and_audits_who_gave_it(desk: Browser, mine: ReferralId, store: Store) -> None:
    desk.post(f"/conversation/{mine}/judge", verdict="wrong")
    kept = str(store.client.xrange(store.keys("verdicts")))
    assert (TEXT in kept, OPENID in kept) == (False, False)
    assert "judged" in str(store.client.xrange(store.keys("audit")))


def test_released_words_are_kept_sealed_and_only_those_that_called(
    desk: Browser, mine: ReferralId, store: Store, site_cipher: Cipher, referrals: Referrals
) -> None:
    person = referrals.get(mine).person  # type: ignore[union-attr]
    referrals.enqueue("again", person, "wechat", "zh", 1, ("violence",), "他拿刀", ("says “拿刀”",))
    referrals.append("later", person, "person", "我在二楼")
    desk.post(f"/conversation/{mine}/judge", verdict="right", release="yes")
    [verdict] = Verdicts(store, site_cipher).all()
    assert "他拿刀" in verdict.texts
    assert "我在二楼" not in verdict.texts
    assert "他拿刀" not in str(store.client.xrange(store.keys("verdicts")))


def test_she_can_change_her_mind(desk: Browser, mine: ReferralId, store: Store, site_cipher: Cipher) -> None:
    for said in ("right", "wrong"):
        desk.post(f"/conversation/{mine}/judge", verdict=said)
    assert [verdict.right for verdict in Verdicts(store, site_cipher).all()] == [False]


def test_a_verdict_needs_a_word_and_the_conversation(desk: Browser, other_desk: Browser, mine: ReferralId) -> None:
    assert desk.post(f"/conversation/{mine}/judge", verdict="maybe").status_code == 422
    assert other_desk.post(f"/conversation/{mine}/judge", verdict="right").status_code == 409


@pytest.mark.parametrize("outcome", ["", "nonsense"])
def test_ending_needs_a_known_outcome(desk: Browser, mine: ReferralId, referrals: Referrals, outcome: str) -> None:
    answer = desk.post(f"/conversation/{mine}/resolve", outcome=outcome)
    assert (answer.status_code, len(referrals.held())) == (422, 1)


@pytest.mark.parametrize("outcome", sorted(OUTCOMES))
def test_every_outcome_offered_is_accepted(desk: Browser, mine: ReferralId, outcome: str) -> None:
    assert f'value="{outcome}"' in desk.get(f"/conversation/{mine}").text
    assert desk.post(f"/conversation/{mine}/resolve", outcome=outcome).location == "/"


# What people wrote is text, never markup


def test_what_a_person_wrote_is_shown_as_text(
    desk: Browser, mine: ReferralId, referrals: Referrals, people: People
) -> None:
    referrals.append("x", people.name("wechat", OPENID), "person", "<script>alert('1')</script>\"{{ 7*7 }}")
    for path in (f"/conversation/{mine}", f"/conversation/{mine}/lines"):
        page = desk.get(path).text
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&#34;{{ 7*7 }}" in page


def test_a_colleagues_name_is_shown_as_text(desk: Browser, mine: ReferralId, staff: Staff) -> None:
    staff.add("eve", "<img src=x>", "counsellor", PASSWORD, SECRET)
    assert "<img src=x>" not in desk.get(f"/conversation/{mine}").text


def test_a_name_in_the_address_is_shown_as_text(desk: Browser) -> None:
    assert "<b>" not in desk.get("/conversation/<b>x").text


# Audit


def test_opening_a_conversation_stands_in_the_audit(desk: Browser, mine: ReferralId, store: Store) -> None:
    desk.get(f"/conversation/{mine}")
    assert [e["action"] for _, e in store.client.xrange(store.keys("audit"))][-1] == "read"


def test_who_reads_by_the_live_fragment_alone_stands_in_the_audit_too(
    desk: Browser, mine: ReferralId, store: Store
) -> None:
    assert TEXT in desk.get(f"/conversation/{mine}/lines").text
    assert "read" in [e["action"] for _, e in store.client.xrange(store.keys("audit"))]


# The stream


@pytest.fixture
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "LOOK_S", 0.005)


@pytest.mark.usefixtures("_often")
def test_the_stream_rings_at_the_start_and_after_a_change(
    counselling: Counselling,
    store: Store,
    alarms: AlarmDesk,
    mei: Counsellor,
    people: People,
    referrals: Referrals,
) -> None:
    stream = (event for event in live.rings(counselling, store.bell, alarms, mei) if "alarm" not in event)
    first = [next(stream), next(stream)]
    placed = referrals.enqueue("cry", people.welcome("sms", "+8521"), "sms", "en", 1, ("violence",), "help")
    assert placed.created
    assert first[1].startswith("event: bell")
    assert next(stream) == f"event: bell\ndata: {store.bell()}\n\n"


@pytest.mark.usefixtures("_often")
def test_an_open_screen_keeps_her_on_duty(
    counselling: Counselling, store: Store, alarms: AlarmDesk, staff: Staff, mei: Counsellor
) -> None:
    stream = live.rings(counselling, store.bell, alarms, mei)
    next(stream)
    next(stream)
    assert staff.present() == [mei.id]


@pytest.mark.usefixtures("_often")
def test_an_open_screen_renews_what_she_holds(
    counselling: Counselling, store: Store, alarms: AlarmDesk, mei: Counsellor, mine: ReferralId
) -> None:
    before = store.client.zscore(store.keys("leases"), mine)
    stream = live.rings(counselling, store.bell, alarms, mei)
    next(stream)
    next(stream)
    assert store.client.zscore(store.keys("leases"), mine) > before


def test_an_open_screen_does_not_revive_a_lease_that_ran_out(
    counselling: Counselling, store: Store, mei: Counsellor, mine: ReferralId, referrals: Referrals
) -> None:
    store.client.hset(store.keys("referral", mine), "lease", 1)
    store.client.zadd(store.keys("leases"), {mine: 1})
    counselling.be_present(mei)
    assert referrals.reap() == ([mine], [])


def test_one_screen_does_not_renew_what_a_colleague_holds(
    counselling: Counselling, store: Store, mei: Counsellor, hers: ReferralId
) -> None:
    before = store.client.zscore(store.keys("leases"), hers)
    counselling.be_present(mei)
    assert store.client.zscore(store.keys("leases"), hers) == before


@pytest.mark.usefixtures("_often")
def test_a_stream_writes_while_nothing_happens_so_that_a_gone_browser_is_noticed(
    counselling: Counselling, store: Store, alarms: AlarmDesk, mei: Counsellor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "BREATH_S", 0.0)
    stream = live.rings(counselling, store.bell, alarms, mei)
    assert list(itertools.islice(stream, 5)).count(":\n\n") == 2


def test_a_stream_ends_itself(
    counselling: Counselling, store: Store, alarms: AlarmDesk, mei: Counsellor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "STREAM_S", 0.05)
    assert len(list(live.rings(counselling, store.bell, alarms, mei))) == 3


def test_the_stream_is_an_event_stream_that_no_proxy_holds_back(desk: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "STREAM_S", 0.01)
    answer = desk.get("/events")
    assert (answer.content_type, answer.headers["X-Accel-Buffering"]) == ("text/event-stream", "no")


# The store is away


@pytest.fixture
def desk_without_store(app_without_store: Flask) -> Browser:
    me = Counsellor(CounsellorId("c1"), "mei", "Mei", "counsellor")
    return Browser(app_without_store).sign_in_as(me)


@pytest.mark.parametrize("path", ["/", "/board", "/conversation/x", "/conversation/x/lines", "/events"])
def test_without_the_store_a_page_is_a_sentence(desk_without_store: Browser, path: str) -> None:
    answer = desk_without_store.get(path)
    assert (answer.status_code, AWAY in answer.text, "Traceback" in answer.text) == (503, True, False)


def test_without_the_store_writing_is_answered_with_a_sentence(
    app_without_store: Flask,
) -> None:
    fresh = Browser(app_without_store)
    found = TOKEN.search(fresh.get("/sign-in").text)
    assert found
    fresh.token = found.group(1)
    with fresh.client.session_transaction(base_url=SITE) as session:
        session.update(counsellor="c1", since=time.time())
    answer = fresh.post("/conversation/x/write", text="hello")
    assert (answer.status_code, AWAY in answer.text) == (503, True)


def test_without_the_store_the_door_says_so(app_without_store: Flask) -> None:
    answer = Browser(app_without_store).post("/sign-in", login="mei", password=PASSWORD, code="000000")
    assert (answer.status_code, AWAY in answer.text) == (503, True)


def test_without_the_store_the_sentence_carries_the_headers(desk_without_store: Browser) -> None:
    answer = desk_without_store.get("/")
    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS


def test_without_the_store_the_console_is_not_healthy(app_without_store: Flask) -> None:
    answer = Browser(app_without_store).get("/health")
    assert (answer.status_code, answer.json) == (503, {"store": False})


def test_with_the_store_the_console_is_healthy(stranger: Browser) -> None:
    assert stranger.get("/health").json == {"store": True}


@pytest.mark.usefixtures("_often")
def test_a_stream_says_that_the_store_is_away(
    counselling: Counselling, alarms: AlarmDesk, tmp_path: Path, mei: Counsellor
) -> None:
    away = Store(f"unix://{tmp_path}/nobody.sock", "t")
    assert list(live.rings(counselling, away.bell, alarms, mei))[-1] == "event: away\ndata: -\n\n"


# Nobody's words in the log


def test_the_log_shows_no_words_of_anybody(
    desk: Browser, mine: ReferralId, people: People, logged: Callable[[], str]
) -> None:
    desk.get(f"/conversation/{mine}")
    desk.post(f"/conversation/{mine}/write", text="我们看到了")
    desk.post(f"/conversation/{mine}/resolve", outcome="helped")
    desk.get("/conversation/他打我")
    assert [s for s in (TEXT, "我们看到了", OPENID, people.name("wechat", OPENID), "他打我") if s in logged()] == []


# The page about the answers


def test_the_answers_page_shows_how_often_each_helped(app: Flask, mei: Counsellor, store: Store) -> None:
    helped, unsure = Counts(store, SystemClock(), "helped"), Counts(store, SystemClock(), "unanswered")
    for said in ("yes", "yes", "no"):
        helped.add(f"rights/union {said}")
    unsure.add("rights/union")
    page = Browser(app).sign_in_as(mei).get("/answers").text
    row = next(row for row in page.split("<tr>") if "rights/union" in row)
    assert re.findall(r"<td>(\d+)</td>", row) == ["2", "1", "1"]
    assert "67 %" in row
    assert 'role="alert"' not in page


def test_the_answers_page_says_why_changed_files_are_not_in_use(
    parts: Parts, store: Store, library: Library, mei: Counsellor
) -> None:
    counts = Counts(store, SystemClock(), "helped")
    editorial = Editorial(Answers(library, SystemClock()), counts, counts, lambda: "common.yml cannot be read")
    broken = replace(parts, editorial=editorial)
    app = create_console(broken, COOKIE_KEY, cookie_secure=True)
    assert "common.yml cannot be read" in Browser(app).sign_in_as(mei).get("/answers").text


# Notes, laying aside, moving, joining


def in_hours(hours: int) -> str:
    return (datetime.now(CHINA) + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M")


def test_a_note_is_shown_to_staff_and_never_sent(
    desk: Browser, mine: ReferralId, posted: Callable[[], list[str]]
) -> None:
    desk.post(f"/conversation/{mine}/note", text="her brother knows")
    page = desk.get(f"/conversation/{mine}").text
    assert "her brother knows" in page
    assert "note, not sent" in page
    assert posted() == []


def test_what_is_laid_aside_stands_apart_and_comes_back_when_she_writes(
    desk: Browser, mine: ReferralId, referrals: Referrals, people: People
) -> None:
    assert (
        desk.post(f"/conversation/{mine}/lay-aside", until=in_hours(24), text="ask for the court date").status_code
        == 302
    )
    board = desk.get("/board").text
    assert "Laid aside" in board
    assert "Nobody waits" in board
    referrals.append("line", people.name("wechat", OPENID), "person", "hello", "wechat")
    assert [r.id for r in referrals.waiting()] == [mine]


@pytest.mark.parametrize("until", ["", "tomorrow", "2020-01-01T10:00", "2999-01-01T10:00"])
def test_a_time_that_cannot_be_meant_gets_a_sentence(
    desk: Browser, mine: ReferralId, referrals: Referrals, until: str
) -> None:
    assert desk.post(f"/conversation/{mine}/lay-aside", until=until, text="x").status_code == 422
    held = referrals.get(mine)
    assert held
    assert held.state == "claimed"


def test_take_the_next_gives_the_first_in_line(desk: Browser, waiting: ReferralId) -> None:
    assert desk.post("/claim-next").location == f"/conversation/{waiting}"
    assert desk.post("/claim-next").status_code == 409


def test_full_hands_are_told_so(
    desk: Browser, mine: ReferralId, mei: Counsellor, staff: Staff, referrals: Referrals, people: People
) -> None:
    staff.equip(mei.id, Skills(capacity=1))
    other = referrals.enqueue("b", people.welcome("wechat", "other"), "wechat", "zh", 2, (), "x").id
    answer = desk.post(f"/claim/{other}")
    assert (answer.status_code, FULL in html.unescape(answer.text)) == (409, True)


def test_only_a_supervisor_moves_what_a_colleague_holds(
    app: Flask, desk: Browser, hers: ReferralId, staff: Staff, referrals: Referrals, mei: Counsellor, store: Store
) -> None:
    assert "Move" not in desk.get("/board").text
    assert desk.post(f"/reassign/{hers}", to="").status_code == 422
    boss = Browser(app).sign_in_as(staff.add("boss", "Boss", "supervisor", PASSWORD, SECRET))
    assert "Move" in boss.get("/board").text
    assert boss.post(f"/reassign/{hers}", to="").status_code == 302
    assert [r.id for r in referrals.waiting()] == [hers]
    assert "reassigned" in [entry["action"] for _, entry in store.client.xrange(store.keys("audit"))]
    assert boss.post("/reassign/runknown", to="").status_code == 409


def test_nobody_off_duty_is_handed_a_conversation(
    desk: Browser, mine: ReferralId, lan: Counsellor, staff: Staff
) -> None:
    staff.leave(lan.id)
    assert lan.name not in desk.get(f"/conversation/{mine}").text
    assert "not on duty" in desk.post(f"/conversation/{mine}/pass-on", to=lan.id).text


def test_a_code_is_sent_and_joins_whoever_sends_it_back(
    desk: Browser, mine: ReferralId, store: Store, people: People, referrals: Referrals, posted: Callable[[], list[str]]
) -> None:
    desk.post(f"/conversation/{mine}/join")
    code = posted()[0].split()[-1]
    phone = people.welcome("sms", "+85512345678")
    assert Joining(store).take("m1", code, phone, "sms") == mine
    assert Joining(store).take("m2", code, phone, "sms") is None


# The record


@pytest.fixture
def supervisor(app: Flask, staff: Staff) -> Browser:
    return Browser(app).sign_in_as(staff.add("boss", "Fang", "supervisor", PASSWORD, SECRET))


@pytest.fixture
def ended(desk: Browser, mine: ReferralId, record: Record) -> ReferralId:
    desk.post(f"/conversation/{mine}/resolve", outcome="police")
    record.follow()
    return mine


def test_the_record_is_for_supervisors(desk: Browser, supervisor: Browser) -> None:
    assert (desk.get("/record").status_code, supervisor.get("/record").status_code) == (403, 200)
    assert ("/record" in desk.get("/").text, "/record" in supervisor.get("/").text) == (False, True)


def test_the_record_shows_how_it_ended_and_no_words(supervisor: Browser, ended: ReferralId) -> None:
    page = supervisor.get("/record").text
    assert page.count("police or emergency services involved") == 3  # in the form, the month and the list
    assert ("Mei" in page, TEXT in page, OPENID in page) == (True, False, False)


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("level=1", True),
        ("level=2", False),
        ("outcome=police", True),
        ("outcome=helped", False),
        ("outcome=nonsense", False),
        ("before=1000", False),
        ("level=x&month=x&before=x", True),
    ],
)
def test_the_record_is_narrowed_as_asked(supervisor: Browser, ended: ReferralId, query: str, shown: bool) -> None:
    answer = supervisor.get(f"/record?{query}")
    assert (answer.status_code, 'id="ended"' in answer.text) == (200, shown)


def test_the_record_leads_to_its_next_page(
    supervisor: Browser, ended: ReferralId, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.console.record.PAGE", 1)
    path = re.search(r'rel="next" href="([^"]+)"', supervisor.get("/record?level=1").text)
    assert path
    assert 'id="ended"' not in supervisor.get(path.group(1).replace("&amp;", "&")).text


# Words on their way


def test_words_that_wait_for_long_say_how_often_they_were_tried_and_why(
    desk: Browser, mine: ReferralId, store: Store, people: People
) -> None:
    desk.post(f"/conversation/{mine}/write", text="Are you safe?")
    outbox = Outbox(store, people)
    for _ in range(3):
        parcel = outbox.take()
        assert parcel
        outbox.retry(parcel, 0, "x: the platform is down")
    page = desk.get(f"/conversation/{mine}").text
    assert "on its way, tried 3 times (x: the platform is down)" in page


def test_words_that_may_have_gone_twice_say_so(desk: Browser, mine: ReferralId, store: Store, people: People) -> None:
    desk.post(f"/conversation/{mine}/write", text="Are you safe?")
    outbox = Outbox(store, people)
    for step in (lambda p: outbox.retry(p, 0, "?", maybe_sent=True), lambda p: outbox.sent(p, "SM1")):
        parcel = outbox.take()
        assert parcel
        step(parcel)
    page = desk.get(f"/conversation/{mine}").text
    assert "taken by the platform, may have been sent twice" in page


# The window in which the platform takes messages


def test_the_page_says_how_many_messages_the_platform_still_takes(
    desk: Browser, mine: ReferralId, people: People, windows: Windows
) -> None:
    windows.heard(people.name("wechat", OPENID), "wechat", Kind.TEXT)
    assert "WeChat takes 5 more messages until" in desk.get(f"/conversation/{mine}").text
    page = desk.post(f"/conversation/{mine}/write", text="Are you safe?").text
    assert "WeChat takes 4 more messages until" in page


def test_while_the_window_is_shut_the_box_is_closed_and_the_server_refuses(
    desk: Browser, mine: ReferralId, people: People, windows: Windows, posted: Callable[[], list[str]]
) -> None:
    windows.heard(people.name("wechat", OPENID), "wechat", Kind.TEXT)
    for number in range(5):
        assert desk.post(f"/conversation/{mine}/write", text=str(number)).status_code == 200
    refused = desk.post(f"/conversation/{mine}/write", text="one more")
    assert (refused.status_code, posted()) == (409, ["0", "1", "2", "3", "4"])
    page = desk.get(f"/conversation/{mine}").text
    assert '<fieldset id="composer" disabled>' in page
    assert all("takes no more messages until she writes again" in text for text in (refused.text, page))


def test_a_second_click_on_the_last_message_of_a_window_is_no_refusal(
    desk: Browser, mine: ReferralId, people: People, windows: Windows
) -> None:
    windows.heard(people.name("wechat", OPENID), "wechat", Kind.TEXT)
    codes = [desk.post(f"/conversation/{mine}/write", text=n, op=f"operation-{n}").status_code for n in "123455"]
    assert codes == [200] * 6


def test_when_she_writes_the_box_opens_again(
    desk: Browser, mine: ReferralId, people: People, windows: Windows, store: Store
) -> None:
    person, outbox = people.name("wechat", OPENID), Outbox(store, people)
    windows.heard(person, "wechat", Kind.TEXT)
    for number in range(5):
        desk.post(f"/conversation/{mine}/write", text=str(number))
        parcel = outbox.take()
        assert parcel
        outbox.sent(parcel, "1")
    assert "data-shut" in desk.get(f"/conversation/{mine}/lines").text
    windows.heard(person, "wechat", Kind.TEXT)
    assert "WeChat takes 5 more" in desk.get(f"/conversation/{mine}/lines").text
    assert desk.post(f"/conversation/{mine}/write", text="x").status_code == 200


# What reached nobody


@pytest.fixture
def boss(staff: Staff) -> Counsellor:
    return staff.add("boss", "Boss", "supervisor", PASSWORD, SECRET)


@pytest.fixture
def office(app: Flask, boss: Counsellor) -> Browser:
    """A supervisor's browser."""
    return Browser(app).sign_in_as(boss)


@pytest.fixture
def undelivered(desk: Browser, mine: ReferralId, store: Store, people: People) -> str:
    """The id of a message of Mei's that was given up."""
    desk.post(f"/conversation/{mine}/write", text="Are you safe?")
    parcel = Outbox(store, people).take()
    assert parcel
    Outbox(store, people).dead(parcel, "21610: the person has opted out")
    return parcel.id


def test_a_supervisor_sees_what_reached_nobody_and_why_but_no_words(
    office: Browser, mine: ReferralId, undelivered: str
) -> None:
    page = office.get("/given-up").text
    assert undelivered in page
    assert all(words in page for words in (mine, "with Mei", "21610: the person has opted out"))
    assert "Are you safe?" not in page
    assert "Not delivered (1)" in office.get("/").text


def test_a_counsellor_has_no_such_page(desk: Browser, undelivered: str, store: Store) -> None:
    answers = [desk.get("/given-up"), desk.post(f"/given-up/{undelivered}/again"), desk.get("/")]
    assert [answer.status_code for answer in answers] == [403, 403, 200]
    assert "Not delivered" not in answers[-1].text
    assert store.hash("out", "message", undelivered)["state"] == "dead"


def test_what_is_tried_again_goes_out_once_and_stands_in_the_audit(
    office: Browser, boss: Counsellor, undelivered: str, store: Store, people: People
) -> None:
    codes = [office.post(f"/given-up/{undelivered}/again", op="operation-1").status_code for _ in range(2)]
    assert codes == [302, 302]
    assert office.post(f"/given-up/{undelivered}/again", op="operation-2").status_code == 409
    outbox = Outbox(store, people)
    parcel = outbox.take()
    assert parcel
    assert (parcel.id, parcel.attempts, outbox.text(parcel), outbox.given_up()) == (undelivered, 1, "Are you safe?", 0)
    outbox.sent(parcel, "SM1")
    assert outbox.take() is None
    entries = [(e["action"], e["actor"]) for _, e in store.client.xrange(store.keys("audit"))]
    assert entries.count(("sent_again", boss.id)) == 1


def test_what_is_put_aside_leaves_the_list_and_stays_undelivered(
    office: Browser, desk: Browser, mine: ReferralId, undelivered: str, store: Store, people: People
) -> None:
    office.post(f"/given-up/{undelivered}/aside")
    assert "Every message was sent" in office.get("/given-up").text
    assert "NOT delivered" in desk.get(f"/conversation/{mine}").text
    assert Outbox(store, people).take() is None
    assert "put_aside" in [e["action"] for _, e in store.client.xrange(store.keys("audit"))]


def test_a_late_report_of_the_first_try_does_not_touch_the_second(
    office: Browser, undelivered: str, store: Store, people: People
) -> None:
    outbox = Outbox(store, people)
    office.post(f"/given-up/{undelivered}/again")
    parcel = outbox.take()
    assert parcel
    outbox.sent(parcel, "SM1")
    outbox.follow("wechat", "SM1", "failed", "30003: off")
    office.post(f"/given-up/{undelivered}/again")
    assert outbox.follow("wechat", "SM1", "failed", "30003: off") == "old"
    assert store.hash("out", "message", undelivered)["state"] == "waiting"
