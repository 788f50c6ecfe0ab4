"""Two phones for demonstrations and tests, and the two platforms behind them.

The phones post real signed webhooks over HTTP to the gateway's own adapters; the platforms take what the worker
sends later and show it on the phone. Registered only when ANLU_SIMULATOR is set.
"""

import hashlib
import re
import secrets
import time
from urllib.parse import urlencode
from xml.sax.saxutils import escape

import requests
import xmltodict
from flask import Blueprint, Response, jsonify, render_template, request
from wechatpy.crypto import WeChatCrypto

from bot.gateway.simulated_phones import Phones
from bot.gateway.simulated_twilio import TIMEOUT_S, plain, signature_of, twilio_platform
from bot.settings import Settings

WRITTEN, TOUCHED = 5, 3
"""Messages that WeChat takes after a message of hers, and after a touch of the menu; no time is kept here."""
_NUMBER = re.compile(r"\+[0-9]{6,15}")
_OPENID = re.compile(r"[A-Za-z0-9_-]{6,40}")


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
        phones.open_window(openid, TOUCHED if event else WRITTEN)
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

    @pages.post("/sms/power")
    def sms_power() -> tuple[str, int]:
        """Switches a phone off and on: what is sent meanwhile does not arrive, and Twilio says so."""
        phones.switch(_given("address", _NUMBER), request.form.get("on") == "1")
        return "", 204

    _wechat_platform(pages, settings, phones)
    twilio_platform(pages, settings, phones)
    return pages


def _wechat_platform(pages: Blueprint, settings: Settings, phones: Phones) -> None:
    """WeChat as the sender of later messages sees it: an access token, then customer-service messages."""

    @pages.post("/platform/wechat/cgi-bin/stable_token")
    def stable_token() -> Response:
        given = request.get_json(silent=True) or {}
        if given.get("appid") != settings.wechat_app_id or given.get("secret") != plain(settings.wechat_app_secret):
            return jsonify(errcode=40125, errmsg="invalid appsecret")
        return jsonify(access_token=_access_token(settings), expires_in=7200)

    @pages.post("/platform/wechat/cgi-bin/message/custom/send")
    def custom_send() -> Response:
        if request.args.get("access_token") != _access_token(settings):
            return jsonify(errcode=40001, errmsg="invalid credential")
        given = request.get_json(silent=True) or {}
        openid = str(given.get("touser"))
        if not phones.take_slot(openid):
            return jsonify(errcode=45047, errmsg="out of response count limit")
        phones.show(openid, "them", str(given.get("text", {}).get("content")))
        return jsonify(errcode=0, errmsg="ok", msgid=secrets.randbelow(10**12))


def _given(name: str, pattern: re.Pattern[str]) -> str:
    value = request.form.get(name, "")
    return value if pattern.fullmatch(value) else "simulated"


def _access_token(settings: Settings) -> str:
    return hashlib.sha256(b"token:" + plain(settings.wechat_app_secret).encode()).hexdigest()


def _post_wechat(settings: Settings, openid: str, text: str, event: str, aes: bool) -> str:
    """Sends one message as the platform would; the passive reply's text, empty when there is none."""
    token, now, nonce = plain(settings.wechat_token), str(int(time.time())), secrets.token_hex(4)
    xml = _wechat_xml(openid, text, event, now)
    query = {"timestamp": now, "nonce": nonce, "signature": _sha1(token, now, nonce), "openid": openid}
    crypto = (
        WeChatCrypto(token, plain(settings.wechat_aes_key), settings.wechat_app_id) if settings.wechat_aes_key else None
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
    answer = requests.post(url, data=fields, headers=signature_of(settings, url, fields), timeout=TIMEOUT_S)
    if answer.status_code != 200:
        return [f"⚠ {answer.status_code} {answer.text.strip()[:200]}"]
    messages = (xmltodict.parse(answer.text)["Response"] or {}).get("Message") or []
    return [str(m) for m in (messages if isinstance(messages, list) else [messages])]


def _sha1(*parts: str) -> str:
    return hashlib.sha1("".join(sorted(parts)).encode()).hexdigest()  # noqa: S324 - WeChat's signature
