"""The public side answers what is signed, the same each time, helps on a bad day, and logs nothing of anybody."""

import io
import json
import logging
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests
import responses
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from bot.gateway.app import create_gateway
from bot.log import ALLOWED, configure
from bot.settings import Settings
from bot.store.turns import Turns
from bot.wiring import Site
from channels.base import BODY_LIMIT
from channels.wechat import WeChat
from tests.people_who_write import CRY, PAY, QUESTION, EngineStub, decided, site_on
from tests.platforms import (
    AUTH_TOKEN,
    NUMBER,
    OPENID,
    TOKEN,
    said_by_sms,
    said_by_wechat,
    sms_fields,
    sms_signature,
    wechat_opened,
    wechat_path,
    wechat_query,
    wechat_sealed,
    wechat_text,
    wechat_xml,
)

NOWHERE = "unix:///nowhere/at/all.sock"


@pytest.fixture
def site(settings: Settings) -> Iterator[Site]:
    with site_on(settings) as site:
        yield site


@pytest.fixture
def homeless(settings: Settings) -> Iterator[Site]:
    """The same site while its store is away."""
    with site_on(settings.model_copy(update={"redis_url": NOWHERE})) as site:
        yield site


@pytest.fixture
def engine() -> Iterator[EngineStub]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as web:
        yield EngineStub(web)


def client_of(site: Site) -> FlaskClient:
    return create_gateway(site.inbound, site.channels, site.health, site.receipts).test_client()


@pytest.fixture
def client(site: Site, engine: EngineStub) -> FlaskClient:
    return client_of(site)


def by_wechat(client: FlaskClient, text: str, message_id: str = "1") -> TestResponse:
    return client.post(wechat_path(wechat_query()), data=wechat_text(text, message_id).encode())


def by_sms(client: FlaskClient, text: str, sid: str = "SM" + "a1" * 16) -> TestResponse:
    fields = sms_fields(text, sid)
    return client.post("/webhooks/sms", data=fields, headers={"X-Twilio-Signature": sms_signature(fields)})


def words(answer: TestResponse) -> str:
    assert answer.status_code == 200
    return said_by_wechat(answer.text)


# Statuses


def test_wechats_verification_is_answered(client: FlaskClient) -> None:
    answer = client.get(wechat_path({**wechat_query(), "echostr": "5837397520"}))
    assert (answer.status_code, answer.text) == (200, "5837397520")


def test_a_forged_wechat_message_is_forbidden_and_leaves_nothing(client: FlaskClient, site: Site) -> None:
    query = {**wechat_query(), "signature": "0" * 40}
    assert client.post(wechat_path(query), data=wechat_text(CRY).encode()).status_code == 403
    assert site.referrals.waiting() == []


def test_a_forged_sms_is_forbidden_and_leaves_nothing(client: FlaskClient, site: Site) -> None:
    headers = {"X-Twilio-Signature": sms_signature(sms_fields(CRY), token="x" * 32)}
    assert client.post("/webhooks/sms", data=sms_fields(CRY), headers=headers).status_code == 403
    assert site.referrals.waiting() == []


def test_a_replayed_wechat_message_is_forbidden(client: FlaskClient) -> None:
    assert client.post(wechat_path(wechat_query(at=1_700_000_000)), data=wechat_text(CRY)).status_code == 403


def test_a_malformed_message_is_a_bad_request(client: FlaskClient) -> None:
    assert client.post(wechat_path(wechat_query()), data=b"<xml>").status_code == 400


@pytest.mark.parametrize("path", [wechat_path(wechat_query()), "/webhooks/sms"])
def test_a_body_beyond_the_limit_is_too_large(client: FlaskClient, path: str) -> None:
    assert client.post(path, data=b"x" * (BODY_LIMIT + 1)).status_code == 413


@pytest.mark.parametrize("path", ["/webhooks/whatsapp", "/webhooks/", "/", "/simulator/"])
def test_what_is_not_there_is_not_found(client: FlaskClient, path: str) -> None:
    assert client.post(path).status_code == 404


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_other_methods_are_not_allowed(client: FlaskClient, method: str) -> None:
    assert client.open("/webhooks/wechat", method=method).status_code == 405


def test_sms_by_get_is_not_allowed(client: FlaskClient) -> None:
    assert client.get("/webhooks/sms").status_code == 405


def test_it_is_healthy_while_the_store_answers(client: FlaskClient) -> None:
    answer = client.get("/health")
    assert (answer.status_code, answer.json) == (200, {"store": True, "engine": False})


def test_it_is_not_healthy_while_the_store_is_away(homeless: Site, engine: EngineStub) -> None:
    assert client_of(homeless).get("/health").status_code == 503


# The way of a message


def test_a_question_by_wechat_is_answered(client: FlaskClient, engine: EngineStub) -> None:
    engine.says(PAY)
    assert "12333" in words(by_wechat(client, QUESTION))


def test_a_question_by_sms_is_answered(client: FlaskClient, engine: EngineStub) -> None:
    engine.says(PAY)
    assert "12333" in said_by_sms(by_sms(client, QUESTION).text)


def test_a_question_in_safe_mode_is_answered_encrypted(client: FlaskClient, engine: EngineStub) -> None:
    engine.says(PAY)
    query, body = wechat_sealed(wechat_text(QUESTION))
    assert "12333" in said_by_wechat(wechat_opened(client.post(wechat_path(query), data=body).text))


@pytest.mark.parametrize("send", [by_wechat, by_sms])
def test_a_cry_for_help_opens_a_referral(
    client: FlaskClient, site: Site, send: Callable[[FlaskClient, str], TestResponse]
) -> None:
    answer = send(client, CRY)
    assert "12110" in answer.text
    assert [r.level for r in site.referrals.waiting()] == [1]


def test_an_unfollowing_gets_silence(client: FlaskClient) -> None:
    xml = wechat_xml(MsgType="event", Event="unsubscribe")
    assert client.post(wechat_path(wechat_query()), data=xml).text == "success"


# Retries


def test_a_retry_gets_the_same_answer(client: FlaskClient, engine: EngineStub) -> None:
    engine.says(PAY, decided("rights/written_contract", ranking={"ask/rights.written_contract": 0.9}))
    assert words(by_wechat(client, QUESTION)) == words(by_wechat(client, QUESTION))


def test_a_retry_does_not_ask_the_engine_again(client: FlaskClient, engine: EngineStub) -> None:
    engine.says(PAY)
    for _ in range(3):
        by_wechat(client, QUESTION)
    assert engine.asked == 1


def test_a_retried_cry_for_help_gets_the_same_answer_and_one_referral(client: FlaskClient, site: Site) -> None:
    answers = {words(by_wechat(client, CRY)) for _ in range(3)}
    assert len(answers) == 1
    assert [r.lines for r in site.referrals.waiting()] == [2]  # her words and the screen's reasons, once


def test_the_same_words_in_another_message_are_a_message_of_their_own(client: FlaskClient, engine: EngineStub) -> None:
    engine.says(decided("rights/union", ranking={"ask/rights.union": 0.9}))
    by_wechat(client, QUESTION, "1")
    by_wechat(client, QUESTION, "2")
    assert engine.asked == 2


def test_a_retried_event_is_answered_once(client: FlaskClient, site: Site) -> None:
    xml = wechat_xml(MsgType="event", Event="CLICK", EventKey="talk/human")
    answers = {words(client.post(wechat_path(wechat_query()), data=xml)) for _ in range(2)}
    assert len(answers) == 1
    assert len(site.referrals.waiting()) == 1


def test_a_retry_while_the_first_is_running_waits_for_its_answer(site: Site, engine: EngineStub) -> None:
    thinking, go_on = threading.Event(), threading.Event()

    def think(_: object) -> tuple[int, dict[str, str], str]:
        thinking.set()
        go_on.wait(5)
        return 200, {}, json.dumps(PAY)

    engine.does(think)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(by_wechat, client_of(site), QUESTION)
        assert thinking.wait(5)
        second = pool.submit(by_wechat, client_of(site), QUESTION)
        go_on.set()
        assert words(first.result(10)) == words(second.result(10))
    assert engine.asked == 1


def test_a_retry_that_waited_too_long_is_told_to_come_again(
    client: FlaskClient, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(WeChat, "patience_s", 0.55)
    Turns(site.store).begin("wechat", "1", 0)
    answer = by_wechat(client, QUESTION)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")


def test_five_deliveries_at_once_are_one_cry_for_help(site: Site, engine: EngineStub) -> None:
    with ThreadPoolExecutor(5) as pool:
        answers = list(pool.map(lambda _: words(by_wechat(client_of(site), CRY)), range(5)))
    assert len(set(answers)) == 1
    assert [r.lines for r in site.referrals.waiting()] == [2]


# Bad days


def test_a_question_while_the_store_is_away_gets_the_emergency_numbers(homeless: Site, engine: EngineStub) -> None:
    said = words(by_wechat(client_of(homeless), QUESTION))
    assert all(number in said for number in ("110", "12110", "12333"))


def test_a_question_while_the_store_is_away_is_not_kept(homeless: Site, engine: EngineStub) -> None:
    by_wechat(client_of(homeless), QUESTION)
    assert homeless.spool.count() == 0


@pytest.mark.parametrize("send", [by_wechat, by_sms])
def test_a_cry_while_the_store_is_away_is_set_aside_and_answered(
    homeless: Site, engine: EngineStub, send: Callable[[FlaskClient, str], TestResponse]
) -> None:
    answer = send(client_of(homeless), CRY)
    assert answer.status_code == 200
    assert "12110" in answer.text
    assert "记下" in answer.text
    assert homeless.spool.count() == 1


def test_a_cry_set_aside_twice_comes_into_the_queue_once(homeless: Site, site: Site, engine: EngineStub) -> None:
    for _ in range(2):
        by_wechat(client_of(homeless), CRY)
    site.spool.drain(site.people, site.referrals)
    assert [(r.level, r.lines) for r in site.referrals.waiting()] == [(1, 2)]


def test_what_is_set_aside_cannot_be_read_on_the_disk(homeless: Site, engine: EngineStub) -> None:
    by_wechat(client_of(homeless), CRY)
    kept = b"".join(path.read_bytes() for path in (homeless.settings.data_dir / "spool").iterdir())
    assert kept
    assert OPENID.encode() not in kept
    assert CRY.encode() not in kept


def test_a_cry_that_cannot_be_kept_says_so(homeless: Site, engine: EngineStub) -> None:
    folder: Path = homeless.settings.data_dir
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.write_text("a file where the folder should be")
    said = words(by_wechat(client_of(homeless), CRY))
    assert "没能存下来" in said
    assert "110" in said


@pytest.mark.parametrize(
    "trouble",
    [
        {"body": requests.ConnectionError("refused")},
        {"body": requests.ReadTimeout("slow")},
        {"status": 500},
        {"body": "<html>"},
        {"json": {}},
        {"json": []},
        {"json": {"ranking": [{"name": "x"}], "decisions": []}},
        {"json": {"ranking": [{"name": None, "confidence": 0.1}], "decisions": []}},  # BUG: AttributeError in _topic
    ],
    ids=["refused", "slow", "500", "page", "nothing", "list", "half", "nameless intent"],
)
def test_without_the_engine_the_menu_answers(site: Site, trouble: dict[str, object]) -> None:
    with responses.RequestsMock() as web:
        web.post("http://127.0.0.1:9/webhooks/anlu/message", **trouble)
        said = words(by_wechat(client_of(site), "？？？"))
    assert site.answers.phrase("engine_away", "zh") in said
    assert "1 " in said


def test_the_menu_without_the_engine_offers_what_the_message_names(client: FlaskClient, site: Site) -> None:
    said = words(by_wechat(client, QUESTION))
    assert f"1 {site.library.answer('wages/unpaid').title.zh}" in said


def test_an_engine_that_stays_broken_is_left_alone(client: FlaskClient, engine: EngineStub) -> None:
    engine.does(lambda _: (500, {}, ""))
    for number in range(6):
        by_wechat(client, QUESTION, str(number + 1))
    assert engine.asked < 6


def break_person(site: Site, channel: str = "wechat", address: str = OPENID) -> None:
    """Her key was wrapped by a master key that is gone: everything about her throws."""
    person = site.people.name(channel, address)
    site.store.client.hset(site.store.keys("person", person), mapping={"key": "1.gone.AAAA", "address": "1.gone.AAAA"})


def test_an_unexpected_fault_still_gives_the_emergency_numbers(client: FlaskClient, site: Site) -> None:
    break_person(site)
    said = words(by_wechat(client, QUESTION))
    assert "110" in said
    assert "12333" in said


def test_an_unexpected_fault_does_not_swallow_a_cry_for_help(client: FlaskClient, site: Site) -> None:
    break_person(site)
    assert "12110" in words(by_wechat(client, CRY))
    assert site.spool.count() == 1


def test_an_answer_that_we_do_not_have_gives_the_person_something(client: FlaskClient, engine: EngineStub) -> None:
    engine.says(decided("wages/of_sin", ranking={"ask/wages.of_sin": 0.9}))
    assert words(by_wechat(client, QUESTION))


def test_after_a_fault_the_retry_is_handled_anew(client: FlaskClient, site: Site, engine: EngineStub) -> None:
    engine.says(decided("no/such", ranking={"ask/no.such": 0.9}), PAY)
    by_wechat(client, QUESTION)
    by_wechat(client, QUESTION)
    assert engine.asked == 2


# Logs


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Iterator[Callable[[], str]]:
    """Everything logged in this test: our own lines and those of libraries."""
    lines = io.StringIO()
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", lines)
        configure("test")
        logging.getLogger("urllib3").setLevel(logging.WARNING)
        caplog.set_level(logging.DEBUG)
        yield lambda: lines.getvalue() + caplog.text
    configure("test")


SECRETS = ("CANARY", OPENID, NUMBER, NUMBER[1:], TOKEN, AUTH_TOKEN, "锁在房间", "不让我出去")


def no_secret(text: str) -> None:
    assert [secret for secret in SECRETS if secret in text] == []


def test_logs_of_ordinary_messages_hold_nothing_of_anybody(
    client: FlaskClient, engine: EngineStub, log: Callable[[], str]
) -> None:
    engine.says(PAY)
    by_wechat(client, f"CANARY {QUESTION}")
    by_sms(client, f"CANARY {QUESTION}")
    client.post(wechat_path(wechat_query()), data=wechat_xml(MsgType="event", Event="CLICK", EventKey="CANARY/x"))
    assert "message_answered" in log()
    no_secret(log())


def test_logs_of_cries_for_help_hold_nothing_of_anybody(client: FlaskClient, log: Callable[[], str]) -> None:
    by_wechat(client, f"CANARY {CRY}")
    by_sms(client, f"CANARY {CRY}")
    assert log().count("referral_opened") == 2
    no_secret(log())


def test_logs_of_refused_webhooks_hold_nothing_of_anybody(client: FlaskClient, log: Callable[[], str]) -> None:
    client.post(wechat_path({**wechat_query(), "signature": "0" * 40, "openid": OPENID}), data=wechat_text("CANARY"))
    client.post(wechat_path({**wechat_query(), "openid": OPENID}), data="<xml>CANARY</xml>")
    client.post("/webhooks/sms", data=sms_fields("CANARY"))
    assert log().count("webhook_refused") == 3
    no_secret(log())


def test_logs_of_a_bad_day_hold_nothing_of_anybody(
    homeless: Site, site: Site, engine: EngineStub, log: Callable[[], str]
) -> None:
    break_person(site)
    for here in (homeless, site):
        by_wechat(client_of(here), f"CANARY {QUESTION}", "1")
        by_wechat(client_of(here), f"CANARY {CRY}", "2")
    by_sms(client_of(site), f"CANARY {QUESTION}")  # the engine is away
    assert {"store_was_away", "message_failed", "engine_was_away"} <= {
        json.loads(line)["event"] for line in log().splitlines() if line.startswith("{")
    }
    no_secret(log())


def test_log_lines_carry_only_keys_of_the_list(client: FlaskClient, log: Callable[[], str]) -> None:
    by_wechat(client, CRY)
    by_wechat(client, QUESTION, "2")
    lines = [json.loads(line) for line in log().splitlines() if line.startswith("{")]
    assert lines
    assert {key for line in lines for key in line} <= ALLOWED - {"dropped"}


# What the store holds


def _everything(site: Site) -> str:
    """All names of keys and all values of this site, as they lie on the disk."""
    store, found = site.store.client, []
    readers: dict[str, Callable[[str], object]] = {
        "string": store.get,
        "hash": store.hgetall,
        "zset": lambda key: store.zrange(key, 0, -1, withscores=True),
        "list": lambda key: store.lrange(key, 0, -1),
        "set": store.smembers,
        "stream": lambda key: store.xrange(key),
    }
    for key in store.scan_iter(match=f"{site.store.keys.prefix}*", count=1000):
        found.append(f"{key} {readers[store.type(key)](key)}")
    return "\n".join(found)


def test_the_store_holds_words_and_numbers_only_sealed(client: FlaskClient, site: Site, engine: EngineStub) -> None:
    engine.says(PAY)
    for send in (by_wechat, by_sms):
        send(client, f"CANARY {QUESTION}", *(["7"] if send is by_wechat else []))
        send(client, f"CANARY {CRY}", "SM" + "b" * 32 if send is by_sms else "8")
    no_secret(_everything(site))


def test_asking_for_a_person_by_the_menu_leaves_no_openid_in_the_store(client: FlaskClient, site: Site) -> None:
    client.post(wechat_path(wechat_query()), data=wechat_xml(MsgType="event", Event="CLICK", EventKey="talk/human"))
    assert len(site.referrals.waiting()) == 1
    no_secret(_everything(site))
