"""Two phones for demonstrations and tests, and the two platforms behind them.

The phones post real signed webhooks over HTTP to the gateway's own adapters; the platforms take what the worker
sends later and show it on the phone. Registered only when ANLU_SIMULATOR is set.
"""

import base64
import hashlib
import hmac
import re
import secrets
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from urllib.parse import urlencode
from xml.sax.saxutils import escape

import requests
import xmltodict
from flask import Blueprint, Response, jsonify, render_template, request
from wechatpy.crypto import WeChatCrypto

from bot.settings import Settings

KEPT = 200
TIMEOUT_S = 10
_NUMBER = re.compile(r"\+[0-9]{6,15}")
_OPENID = re.compile(r"[A-Za-z0-9_-]{6,40}")


@dataclass
class Phone:
    """What one phone shows: messages with a running number, ``me`` or ``them``."""

    messages: deque[dict[str, object]] = field(default_factory=lambda: deque(maxlen=KEPT))
    count: int = 0

    def show(self, who: str, text: str) -> None:
        self.count += 1
        self.messages.append({"n": self.count, "who": who, "text": text, "at": time.strftime("%H:%M")})


class Phones:
    """All simulated phones by address; the screen of a phone lives as long as the gateway."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._phones: dict[str, Phone] = {}

    def show(self, address: str, who: str, text: str) -> None:
        with self._lock:
            self._phones.setdefault(address, Phone()).show(who, text)

    def after(self, address: str, number: int) -> list[dict[str, object]]:
        with self._lock:
            phone = self._phones.get(address, Phone())
            return [m for m in phone.messages if int(str(m["n"])) > number]


def simulator(settings: Settings) -> Blueprint:
    """The blueprint with the page, the phones' radio, and the two platforms."""
    pages = Blueprint(
        "simulator", __name__, url_prefix="/simulator", template_folder="templates", static_folder="static"
    )
    phones = Phones()

    @pages.get("/")
    def page() -> str:
        return render_template("simulator.html")

    @pages.get("/messages")
    def messages() -> Response:
        return jsonify(phones.after(request.args.get("address", ""), request.args.get("after", 0, int)))

    @pages.post("/wechat/send")
    def wechat_send() -> tuple[str, int]:
        openid, text = _given("address", _OPENID), request.form.get("text", "")
        event = request.form.get("event", "")
        phones.show(openid, "me", text or f"[{event}]")
        answer = _post_wechat(settings, openid, text, event, aes=request.form.get("aes") == "1")
        if answer:
            phones.show(openid, "them", answer)
        return "", 204

    @pages.post("/sms/send")
    def sms_send() -> tuple[str, int]:
        number, text = _given("address", _NUMBER), request.form.get("text", "")
        phones.show(number, "me", text)
        for answer in _post_sms(settings, number, text):
            phones.show(number, "them", answer)
        return "", 204

    _wechat_platform(pages, settings, phones)
    _twilio_platform(pages, settings, phones)
    return pages


def _wechat_platform(pages: Blueprint, settings: Settings, phones: Phones) -> None:
    """WeChat as the sender of later messages sees it: an access token, then customer-service messages."""

    @pages.post("/platform/wechat/cgi-bin/stable_token")
    def stable_token() -> Response:
        given = request.get_json(silent=True) or {}
        if given.get("appid") != settings.wechat_app_id or given.get("secret") != _secret(settings.wechat_app_secret):
            return jsonify(errcode=40125, errmsg="invalid appsecret")
        return jsonify(access_token=_access_token(settings), expires_in=7200)

    @pages.post("/platform/wechat/cgi-bin/message/custom/send")
    def custom_send() -> Response:
        if request.args.get("access_token") != _access_token(settings):
            return jsonify(errcode=40001, errmsg="invalid credential")
        given = request.get_json(silent=True) or {}
        phones.show(str(given.get("touser")), "them", str(given.get("text", {}).get("content")))
        return jsonify(errcode=0, errmsg="ok", msgid=secrets.randbelow(10**12))


def _twilio_platform(pages: Blueprint, settings: Settings, phones: Phones) -> None:
    """Twilio as its REST client sees it."""

    @pages.post("/platform/twilio/2010-04-01/Accounts/<sid>/Messages.json")
    def twilio_messages(sid: str) -> tuple[Response, int]:
        auth = request.authorization
        known = auth and auth.username == sid == settings.twilio_account_sid
        if not known or not auth or auth.password != _secret(settings.twilio_auth_token):
            return jsonify(code=20003, message="Authenticate", status=401), 401
        phones.show(request.form["To"], "them", request.form["Body"])
        return jsonify(sid="SM" + secrets.token_hex(16), status="queued", body=request.form["Body"]), 201


def _given(name: str, pattern: re.Pattern[str]) -> str:
    value = request.form.get(name, "")
    return value if pattern.fullmatch(value) else "simulated"


def _secret(value: object) -> str:
    return value.get_secret_value() if value is not None else ""  # type: ignore[attr-defined]


def _access_token(settings: Settings) -> str:
    return hashlib.sha256(b"token:" + _secret(settings.wechat_app_secret).encode()).hexdigest()


def _post_wechat(settings: Settings, openid: str, text: str, event: str, aes: bool) -> str:
    """Sends one message as the platform would; the passive reply's text, empty when there is none."""
    token, now, nonce = _secret(settings.wechat_token), str(int(time.time())), secrets.token_hex(4)
    xml = _wechat_xml(openid, text, event, now)
    query = {"timestamp": now, "nonce": nonce, "signature": _sha1(token, now, nonce), "openid": openid}
    crypto = (
        WeChatCrypto(token, _secret(settings.wechat_aes_key), settings.wechat_app_id)
        if settings.wechat_aes_key
        else None
    )
    if crypto and aes:
        xml = crypto.encrypt_message(xml, nonce, now)
        query |= {"encrypt_type": "aes", "msg_signature": xmltodict.parse(xml)["xml"]["MsgSignature"]}
    url = f"{settings.public_url}/webhooks/wechat?{urlencode(query)}"
    answer = requests.post(url, data=xml.encode(), headers={"Content-Type": "text/xml"}, timeout=TIMEOUT_S)
    if answer.status_code != 200:
        return f"⚠ {answer.status_code} {answer.text.strip()[:200]}"
    if answer.text == "success":
        return ""
    body = answer.text
    if crypto and aes:
        outer = xmltodict.parse(body)["xml"]
        body = crypto.decrypt_message(body, outer["MsgSignature"], outer["TimeStamp"], outer["Nonce"])
    return str(xmltodict.parse(body)["xml"]["Content"])


def _wechat_xml(openid: str, text: str, event: str, now: str) -> str:
    if event:
        kind, _, key = event.partition(":")
        inner = f"<MsgType>event</MsgType><Event>{escape(kind)}</Event><EventKey>{escape(key)}</EventKey>"
    else:
        number = secrets.randbelow(10**15) + 1
        inner = f"<MsgType>text</MsgType><Content>{escape(text)}</Content><MsgId>{number}</MsgId>"
    head = f"<ToUserName>gh_anlu</ToUserName><FromUserName>{openid}</FromUserName><CreateTime>{now}</CreateTime>"
    return f"<xml>{head}{inner}</xml>"


def _post_sms(settings: Settings, number: str, text: str) -> list[str]:
    """Sends one message as Twilio would; the texts of the TwiML reply."""
    fields = {
        "MessageSid": "SM" + secrets.token_hex(16),
        "AccountSid": settings.twilio_account_sid,
        "From": number,
        "To": settings.twilio_number,
        "Body": text,
        "NumMedia": "0",
    }
    url = f"{settings.public_url}/webhooks/sms"
    signed = url + "".join(key + fields[key] for key in sorted(fields))
    mac = hmac.new(_secret(settings.twilio_auth_token).encode(), signed.encode(), hashlib.sha1).digest()
    headers = {"X-Twilio-Signature": base64.b64encode(mac).decode()}
    answer = requests.post(url, data=fields, headers=headers, timeout=TIMEOUT_S)
    if answer.status_code != 200:
        return [f"⚠ {answer.status_code} {answer.text.strip()[:200]}"]
    messages = (xmltodict.parse(answer.text)["Response"] or {}).get("Message") or []
    return [str(m) for m in (messages if isinstance(messages, list) else [messages])]


def _sha1(*parts: str) -> str:
    return hashlib.sha1("".join(sorted(parts)).encode()).hexdigest()  # noqa: S324 - WeChat's signature
