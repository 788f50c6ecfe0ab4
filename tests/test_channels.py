"""Every channel takes what its platform signed, refuses everything else, and answers in a form that can be read."""

import dataclasses
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import channels
from bot.core.message import Inbound, Kind, Reply
from channels.base import Channel, Delivery, HttpAnswer, Misconfigured, Refused, Webhook, printable
from channels.terminal import Terminal
from channels.twilio_sms import TwilioSms
from channels.wechat import REPLAY_WINDOW_S, SILENCE, WeChat
from tests.platforms import (
    ACCOUNT,
    AES_KEY,
    APP_ID,
    APP_SECRET,
    AUTH_TOKEN,
    NUMBER,
    OPENID,
    PUBLIC_URL,
    SERVICE_NUMBER,
    SID,
    TOKEN,
    said_by_sms,
    said_by_wechat,
    sha1,
    sms_fields,
    sms_signature,
    wechat_opened,
    wechat_query,
    wechat_sealed,
    wechat_text,
    wechat_xml,
)

NOW = 1_800_000_000
GRAVE = "救命 <b> & 'quotes' 😀"


def wechat(encrypted_only: bool = False, aes_key: str | None = AES_KEY) -> WeChat:
    api = "https://api.weixin.qq.com"
    return WeChat(TOKEN, APP_ID, APP_SECRET, aes_key, encrypted_only, api, lambda: float(NOW))


def sms() -> TwilioSms:
    return TwilioSms(ACCOUNT, AUTH_TOKEN, SERVICE_NUMBER, PUBLIC_URL, "https://api.twilio.com")


def plain(xml: str | bytes, query: dict[str, str] | None = None, method: str = "POST") -> Webhook:
    body = xml if isinstance(xml, bytes) else xml.encode()
    return Webhook(method, "/webhooks/wechat", wechat_query(NOW) if query is None else query, {}, body)


def sealed(xml: str, **how: str) -> Webhook:
    query, body = wechat_sealed(xml, NOW, **how)
    return plain(body, query)


def form(fields: dict[str, str], signature: str | None = None, query_string: str = "", method: str = "POST") -> Webhook:
    url = f"{PUBLIC_URL}/webhooks/sms" + (f"?{query_string}" if query_string else "")
    signature = sms_signature(fields, url) if signature is None else signature
    headers = {"X-Twilio-Signature": signature, "Host": "anlu.example"}
    return Webhook(method, "/webhooks/sms", {}, headers, b"", fields, query_string)


def with_query(webhook: Webhook, **changes: str) -> Webhook:
    return dataclasses.replace(webhook, query={**webhook.query, **changes})


def without(fields: dict[str, str], name: str) -> dict[str, str]:
    return {key: value for key, value in fields.items() if key != name}


@dataclass(frozen=True)
class Row:
    """A channel in the table of contracts: how a good webhook is made and how a reply is read."""

    channel: Channel
    good: Callable[[str], Webhook]
    read: Callable[[str], str]
    address: str
    message_id: str


def _wechat_says(text: str) -> str:
    return wechat_text(text, "7000000001", at=NOW)


TABLE = {
    "wechat plain": Row(wechat(), lambda t: plain(_wechat_says(t)), said_by_wechat, OPENID, "7000000001"),
    "wechat aes": Row(
        wechat(encrypted_only=True),
        lambda t: sealed(_wechat_says(t)),
        lambda xml: said_by_wechat(wechat_opened(xml)),
        OPENID,
        "7000000001",
    ),
    "sms": Row(sms(), lambda t: form(sms_fields(t)), said_by_sms, NUMBER, SID),
}
every_channel = pytest.mark.parametrize("row", TABLE.values(), ids=TABLE.keys())


def received(channel: Channel, webhook: Webhook) -> Delivery:
    delivery = channel.receive(webhook)
    assert isinstance(delivery, Delivery)
    return delivery


# The contract of every channel


def test_every_webhook_channel_stands_in_the_table() -> None:
    files = {path.stem for path in Path(channels.__path__[0]).glob("*.py")} - {"__init__", "base", "terminal"}
    assert files == {type(row.channel).__module__.split(".")[-1] for row in TABLE.values()}


@every_channel
def test_a_good_webhook_gives_the_message(row: Row) -> None:
    expected = Inbound(row.channel.name, row.address, row.message_id, Kind.TEXT, GRAVE)
    assert received(row.channel, row.good(GRAVE)).inbound == expected


@every_channel
def test_a_message_does_not_show_who_wrote_what_when_it_is_printed(row: Row) -> None:
    webhook = row.good(GRAVE)
    shown = repr(dataclasses.replace(webhook, query={}, headers={})) + repr(received(row.channel, webhook))
    assert row.address not in shown
    assert "救命" not in shown


@every_channel
def test_no_reply_is_an_answer_that_shows_nothing(row: Row) -> None:
    answer = row.channel.reply(received(row.channel, row.good("x")), Reply(()))
    assert answer == SILENCE or row.read(answer.body) == ""


@every_channel
def test_a_reply_arrives_as_it_was_written(row: Row) -> None:
    answer = row.channel.reply(received(row.channel, row.good("x")), Reply((GRAVE + "\n第二行",)))
    assert row.read(answer.body) == GRAVE + "\n第二行"
    assert answer.status == 200
    assert answer.content_type.startswith("application/xml")


@every_channel
@given(text=st.text(st.characters(), min_size=1, max_size=60) | st.sampled_from(["]]>", "]]]]>>", "\x00\x0b]]>\ud800"]))
def test_a_reply_can_be_parsed_whatever_it_holds(row: Row, text: str) -> None:
    delivery = received(row.channel, row.good("x"))
    said = row.read(row.channel.reply(delivery, Reply((text,))).body)
    assert said.replace(" ", "").replace("\n", "") == printable(text).replace(" ", "").replace("\n", "")


@every_channel
@given(
    method=st.sampled_from(["GET", "POST", "HEAD"]),
    query=st.dictionaries(st.sampled_from(["signature", "timestamp", "nonce", "encrypt_type", "echostr"]), st.text()),
    body=st.binary(max_size=200),
    fields=st.dictionaries(st.text(max_size=12), st.text(max_size=40), max_size=5),
    signature=st.text(max_size=40),
)
def test_noise_without_a_signature_is_only_ever_refused(
    row: Row, method: str, query: dict[str, str], body: bytes, fields: dict[str, str], signature: str
) -> None:
    fields = {key.encode("utf-8", "replace").decode(): value for key, value in fields.items()}
    webhook = Webhook(method, "/", query, {"X-Twilio-Signature": signature}, body, fields)
    with pytest.raises(Refused) as refusal:
        row.channel.receive(webhook)
    assert refusal.value.status in {403, 405}


# What each platform may send that is not good: the channel, the webhook, the status

TEXT = _wechat_says("救命")
FIELDS = sms_fields("救命")
BAD: dict[str, tuple[Channel, Webhook, int]] = {
    "wechat: no query at all": (wechat(), plain(TEXT, {}), 403),
    "wechat: signature of another token": (wechat(), plain(TEXT, wechat_query(NOW, token="other-token-1")), 403),
    "wechat: empty signature": (wechat(), with_query(plain(TEXT), signature=""), 403),
    "wechat: signature in full-width letters": (wechat(), with_query(plain(TEXT), signature="ａ" * 40), 403),
    "wechat: another nonce": (wechat(), with_query(plain(TEXT), nonce="nonce2"), 403),
    "wechat: another timestamp": (wechat(), with_query(plain(TEXT), timestamp=str(NOW + 1)), 403),
    "wechat: replayed later": (wechat(), plain(TEXT, wechat_query(NOW - REPLAY_WINDOW_S - 1)), 403),
    "wechat: signed for the future": (wechat(), plain(TEXT, wechat_query(NOW + REPLAY_WINDOW_S + 1)), 403),
    "wechat: forged verification": (wechat(), with_query(plain("", method="GET"), signature="0" * 40), 403),
    "wechat: replayed verification": (wechat(), plain("", wechat_query(NOW - 9999), "GET"), 403),
    "wechat: empty body": (wechat(), plain(""), 400),
    "wechat: not XML": (wechat(), plain("hello"), 400),
    "wechat: not UTF-8": (wechat(), plain(b"<xml>\xff\xfe</xml>"), 400),
    "wechat: cut off": (wechat(), plain(TEXT[:-9]), 400),
    "wechat: another root": (wechat(), plain("<html></html>"), 400),
    "wechat: root without children": (wechat(), plain("<xml></xml>"), 400),
    "wechat: no MsgType": (wechat(), plain(wechat_xml(at=NOW, MsgId="1")), 400),
    "wechat: no MsgId": (wechat(), plain(wechat_xml(at=NOW, MsgType="text", Content="x")), 400),
    "wechat: MsgId zero": (wechat(), plain(wechat_text("x", "0", at=NOW)), 400),
    "wechat: MsgId no number": (wechat(), plain(wechat_text("x", "abc", at=NOW)), 400),
    "wechat: entities": (wechat(), plain('<!DOCTYPE x [<!ENTITY e "e">]><xml><MsgType>&e;</MsgType></xml>'), 400),
    "wechat: plain in safe mode": (wechat(encrypted_only=True), plain(TEXT), 400),
    "wechat: AES without a key here": (wechat(aes_key=None), sealed(TEXT), 400),
    "wechat: AES for another account": (wechat(), sealed(TEXT, app_id="wxffffffffffffffff"), 400),
    "wechat: AES under another key": (wechat(), sealed(TEXT, key="B" * 43), 400),
    "wechat: AES without Encrypt": (wechat(), with_query(plain(TEXT), encrypt_type="aes"), 400),
    "wechat: AES with the plain signature": (
        wechat(), with_query(sealed(TEXT), msg_signature=wechat_query(NOW)["signature"]), 403,
    ),
    "wechat: AES with msg_signature as signature": (
        wechat(), with_query(sealed(TEXT), signature=sealed(TEXT).query["msg_signature"]), 403,
    ),
    "wechat: AES with another body": (
        wechat(), dataclasses.replace(sealed(TEXT), body=sealed(_wechat_says("other")).body), 403,
    ),
    "sms: GET": (sms(), form(FIELDS, method="GET"), 405),
    "sms: no signature": (sms(), form(FIELDS, signature=""), 403),
    "sms: signature of another token": (sms(), form(FIELDS, sms_signature(FIELDS, token="x" * 32)), 403),
    "sms: signed for another host": (
        sms(), form(FIELDS, sms_signature(FIELDS, "https://evil.example/webhooks/sms")), 403,
    ),
    "sms: signed for another path": (sms(), form(FIELDS, sms_signature(FIELDS, f"{PUBLIC_URL}/webhooks/wechat")), 403),
    "sms: one field more than signed": (sms(), form({**FIELDS, "X": "1"}, sms_signature(FIELDS)), 403),
    "sms: one field less than signed": (sms(), form(without(FIELDS, "Body"), sms_signature(FIELDS)), 403),
    "sms: another text than signed": (sms(), form({**FIELDS, "Body": "hi"}, sms_signature(FIELDS)), 403),
    "sms: query that was not signed": (
        sms(), dataclasses.replace(form(FIELDS), query_string="a=1"), 403,
    ),
    "sms: nothing": (sms(), form({}), 403),
    "sms: another account": (sms(), form({**FIELDS, "AccountSid": "AC" + "1" * 32}), 403),
    "sms: no account": (sms(), form(without(FIELDS, "AccountSid")), 403),
    "sms: no MessageSid": (sms(), form(without(FIELDS, "MessageSid")), 400),
    "sms: MessageSid malformed": (sms(), form({**FIELDS, "MessageSid": SID + "\n"}), 400),
    "sms: no sender": (sms(), form(without(FIELDS, "From")), 400),
    "sms: sender is no number": (sms(), form({**FIELDS, "From": "whatsapp:+85291234567"}), 400),
}  # fmt: skip


@pytest.mark.parametrize(("channel", "webhook", "status"), BAD.values(), ids=BAD.keys())
def test_a_webhook_that_is_not_good_is_refused(channel: Channel, webhook: Webhook, status: int) -> None:
    with pytest.raises(Refused) as refusal:
        channel.receive(webhook)
    assert refusal.value.status == status


# Reports of what became of a message

REPORT = {"MessageSid": SID, "AccountSid": ACCOUNT, "MessageStatus": "undelivered", "ErrorCode": "30003"}


def report(
    fields: dict[str, str], signature: str | None = None, query_string: str = "", method: str = "POST"
) -> Webhook:
    url = f"{PUBLIC_URL}/webhooks/sms/status" + (f"?{query_string}" if query_string else "")
    headers = {"X-Twilio-Signature": sms_signature(fields, url) if signature is None else signature, "Host": "x"}
    return Webhook(method, "/webhooks/sms/status", {}, headers, b"", fields, query_string)


BAD_REPORTS: dict[str, tuple[Webhook, int]] = {
    "GET": (report(REPORT, method="GET"), 405),
    "no signature": (report(REPORT, signature=""), 403),
    "signature of another token": (report(REPORT, sms_signature(REPORT, token="x" * 32)), 403),
    "signed for the messages' address": (report(REPORT, sms_signature(REPORT)), 403),
    "one field more than signed": (dataclasses.replace(report(REPORT), form={**REPORT, "X": "1"}), 403),
    "another fate than signed": (dataclasses.replace(report(REPORT), form={**REPORT, "MessageStatus": "sent"}), 403),
    "query that was not signed": (dataclasses.replace(report(REPORT), query_string="a=1"), 403),
    "nothing": (report({}), 403),
    "another account": (report({**REPORT, "AccountSid": "AC" + "1" * 32}), 403),
    "no MessageSid": (report(without(REPORT, "MessageSid")), 400),
    "MessageSid malformed": (report({**REPORT, "MessageSid": SID + "\n"}), 400),
    "no MessageStatus": (report(without(REPORT, "MessageStatus")), 400),
}


@pytest.mark.parametrize(("webhook", "status"), BAD_REPORTS.values(), ids=BAD_REPORTS.keys())
def test_a_report_that_is_not_good_is_refused(webhook: Webhook, status: int) -> None:
    with pytest.raises(Refused) as refusal:
        sms().status(webhook)
    assert refusal.value.status == status


@pytest.mark.parametrize(
    ("twilio", "ours"),
    [(state, "on_its_way") for state in ("accepted", "scheduled", "queued", "sending", "sent", "of_next_year")]
    + [(state, "delivered") for state in ("delivered", "read")]
    + [(state, "failed") for state in ("undelivered", "failed", "canceled")],
)
def test_every_state_of_twilio_has_its_meaning(twilio: str, ours: str) -> None:
    status = sms().status(report({**REPORT, "MessageStatus": twilio}))
    assert (status.provider_id, status.state) == (SID, ours)


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("30003", "30003: the phone is off or out of reach"),
        ("30999", "30999: Twilio could not deliver it"),
        ("", "Twilio could not deliver it"),
        (f"<b>{NUMBER}", "Twilio could not deliver it"),
    ],
)
def test_why_it_did_not_arrive_is_a_sentence_that_quotes_nothing(code: str, says: str) -> None:
    assert sms().status(report({**REPORT, "ErrorCode": code})).says == says


def test_a_report_is_checked_with_its_query() -> None:
    assert sms().status(report(REPORT, query_string="region=hk")).state == "failed"


@pytest.mark.parametrize(("channel", "webhook", "_"), BAD.values(), ids=BAD.keys())
def test_a_refusal_does_not_say_who_or_what(channel: Channel, webhook: Webhook, _: int) -> None:
    with pytest.raises(Refused) as refusal:
        channel.receive(webhook)
    assert not any(secret in refusal.value.reason for secret in (OPENID, NUMBER, "救命", TOKEN))


# WeChat


def test_wechat_verification_echoes_the_word_it_was_given() -> None:
    answer = wechat().receive(plain("", {**wechat_query(NOW), "echostr": "5837397520"}, "GET"))
    assert answer == HttpAnswer("5837397520")


def test_wechat_verification_is_never_answered_as_a_web_page() -> None:
    answer = wechat().receive(plain("", {**wechat_query(NOW), "echostr": "<script>alert(1)</script>"}, "GET"))
    assert isinstance(answer, HttpAnswer)
    assert answer.content_type.startswith("text/plain")


@pytest.mark.parametrize("age", [-REPLAY_WINDOW_S, 0, REPLAY_WINDOW_S])
def test_wechat_is_heard_to_the_edge_of_the_replay_window(age: int) -> None:
    assert received(wechat(), plain(TEXT, wechat_query(NOW - age))).inbound.text == "救命"


def test_compatible_mode_takes_plain_and_encrypted() -> None:
    channel = wechat(encrypted_only=False)
    assert received(channel, plain(TEXT)).inbound == received(channel, sealed(TEXT)).inbound


@pytest.mark.parametrize(
    ("fields", "kind", "text"),
    [
        ({"MsgType": "voice", "MediaId": "m", "Format": "amr", "MsgId": "5"}, Kind.VOICE, ""),
        ({"MsgType": "image", "PicUrl": "u", "MediaId": "m", "MsgId": "5"}, Kind.PICTURE, ""),
        ({"MsgType": "video", "MediaId": "m", "ThumbMediaId": "t", "MsgId": "5"}, Kind.PICTURE, ""),
        ({"MsgType": "location", "Location_X": "23.1", "Location_Y": "113.3", "MsgId": "5"}, Kind.LOCATION, ""),
        ({"MsgType": "link", "Title": "t", "Url": "u", "MsgId": "5"}, Kind.OTHER, ""),
        ({"MsgType": "hologram", "MsgId": "5"}, Kind.OTHER, ""),
        ({"MsgType": "text", "Content": "", "MsgId": "5"}, Kind.TEXT, ""),
        ({"MsgType": "event", "Event": "subscribe"}, Kind.SUBSCRIBE, ""),
        ({"MsgType": "event", "Event": "subscribe", "EventKey": "qrscene_7"}, Kind.SUBSCRIBE, ""),
        ({"MsgType": "event", "Event": "unsubscribe"}, Kind.UNSUBSCRIBE, ""),
        ({"MsgType": "event", "Event": "CLICK", "EventKey": "talk/human"}, Kind.MENU_CLICK, "talk/human"),
    ],
)
def test_wechat_messages_and_events_get_their_kind(fields: dict[str, str], kind: Kind, text: str) -> None:
    inbound = received(wechat(), plain(wechat_xml(at=NOW, **fields))).inbound
    assert (inbound.kind, inbound.text) == (kind, text)


@pytest.mark.parametrize("event", ["VIEW", "TEMPLATESENDJOBFINISH", "SCAN"])
def test_a_wechat_event_that_asks_for_nothing_gets_silence(event: str) -> None:
    webhook = plain(wechat_xml(at=NOW, MsgType="event", Event=event, EventKey="k"))
    assert wechat().receive(webhook) == SILENCE


@pytest.mark.parametrize("event", ["subscribe_msg_popup_event", "an_event_of_next_year"])
def test_an_event_newer_than_the_library_gets_silence(event: str) -> None:
    assert wechat().receive(plain(wechat_xml(at=NOW, MsgType="event", Event=event))) == SILENCE


@pytest.mark.parametrize("sender", ["", "<FromUserName></FromUserName>"])
def test_a_message_without_sender_is_refused(sender: str) -> None:
    rest = "<ToUserName>gh</ToUserName><MsgType>text</MsgType><Content>x</Content><MsgId>1</MsgId>"
    with pytest.raises(Refused):
        wechat().receive(plain(f"<xml>{sender}{rest}</xml>"))


@pytest.mark.parametrize("timestamp", ["²", "①②③", "18e8", "-1", "1" * 400])
def test_a_signed_timestamp_that_is_no_time_is_refused(timestamp: str) -> None:
    query = {"timestamp": timestamp, "nonce": "n", "signature": sha1(TOKEN, timestamp, "n")}
    with pytest.raises(Refused):
        wechat().receive(plain(TEXT, query))


def test_an_event_is_known_by_sender_and_time() -> None:
    def event(at: int, openid: str = OPENID) -> str:
        xml = wechat_xml(openid, at, MsgType="event", Event="subscribe")
        return received(wechat(), plain(xml)).inbound.message_id

    assert event(NOW) == event(NOW)
    assert len({event(NOW), event(NOW + 1), event(NOW, "oSomebodyElse")}) == 3


def test_the_id_of_an_event_does_not_name_the_person() -> None:
    xml = wechat_xml(at=NOW, MsgType="event", Event="CLICK", EventKey="talk/human")
    assert OPENID not in received(wechat(), plain(xml)).inbound.message_id


def test_a_wechat_reply_goes_back_to_the_sender_from_the_account() -> None:
    channel = wechat()
    answer = ET.fromstring(channel.reply(received(channel, plain(TEXT)), Reply(("好",))).body)
    assert (answer.findtext("ToUserName"), answer.findtext("FromUserName")) == (OPENID, "gh_anlu")


def test_an_encrypted_message_gets_an_encrypted_reply() -> None:
    channel = wechat()
    body = channel.reply(received(channel, sealed(TEXT)), Reply(("别出声",))).body
    assert "别出声" not in body
    assert said_by_wechat(wechat_opened(body)) == "别出声"


@given(body=st.binary(max_size=300) | st.text(max_size=100).map(lambda t: t.encode("utf-8", "replace")))
def test_signed_noise_is_refused_and_raises_nothing_else(body: bytes) -> None:
    with pytest.raises(Refused):
        wechat().receive(plain(body))


@given(
    text=st.binary(max_size=200).map(lambda b: b.decode("latin-1")) | st.text("ABCDabcd0123+/=", max_size=200),
    cdata=st.booleans(),
)
def test_signed_noise_inside_encrypt_is_refused_and_raises_nothing_else(text: str, cdata: bool) -> None:
    query = wechat_query(NOW)
    text = text.strip()
    inner = f"<![CDATA[{text}]]>" if cdata else text
    seal = sha1(TOKEN, query["timestamp"], query["nonce"], text)
    webhook = plain(f"<xml><Encrypt>{inner}</Encrypt></xml>", {**query, "encrypt_type": "aes", "msg_signature": seal})
    with pytest.raises(Refused):
        wechat().receive(webhook)


_NAMES = ["FromUserName", "ToUserName", "CreateTime", "MsgType", "MsgId", "Content", "Event", "EventKey", "Ticket"]
_VALUES = st.sampled_from(
    ["text", "event", "voice", "subscribe", "CLICK", "device_text", "1", "qrscene_", ""]
) | st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="<>&\ufffe\uffff"), max_size=20
)


@given(fields=st.lists(st.tuples(st.sampled_from(_NAMES), _VALUES, st.booleans()), max_size=12))
def test_signed_xml_of_any_shape_is_understood_or_refused(fields: list[tuple[str, str, bool]]) -> None:
    xml = "".join(f"<{n}>{'<a>' * deep}{v}{'</a>' * deep}</{n}>" for n, v, deep in fields)
    try:
        found = wechat().receive(plain(f"<xml>{xml}</xml>"))
    except Refused:
        return
    assert found == SILENCE or isinstance(found, Delivery)


# SMS


def test_sms_is_checked_against_the_configured_address_and_not_the_host() -> None:
    webhook = form(FIELDS)
    behind_proxy = dataclasses.replace(webhook, headers={**webhook.headers, "Host": "10.0.0.7:8080"})
    assert received(sms(), behind_proxy).inbound.text == "救命"


def test_sms_signature_covers_the_query() -> None:
    assert received(sms(), form(FIELDS, query_string="region=hk&x=%20")).inbound.text == "救命"


def test_an_mms_without_words_is_a_picture() -> None:
    fields = sms_fields("", sid="MM" + "b" * 32, NumMedia="1")
    assert received(sms(), form(fields)).inbound.kind is Kind.PICTURE


def test_an_mms_with_words_is_read() -> None:
    inbound = received(sms(), form(sms_fields("救命", NumMedia="2"))).inbound
    assert (inbound.kind, inbound.text) == (Kind.TEXT, "救命")


def test_every_text_of_a_reply_is_a_message_of_its_own() -> None:
    channel = sms()
    answer = channel.reply(received(channel, form(FIELDS)), Reply(("一", "二")))
    assert [m.text for m in ET.fromstring(answer.body).iter("Message")] == ["一", "二"]


@given(fields=st.dictionaries(st.sampled_from([*FIELDS, "Other"]), st.text(st.characters(codec="utf-8"), max_size=30)))
def test_signed_forms_of_any_shape_are_understood_or_refused(fields: dict[str, str]) -> None:
    try:
        found = sms().receive(form({"AccountSid": ACCOUNT, **fields}))
    except Refused:
        return
    assert isinstance(found, Delivery)


# The terminal


def test_each_terminal_is_one_person_whose_messages_are_counted() -> None:
    terminal = Terminal()
    first, second = terminal.say("a"), terminal.say("b")
    assert first.address == second.address
    assert first.message_id != second.message_id
    assert Terminal().say("a").address != first.address


def test_a_closed_terminal_cannot_be_written_to() -> None:
    with pytest.raises(Misconfigured):
        Terminal().send("address", "text")
