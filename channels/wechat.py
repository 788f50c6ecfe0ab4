"""WeChat service account: signed XML in (plain or AES), passive reply out, customer-service messages later.

Platform rules: 5 s for the passive reply, three tries with the same MsgId; events
have no MsgId and are known by sender and time; ``success`` means "no reply".
"""

import hashlib
import json
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any
from xml.parsers.expat import ExpatError

import requests
from wechatpy import parse_message
from wechatpy.crypto import WeChatCrypto
from wechatpy.exceptions import WeChatException
from wechatpy.replies import TextReply

from bot.core.message import Inbound, Kind, Reply
from bot.core.window import Window
from channels.base import (
    Delivery,
    HttpAnswer,
    Misconfigured,
    Refused,
    SendError,
    SlowDown,
    TryLater,
    Unreachable,
    Unsure,
    Webhook,
    WindowClosed,
    lost,
    printable,
    same,
)

REPLAY_WINDOW_S = 600
"""A signed request older or newer than this is a replay; the platform's own retries come within 15 s."""
TIMEOUT_S = (3, 5)
SILENCE = HttpAnswer("success")
_BROKEN = (KeyError, TypeError, AttributeError, ExpatError, ValueError, IndexError, WeChatException, RecursionError)
"""What wechatpy raises on payloads that are not what they should be."""
_KINDS = {"voice": Kind.VOICE, "image": Kind.PICTURE, "video": Kind.PICTURE, "shortvideo": Kind.PICTURE,
          "location": Kind.LOCATION, "link": Kind.OTHER}  # fmt: skip
_TOKEN_REJECTED = {40001, 40014, 42001}
_ERRORS: dict[int, tuple[type[SendError], str]] = {
    -1: (TryLater, "WeChat is busy"),
    40003: (Unreachable, "WeChat does not know this person any more"),
    43004: (Unreachable, "the person does not follow the account any more"),
    45015: (WindowClosed, "more than 48 hours since the person last wrote: WeChat delivers nothing until she writes"),
    45047: (WindowClosed, "five messages since the person last wrote: WeChat delivers no more until she writes"),
    45009: (SlowDown, "the account's daily limit of WeChat calls is used up"),
    48001: (Misconfigured, "the WeChat account may not send customer-service messages"),
    40013: (Misconfigured, "the WeChat AppID is wrong"),
    40125: (Misconfigured, "the WeChat AppSecret is wrong"),
    40164: (Misconfigured, "this server's address is not on the WeChat account's allow-list"),
}


class WeChat:
    name = "wechat"
    style = "text"
    patience_s = 4.5
    window: Window | None = Window(hours=48, count=5, touch_s=60, touch_count=3)

    def __init__(
        self,
        token: str,
        app_id: str,
        app_secret: str,
        aes_key: str | None,
        encrypted_only: bool,
        api: str,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._token = token
        self._crypto = WeChatCrypto(token, aes_key, app_id) if aes_key else None
        self._encrypted_only = encrypted_only
        self._sender = _Sender(api, app_id, app_secret, now)
        self._now = now

    # Incoming

    def receive(self, webhook: Webhook) -> Delivery | HttpAnswer:
        query = webhook.query
        self._authenticate(query)
        if webhook.method == "GET":
            return HttpAnswer(printable(query.get("echostr", "")))
        aes = query.get("encrypt_type") == "aes"
        xml = self._decrypted(webhook) if aes else self._plain(webhook)
        return self._parsed(xml, {"aes": "1" if aes else "", "nonce": query.get("nonce", "")})

    def _authenticate(self, query: Mapping[str, str]) -> None:
        timestamp, nonce = query.get("timestamp", ""), query.get("nonce", "")
        if not same(query.get("signature", ""), _sha1(self._token, timestamp, nonce)):
            raise Refused(403, "wrong signature")
        if (
            not (timestamp.isascii() and timestamp.isdigit())
            or abs(self._now() - int(timestamp[:12])) > REPLAY_WINDOW_S
        ):
            raise Refused(403, "outside the replay window")

    def _plain(self, webhook: Webhook) -> str:
        if self._encrypted_only:
            raise Refused(400, "a plain message though safe mode is set")
        return _decoded(webhook.body)

    def _decrypted(self, webhook: Webhook) -> str:
        if self._crypto is None:
            raise Refused(400, "an encrypted message but no ANLU_WECHAT_AES_KEY")
        query, body = webhook.query, _decoded(webhook.body)
        timestamp, nonce, signature = query.get("timestamp", ""), query.get("nonce", ""), query.get("msg_signature", "")
        encrypted = _between(body, "<Encrypt>", "</Encrypt>")
        if not same(signature, _sha1(self._token, timestamp, nonce, encrypted)):
            raise Refused(403, "wrong message signature")
        try:
            return str(self._crypto.decrypt_message(body, signature, timestamp, nonce))
        except Exception as error:  # wechatpy raises five kinds on bad ciphertext, struct.error among them
            raise Refused(400, f"cannot be decrypted ({type(error).__name__})") from error

    def _parsed(self, xml: str, context: dict[str, str]) -> Delivery | HttpAnswer:
        try:
            message = parse_message(xml)
            openid, us = message.source, message.target
            if not (isinstance(openid, str) and openid and isinstance(us, str) and us):
                raise ValueError("no sender")
            inbound = self._inbound(message, openid)
        except _BROKEN as error:
            raise Refused(400, f"malformed message ({type(error).__name__})") from error
        if inbound is None:
            return SILENCE
        return Delivery(inbound, {**context, "openid": openid, "us": us})

    def _inbound(self, message: Any, openid: str) -> Inbound | None:
        """None for events that need no answer (template receipts, scans of those who follow already)."""
        if message._data.get("MsgType") == "event":
            kinds = {"subscribe": Kind.SUBSCRIBE, "subscribe_scan": Kind.SUBSCRIBE, "unsubscribe": Kind.UNSUBSCRIBE,
                     "click": Kind.MENU_CLICK}  # fmt: skip
            kind = kinds.get(str(getattr(message, "event", "")))
            if kind is None:
                return None
            stamp = f"{openid}:{message._data['CreateTime']}:{message.event}"
            event_id = hashlib.sha256(stamp.encode("utf-8", "surrogatepass")).hexdigest()[:32]
            return Inbound(self.name, openid, event_id, kind, str(getattr(message, "key", "") or ""))
        message_id = str(message.id)
        if not message_id.isdigit() or message_id == "0":
            raise ValueError("no MsgId")
        if message.type == "text":
            return Inbound(self.name, openid, message_id, Kind.TEXT, str(message.content or ""))
        return Inbound(self.name, openid, message_id, _KINDS.get(str(message.type), Kind.OTHER))

    # Outgoing

    def reply(self, delivery: Delivery, reply: Reply) -> HttpAnswer:
        """One passive text; WeChat takes no more than one."""
        if not reply.texts:
            return SILENCE
        content = printable("\n".join(reply.texts)).replace("]]>", "]] >")
        context = delivery.context
        answer = TextReply(source=context["us"], target=context["openid"], content=content, time=int(self._now()))
        xml = answer.render()
        if context["aes"] and self._crypto is not None:
            xml = self._crypto.encrypt_message(xml, context["nonce"] or "0", str(int(self._now())))
        return HttpAnswer(xml, content_type="application/xml; charset=utf-8")

    def send(self, address: str, text: str) -> str:
        return self._sender.send(address, printable(text))


class _Sender:
    """Customer-service messages over the stable access token; one process sends, so one token is enough."""

    def __init__(self, api: str, app_id: str, app_secret: str, now: Callable[[], float]) -> None:
        self._api = api.rstrip("/")
        self._app = {"grant_type": "client_credential", "appid": app_id, "secret": app_secret}
        self._now = now
        self._lock = threading.Lock()
        self._token = ""
        self._token_until = 0.0

    def send(self, openid: str, text: str) -> str:
        body = {"touser": openid, "msgtype": "text", "text": {"content": text}}
        answer = self._post("/cgi-bin/message/custom/send", body, self._access_token())
        if answer.get("errcode") in _TOKEN_REJECTED:  # one fresh try, never a loop
            self._token_until = 0.0
            answer = self._post("/cgi-bin/message/custom/send", body, self._access_token())
        _raise_for(answer)
        return str(answer.get("msgid", ""))

    def _access_token(self) -> str:
        with self._lock:
            if self._now() >= self._token_until:
                try:
                    answer = self._post("/cgi-bin/stable_token", self._app, None)
                except Unsure as error:  # whatever became of this request, it carried no message
                    raise TryLater(error.code, error.says) from None
                _raise_for(answer)
                try:
                    self._token = str(answer["access_token"])
                    self._token_until = self._now() + max(60, int(answer["expires_in"]) - 300)
                except (KeyError, ValueError, TypeError) as error:
                    raise TryLater("token", "WeChat gave no access token") from error
            return self._token

    def _post(self, path: str, body: Mapping[str, Any], token: str | None) -> dict[str, Any]:
        try:
            params = {"access_token": token} if token else None
            # WeChat shows escaped characters as they are: the body must be UTF-8, not \\u escapes.
            data = json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
            headers = {"Content-Type": "application/json; charset=utf-8"}
            answer = requests.post(self._api + path, params=params, data=data, headers=headers, timeout=TIMEOUT_S)
            given = answer.json()
        except (requests.RequestException, ValueError) as error:
            raise lost(error, "WeChat gave no answer that can be read") from None
        if not isinstance(given, dict) or answer.status_code >= 500:
            raise Unsure(str(answer.status_code), "WeChat gave no answer that can be read")
        return given


def _raise_for(answer: Mapping[str, Any]) -> None:
    code = answer.get("errcode", 0)
    if code in (0, None):
        return
    if code in _TOKEN_REJECTED:
        raise Misconfigured(str(code), "WeChat rejects the account's access token")
    number = code if isinstance(code, int) else 0
    kind, says = _ERRORS.get(number, (TryLater, f"WeChat answered with error {code}"))
    raise kind(str(code), says)


def _sha1(*parts: str) -> str:
    """WeChat's signature: SHA-1 of the sorted parts, one after the other."""
    return hashlib.sha1("".join(sorted(parts)).encode("utf-8", "surrogatepass")).hexdigest()  # noqa: S324 - theirs


def _decoded(body: bytes) -> str:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Refused(400, "not UTF-8") from error


def _between(text: str, start: str, end: str) -> str:
    """The content of the one Encrypt element, with or without CDATA."""
    _, found, rest = text.partition(start)
    inner, closed, _ = rest.partition(end)
    if not found or not closed:
        raise Refused(400, "malformed message (no Encrypt)")
    return inner.strip().removeprefix("<![CDATA[").removesuffix("]]>").strip()
