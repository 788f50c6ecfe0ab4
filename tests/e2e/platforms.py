"""WeChat and Twilio as they call us, written from their documents and not from our adapters."""

import base64
import hashlib
import hmac
import time
from collections.abc import Mapping
from urllib.parse import urlencode

import requests
import xmltodict
from wechatpy.crypto import WeChatCrypto

TIMEOUT_S = 8


def sha1(*parts: str) -> str:
    return hashlib.sha1("".join(sorted(parts)).encode()).hexdigest()


def twilio_post(
    base: str, secrets: Mapping[str, str], number: str, text: str, sid: str, public: str = ""
) -> requests.Response:
    """``public``: the address that the number is set up with, where another machine answers behind it."""
    url = f"{base}/webhooks/sms"
    fields = {
        "MessageSid": sid,
        "AccountSid": secrets["ANLU_TWILIO_ACCOUNT_SID"],
        "From": number,
        "To": secrets["ANLU_TWILIO_NUMBER"],
        "Body": text,
        "NumMedia": "0",
    }
    signed = (f"{public}/webhooks/sms" if public else url) + "".join(key + fields[key] for key in sorted(fields))
    mac = hmac.new(secrets["ANLU_TWILIO_AUTH_TOKEN"].encode(), signed.encode(), hashlib.sha1).digest()
    headers = {"X-Twilio-Signature": base64.b64encode(mac).decode()}
    return requests.post(url, data=fields, headers=headers, timeout=TIMEOUT_S)


def twiml_texts(answer: requests.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    found = (xmltodict.parse(answer.text)["Response"] or {}).get("Message") or []
    return found if isinstance(found, list) else [found]


def wechat_text(base: str, secrets: Mapping[str, str], openid: str, text: str, aes: bool, message_id: int) -> str:
    token, now, nonce = secrets["ANLU_WECHAT_TOKEN"], str(int(time.time())), "nonce42"
    xml = (
        f"<xml><ToUserName><![CDATA[gh_anlu]]></ToUserName><FromUserName><![CDATA[{openid}]]></FromUserName>"
        f"<CreateTime>{now}</CreateTime><MsgType><![CDATA[text]]></MsgType>"
        f"<Content><![CDATA[{text}]]></Content><MsgId>{message_id}</MsgId></xml>"
    )
    query = {"signature": sha1(token, now, nonce), "timestamp": now, "nonce": nonce, "openid": openid}
    crypto = WeChatCrypto(token, secrets["ANLU_WECHAT_AES_KEY"], secrets["ANLU_WECHAT_APP_ID"])
    if aes:
        xml = crypto.encrypt_message(xml, nonce, now)
        encrypted = xmltodict.parse(xml)["xml"]["Encrypt"]
        query |= {"encrypt_type": "aes", "msg_signature": sha1(token, now, nonce, encrypted)}
    answer = requests.post(f"{base}/webhooks/wechat?{urlencode(query)}", data=xml.encode(), timeout=TIMEOUT_S)
    assert answer.status_code == 200, answer.text
    if answer.text == "success":
        return ""
    reply = xmltodict.parse(answer.text)["xml"]
    if aes:
        opened = crypto.decrypt_message(answer.text, reply["MsgSignature"], reply["TimeStamp"], reply["Nonce"])
        reply = xmltodict.parse(opened)["xml"]
    assert reply["ToUserName"] == openid
    assert reply["MsgType"] == "text"
    return str(reply["Content"])
