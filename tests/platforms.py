"""Signs webhooks as WeChat and Twilio do, written from their documentation and not with the code under test."""

import base64
import hashlib
import hmac
import time
import xml.etree.ElementTree as ET
from urllib.parse import urlencode
from xml.sax.saxutils import escape

from wechatpy.crypto import WeChatCrypto

TOKEN = "wechat-token-0123"
APP_ID = "wx0123456789abcdef"
APP_SECRET = "w" * 32
AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
OPENID = "oCANARY_openid_0123456789abc"
ACCOUNT = "AC" + "0" * 32
AUTH_TOKEN = "t" * 32
SERVICE_NUMBER = "+85230000000"
NUMBER = "+85291234567"
PUBLIC_URL = "https://anlu.example"
SID = "SM" + "a1" * 16


def sha1(*parts: str) -> str:
    return hashlib.sha1("".join(sorted(parts)).encode()).hexdigest()


def wechat_xml(openid: str = OPENID, at: float | None = None, **fields: str) -> str:
    """What WeChat posts; ``fields`` such as MsgType, Content, MsgId, Event, EventKey."""
    head = {"ToUserName": "gh_anlu", "FromUserName": openid, "CreateTime": str(int(time.time() if at is None else at))}
    return "<xml>" + "".join(f"<{k}>{escape(v)}</{k}>" for k, v in {**head, **fields}.items()) + "</xml>"


def wechat_text(text: str, message_id: str = "1", openid: str = OPENID, at: float | None = None) -> str:
    return wechat_xml(openid, at, MsgType="text", Content=text, MsgId=message_id)


def wechat_query(at: float | None = None, nonce: str = "nonce1", token: str = TOKEN) -> dict[str, str]:
    timestamp = str(int(time.time() if at is None else at))
    return {"timestamp": timestamp, "nonce": nonce, "signature": sha1(token, timestamp, nonce)}


def wechat_sealed(
    xml: str, at: float | None = None, app_id: str = APP_ID, key: str = AES_KEY
) -> tuple[dict[str, str], str]:
    """The query and body of an AES webhook: ``signature`` for the address, ``msg_signature`` for the message."""
    query = wechat_query(at)
    sealed = WeChatCrypto(TOKEN, key, app_id).encrypt_message(xml, query["nonce"], query["timestamp"])
    encrypted = ET.fromstring(sealed).findtext("Encrypt") or ""
    seal = sha1(TOKEN, query["timestamp"], query["nonce"], encrypted)
    return {**query, "encrypt_type": "aes", "msg_signature": seal}, sealed


def wechat_opened(xml: str) -> str:
    """The inner XML of an AES reply; raises when its signature or seal is wrong."""
    outer = ET.fromstring(xml)
    parts = [outer.findtext(name) or "" for name in ("MsgSignature", "TimeStamp", "Nonce")]
    return str(WeChatCrypto(TOKEN, AES_KEY, APP_ID).decrypt_message(xml, *parts))


def wechat_path(query: dict[str, str]) -> str:
    return f"/webhooks/wechat?{urlencode(query)}"


def sms_fields(text: str, sid: str = SID, number: str = NUMBER, **others: str) -> dict[str, str]:
    fields = {"MessageSid": sid, "AccountSid": ACCOUNT, "From": number, "To": SERVICE_NUMBER, "Body": text}
    return {**fields, "NumMedia": "0", **others}


def sms_signature(fields: dict[str, str], url: str = f"{PUBLIC_URL}/webhooks/sms", token: str = AUTH_TOKEN) -> str:
    signed = url + "".join(key + fields[key] for key in sorted(fields))
    return base64.b64encode(hmac.new(token.encode(), signed.encode(), hashlib.sha1).digest()).decode()


def said_by_wechat(xml: str) -> str:
    return ET.fromstring(xml).findtext("Content") or ""


def said_by_sms(xml: str) -> str:
    return "\n".join(message.text or "" for message in ET.fromstring(xml).iter("Message"))
