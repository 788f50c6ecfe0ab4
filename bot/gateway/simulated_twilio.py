"""Twilio as its REST client and our webhooks see it, for the simulator."""

import base64
import hashlib
import hmac
import secrets
import threading
from collections import deque
from collections.abc import Mapping
from datetime import datetime, timezone
from email.utils import format_datetime

import requests
from flask import Blueprint, Response, jsonify, request
from pydantic import SecretStr

from bot.gateway.simulated_phones import KEPT, Phones
from bot.settings import Settings

REPORT_AFTER_S = 0.7
TIMEOUT_S = 10
MESSAGES = "/platform/twilio/2010-04-01/Accounts/<account>/Messages.json"


def twilio_platform(pages: Blueprint, settings: Settings, phones: Phones) -> None:
    """Takes messages, lists them, and reports a moment later what became of them."""
    taken: deque[dict[str, object]] = deque(maxlen=KEPT)

    def known(account: str) -> bool:
        auth = request.authorization
        return bool(
            auth
            and auth.username == account == settings.twilio_account_sid
            and auth.password == plain(settings.twilio_auth_token)
        )

    @pages.post(MESSAGES)
    def take(account: str) -> tuple[Response, int]:
        if not known(account):
            return jsonify(code=20003, message="Authenticate", status=401), 401
        to, text, report_to = request.form["To"], request.form["Body"], request.form.get("StatusCallback", "")
        message = _message(to, text)
        taken.appendleft(message)
        answer = jsonify(message)
        if phones.is_on(to):
            phones.show(to, "them", text)
            message["status"] = "delivered"
        else:
            message |= {"status": "undelivered", "error_code": 30003}
        if report_to.startswith(f"{settings.public_url}/"):
            report = threading.Timer(REPORT_AFTER_S, _report, (settings, report_to, message))
            report.daemon = True
            report.start()
        return answer, 201

    @pages.get(MESSAGES)
    def list_taken(account: str) -> tuple[Response, int]:
        if not known(account):
            return jsonify(code=20003, message="Authenticate", status=401), 401
        to = request.args.get("To")
        found = [message for message in taken if to in (None, message["to"])]
        return jsonify(messages=found, next_page_uri=None), 200

    @pages.get(MESSAGES.replace(".json", "/<sid>.json"))
    def tell(account: str, sid: str) -> tuple[Response, int]:
        found = [message for message in taken if message["sid"] == sid and known(account)]
        return (jsonify(found[0]), 200) if found else (jsonify(code=20404, message="not found", status=404), 404)


def signature_of(settings: Settings, url: str, fields: Mapping[str, str]) -> dict[str, str]:
    """The headers by which Twilio signs a form that it posts to this address."""
    signed = url + "".join(key + fields[key] for key in sorted(fields))
    mac = hmac.new(plain(settings.twilio_auth_token).encode(), signed.encode(), hashlib.sha1).digest()
    return {"X-Twilio-Signature": base64.b64encode(mac).decode()}


def plain(secret: SecretStr | None) -> str:
    return secret.get_secret_value() if secret is not None else ""


def _message(to: str, text: str) -> dict[str, object]:
    now = format_datetime(datetime.now(timezone.utc))
    return {
        "sid": "SM" + secrets.token_hex(16), "to": to, "body": text, "status": "queued", "direction": "outbound-api",
        "date_created": now,
    }  # fmt: skip


def _report(settings: Settings, url: str, message: dict[str, object]) -> None:
    fields = {"MessageSid": str(message["sid"]), "MessageStatus": str(message["status"])}
    fields |= {"AccountSid": settings.twilio_account_sid, "ErrorCode": str(message.get("error_code", ""))}
    requests.post(url, data=fields, headers=signature_of(settings, url, fields), timeout=TIMEOUT_S)
