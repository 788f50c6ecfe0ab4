"""Later messages go out once, under a deadline, and every way of failing has its class of error and names nobody."""

import json
import logging
from collections.abc import Iterator

import pytest
import requests
import responses
from responses import matchers

from channels.base import Misconfigured, SendError, SlowDown, Status, TryLater, Unreachable, Unsure, WindowClosed
from channels.twilio_sms import TwilioSms
from channels.wechat import WeChat
from tests.platforms import ACCOUNT, AES_KEY, APP_ID, APP_SECRET, AUTH_TOKEN, NUMBER, OPENID, SERVICE_NUMBER, TOKEN

WECHAT_API = "https://api.weixin.qq.com"
STABLE_TOKEN = f"{WECHAT_API}/cgi-bin/stable_token"
CUSTOM_SEND = f"{WECHAT_API}/cgi-bin/message/custom/send"
TWILIO_API = "https://api.twilio.com"
MESSAGES = f"{TWILIO_API}/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
WORDS = "同事：你现在方便吗？"


class Hands:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.time = 1_800_000_000.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def clock() -> Hands:
    return Hands()


@pytest.fixture
def wechat(clock: Hands) -> WeChat:
    return WeChat(TOKEN, APP_ID, APP_SECRET, AES_KEY, True, WECHAT_API, clock)


@pytest.fixture
def sms() -> TwilioSms:
    return TwilioSms(ACCOUNT, AUTH_TOKEN, SERVICE_NUMBER, "https://anlu.example", TWILIO_API)


@pytest.fixture
def web() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as web:
        yield web


def give_tokens(web: responses.RequestsMock, *tokens: str) -> None:
    for token in tokens:
        web.post(STABLE_TOKEN, json={"access_token": token, "expires_in": 7200})


def calls_to(web: responses.RequestsMock, url: str) -> list[responses.Call]:
    return [call for call in web.calls if str(call.request.url).startswith(url)]


# WeChat


def test_wechat_sends_a_text_with_the_stable_token(web: responses.RequestsMock, wechat: WeChat) -> None:
    give_tokens(web, "T1")
    expected = {"touser": OPENID, "msgtype": "text", "text": {"content": WORDS}}
    match = [matchers.query_param_matcher({"access_token": "T1"}), matchers.json_params_matcher(expected)]
    web.post(CUSTOM_SEND, json={"errcode": 0, "errmsg": "ok", "msgid": 42}, match=match)
    assert wechat.send(OPENID, WORDS) == "42"


def test_wechat_asks_for_the_token_with_the_accounts_secret(web: responses.RequestsMock, wechat: WeChat) -> None:
    give_tokens(web, "T1")
    web.post(CUSTOM_SEND, json={"errcode": 0})
    wechat.send(OPENID, WORDS)
    asked = json.loads(calls_to(web, STABLE_TOKEN)[0].request.body)
    assert asked == {"grant_type": "client_credential", "appid": APP_ID, "secret": APP_SECRET}


def test_wechat_gets_chinese_as_it_is_and_not_escaped(web: responses.RequestsMock, wechat: WeChat) -> None:
    give_tokens(web, "T1")
    web.post(CUSTOM_SEND, json={"errcode": 0})
    wechat.send(OPENID, WORDS)
    body = calls_to(web, CUSTOM_SEND)[0].request.body
    assert WORDS in (body.decode() if isinstance(body, bytes) else str(body))


def test_two_messages_need_one_token(web: responses.RequestsMock, wechat: WeChat) -> None:
    give_tokens(web, "T1")
    web.post(CUSTOM_SEND, json={"errcode": 0})
    wechat.send(OPENID, WORDS)
    wechat.send(OPENID, WORDS)
    assert len(calls_to(web, STABLE_TOKEN)) == 1


def test_the_token_is_renewed_before_it_ends(web: responses.RequestsMock, wechat: WeChat, clock: Hands) -> None:
    give_tokens(web, "T1", "T2")
    web.post(CUSTOM_SEND, json={"errcode": 0})
    wechat.send(OPENID, WORDS)
    clock.time += 7200 - 299
    wechat.send(OPENID, WORDS)
    assert "access_token=T2" in str(calls_to(web, CUSTOM_SEND)[-1].request.url)


@pytest.mark.parametrize("code", [40001, 40014, 42001])
def test_a_rejected_token_gets_one_fresh_try(web: responses.RequestsMock, wechat: WeChat, code: int) -> None:
    give_tokens(web, "T1", "T2")
    for token, answer in (("T1", {"errcode": code}), ("T2", {"errcode": 0, "msgid": 7})):
        web.post(CUSTOM_SEND, json=answer, match=[matchers.query_param_matcher({"access_token": token})])
    assert wechat.send(OPENID, WORDS) == "7"


def test_a_token_that_stays_rejected_is_no_loop(web: responses.RequestsMock, wechat: WeChat) -> None:
    give_tokens(web, "T1", "T2", "T3")
    web.post(CUSTOM_SEND, json={"errcode": 40001, "errmsg": "invalid credential"})
    with pytest.raises(Misconfigured):
        wechat.send(OPENID, WORDS)
    assert len(calls_to(web, CUSTOM_SEND)) == 2


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (-1, TryLater),
        (45009, SlowDown),
        (99999, TryLater),
        (40003, Unreachable),
        (43004, Unreachable),
        (45015, WindowClosed),
        (45047, WindowClosed),
        (48001, Misconfigured),
        (40164, Misconfigured),
    ],
)
def test_wechats_codes_have_their_class(
    web: responses.RequestsMock, wechat: WeChat, code: int, kind: type[SendError]
) -> None:
    give_tokens(web, "T1")
    web.post(CUSTOM_SEND, json={"errcode": code, "errmsg": "rid"})
    with pytest.raises(SendError) as failure:
        wechat.send(OPENID, WORDS)
    assert (type(failure.value), failure.value.code) == (kind, str(code))


@pytest.mark.parametrize(("code", "kind"), [(40013, Misconfigured), (40125, Misconfigured), (-1, TryLater)])
def test_a_refused_token_has_its_class(
    web: responses.RequestsMock, wechat: WeChat, code: int, kind: type[SendError]
) -> None:
    web.post(STABLE_TOKEN, json={"errcode": code})
    with pytest.raises(kind):
        wechat.send(OPENID, WORDS)


BROKEN = {
    "connect timeout": {"body": requests.ConnectTimeout("timed out")},
    "read timeout": {"body": requests.ReadTimeout("timed out")},
    "no connection": {"body": requests.ConnectionError("refused")},
    "a page": {"body": "<html>502 Bad Gateway</html>", "status": 502},
    "a page with 200": {"body": "<html>maintenance</html>"},
    "a list": {"json": []},
    "an error with JSON": {"json": {}, "status": 503},
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN.keys())
def test_wechat_in_trouble_is_for_later(web: responses.RequestsMock, wechat: WeChat, broken: dict[str, object]) -> None:
    give_tokens(web, "T1")
    web.post(CUSTOM_SEND, **broken)
    with pytest.raises(TryLater):
        wechat.send(OPENID, WORDS)


@pytest.mark.parametrize("broken", [*BROKEN.values(), {"json": {"access_token": "T"}}, {"json": {"expires_in": "x"}}])
def test_a_token_that_does_not_come_is_for_later_and_carried_no_message(
    web: responses.RequestsMock, wechat: WeChat, broken: dict[str, object]
) -> None:
    web.post(STABLE_TOKEN, **broken)
    with pytest.raises(TryLater) as failure:
        wechat.send(OPENID, WORDS)
    assert type(failure.value) is TryLater


def test_a_code_that_is_no_number_is_a_send_error(web: responses.RequestsMock, wechat: WeChat) -> None:
    give_tokens(web, "T1")
    web.post(CUSTOM_SEND, json={"errcode": "busy"})
    with pytest.raises(SendError):
        wechat.send(OPENID, WORDS)


def test_every_request_to_wechat_has_a_deadline(web: responses.RequestsMock, wechat: WeChat) -> None:
    give_tokens(web, "T1")
    web.post(CUSTOM_SEND, json={"errcode": 0})
    wechat.send(OPENID, WORDS)
    assert all(call.request.req_kwargs["timeout"] for call in web.calls)


def test_characters_that_wechat_cannot_show_do_not_stop_a_message(web: responses.RequestsMock, wechat: WeChat) -> None:
    give_tokens(web, "T1")
    web.post(CUSTOM_SEND, json={"errcode": 0})
    wechat.send(OPENID, "别\x00怕\ud800")
    assert json.loads(calls_to(web, CUSTOM_SEND)[0].request.body)["text"]["content"] == "别怕"


# Twilio


def test_twilio_sends_from_the_services_number(web: responses.RequestsMock, sms: TwilioSms) -> None:
    fields = {"To": NUMBER, "From": SERVICE_NUMBER, "Body": WORDS}
    fields["StatusCallback"] = "https://anlu.example/webhooks/sms/status"
    match = [matchers.urlencoded_params_matcher(fields)]
    web.post(MESSAGES, json={"sid": "SM" + "c" * 32}, status=201, match=match)
    assert sms.send(NUMBER, WORDS) == "SM" + "c" * 32


def test_twilio_is_spoken_to_at_the_configured_address(web: responses.RequestsMock) -> None:
    here = "http://127.0.0.1:8/simulator/platform/twilio"
    web.post(f"{here}/2010-04-01/Accounts/{ACCOUNT}/Messages.json", json={"sid": "SM1"}, status=201)
    channel = TwilioSms(ACCOUNT, AUTH_TOKEN, SERVICE_NUMBER, "https://anlu.example", here)
    assert channel.send(NUMBER, WORDS) == "SM1"


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        (20003, 401, Misconfigured),
        (20429, 429, SlowDown),
        (21211, 400, Unreachable),
        (21408, 403, Misconfigured),
        (21606, 400, Misconfigured),
        (21610, 400, Unreachable),
        (21614, 400, Unreachable),
        (30001, 503, TryLater),
    ],
)
def test_twilios_codes_have_their_class(
    web: responses.RequestsMock, sms: TwilioSms, code: int, status: int, kind: type[SendError]
) -> None:
    web.post(MESSAGES, json={"code": code, "message": f"To {NUMBER} is wrong", "status": status}, status=status)
    with pytest.raises(SendError) as failure:
        sms.send(NUMBER, WORDS)
    assert (type(failure.value), failure.value.code) == (kind, str(code))


@pytest.mark.parametrize("name", ["connect timeout", "read timeout", "no connection", "a page", "an error with JSON"])
def test_twilio_in_trouble_is_for_later(web: responses.RequestsMock, sms: TwilioSms, name: str) -> None:
    web.post(MESSAGES, **BROKEN[name])
    with pytest.raises(TryLater):
        sms.send(NUMBER, WORDS)


def test_a_success_of_twilio_that_cannot_be_read_is_a_send_error(web: responses.RequestsMock, sms: TwilioSms) -> None:
    web.post(MESSAGES, body="<html>ok</html>", status=201)
    with pytest.raises(SendError):
        sms.send(NUMBER, WORDS)


def test_every_request_to_twilio_has_a_deadline(web: responses.RequestsMock, sms: TwilioSms) -> None:
    web.post(MESSAGES, json={"sid": "SM1"}, status=201)
    sms.send(NUMBER, WORDS)
    assert all(call.request.req_kwargs["timeout"] for call in web.calls)


def test_twilio_is_sent_a_message_once(web: responses.RequestsMock, sms: TwilioSms) -> None:
    web.post(MESSAGES, body=requests.ReadTimeout("timed out"))
    with pytest.raises(TryLater):
        sms.send(NUMBER, WORDS)
    assert len(web.calls) == 1


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({"status": "delivered", "error_code": None}, Status("SM1", "delivered")),
        ({"status": "undelivered", "error_code": 30005}, Status("SM1", "failed", "30005: the number is not in use")),
        ({"status": "sent"}, Status("SM1", "on_its_way")),
    ],
)
def test_twilio_can_be_asked_what_became_of_a_message(
    web: responses.RequestsMock, sms: TwilioSms, answer: dict[str, object], expected: Status
) -> None:
    web.get(MESSAGES.replace(".json", "/SM1.json"), json={"sid": "SM1", **answer})
    assert sms.ask("SM1") == expected


def test_a_message_that_twilio_does_not_know_is_a_send_error(web: responses.RequestsMock, sms: TwilioSms) -> None:
    web.get(MESSAGES.replace(".json", "/SM1.json"), json={"code": 20404, "message": "no", "status": 404}, status=404)
    with pytest.raises(SendError):
        sms.ask("SM1")


# Both


@pytest.mark.parametrize("name", ["read timeout", "no connection", "a page", "an error with JSON"])
def test_without_an_answer_nobody_knows_whether_it_was_sent(
    web: responses.RequestsMock, sms: TwilioSms, wechat: WeChat, name: str
) -> None:
    give_tokens(web, "T1")
    web.post(MESSAGES, **BROKEN[name])
    web.post(CUSTOM_SEND, **BROKEN[name])
    for channel, address in ((sms, NUMBER), (wechat, OPENID)):
        with pytest.raises(Unsure):
            channel.send(address, WORDS)


def test_without_a_connection_it_surely_was_not_sent() -> None:
    nobody = "http://127.0.0.1:9"
    sms = TwilioSms(ACCOUNT, AUTH_TOKEN, SERVICE_NUMBER, "https://anlu.example", nobody)
    wechat = WeChat(TOKEN, APP_ID, APP_SECRET, AES_KEY, True, nobody)
    for channel, address in ((sms, NUMBER), (wechat, OPENID)):
        with pytest.raises(TryLater) as failure:
            channel.send(address, WORDS)
        assert type(failure.value) is TryLater


def test_an_error_names_neither_person_nor_words_nor_secret(
    web: responses.RequestsMock, sms: TwilioSms, wechat: WeChat
) -> None:
    web.post(MESSAGES, json={"code": 21211, "message": f"{NUMBER} {WORDS}"}, status=400)
    web.post(STABLE_TOKEN, json={"errcode": 40125, "errmsg": f"{APP_SECRET} {OPENID}"})
    said = ""
    for channel, address in ((sms, NUMBER), (wechat, OPENID)):
        with pytest.raises(SendError) as failure:
            channel.send(address, WORDS)
        said += f"{failure.value!r} {failure.value} {failure.value.says} {failure.value.__cause__}"
    assert not any(secret in said for secret in (NUMBER, OPENID, WORDS, APP_SECRET, AUTH_TOKEN))


def test_sending_writes_nothing_about_the_person_into_logs(
    web: responses.RequestsMock, sms: TwilioSms, wechat: WeChat, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    give_tokens(web, "T1")
    web.post(CUSTOM_SEND, json={"errcode": 0})
    web.post(MESSAGES, json={"sid": "SM1"}, status=201)
    sms.send(NUMBER, WORDS)
    wechat.send(OPENID, WORDS)
    assert not any(secret in caplog.text for secret in (NUMBER, NUMBER[1:], OPENID, WORDS, "T1"))
