"""SMS by Twilio: signed form in, TwiML out inside the webhook, REST for later messages.

Two-way SMS with Twilio works in Hong Kong and many countries, not in mainland China, Thailand or Viet Nam.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import requests
from twilio.base.exceptions import TwilioException, TwilioRestException, TwilioServiceException
from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response
from twilio.request_validator import RequestValidator
from twilio.rest import Client
from twilio.twiml.messaging_response import MessagingResponse

from bot.core.message import Inbound, Kind, Reply
from bot.core.window import Window
from channels.base import (
    Delivery,
    HttpAnswer,
    Misconfigured,
    Refused,
    SendError,
    SlowDown,
    Status,
    TryLater,
    Unreachable,
    Unsure,
    Webhook,
    lost,
    printable,
)

TIMEOUT_S = 5
PATH = "/webhooks/sms"
STATUS = "/status"
LISTED = 20
"""So many of the last messages to a number are looked through for one that may have been sent."""
CLOCKS_APART = timedelta(seconds=10)
"""Twilio's clock may be so far behind ours."""
_DELIVERED, _FAILED = {"delivered", "read"}, {"undelivered", "failed", "canceled"}
_SID = re.compile(r"(SM|MM)[0-9a-fA-F]{32}")
_NUMBER = re.compile(r"\+[1-9][0-9]{5,14}")
_ERRORS: dict[int, tuple[type[SendError], str]] = {
    20003: (Misconfigured, "Twilio rejects the account SID or auth token"),
    20429: (SlowDown, "Twilio asks us to slow down"),
    21211: (Unreachable, "the number is not valid"),
    21408: (Misconfigured, "the Twilio account may not send to this country"),
    21610: (Unreachable, "the person has opted out at Twilio (STOP): only she can undo it with START"),
    21612: (Unreachable, "Twilio has no route to this number"),
    21614: (Unreachable, "the number cannot receive SMS"),
    21635: (Unreachable, "the number cannot receive SMS"),
    21606: (Misconfigured, "ANLU_TWILIO_NUMBER is not a number that may send"),
}
_FATES = {
    "30003": "the phone is off or out of reach",
    "30005": "the number is not in use",
    "30006": "a landline, or no route to this carrier",
    "30007": "the carrier filtered the message out",
    "30008": "the carrier does not say why",
}
"""Why a message that Twilio took did not arrive."""


def _status(sid: str, state: str, code: str) -> Status:
    if state in _FAILED:
        return Status(sid, "failed", _fate(code))
    return Status(sid, "delivered" if state in _DELIVERED else "on_its_way")


def _fate(code: str) -> str:
    if code.isascii() and code.isdigit() and len(code) <= 6:
        return f"{code}: {_FATES.get(code, 'Twilio could not deliver it')}"
    return "Twilio could not deliver it"


class _Http(TwilioHttpClient):  # type: ignore[misc]
    """Twilio's client with a deadline, spoken to at a configured address (the simulator's, in development)."""

    def __init__(self, api: str) -> None:
        super().__init__(timeout=TIMEOUT_S)
        self._base = urlsplit(api)

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Response:
        parts = urlsplit(url)
        path = self._base.path.rstrip("/") + parts.path
        url = urlunsplit((self._base.scheme, self._base.netloc, path, parts.query, ""))
        return super().request(method, url, *args, **kwargs)


class TwilioSms:
    name = "sms"
    style = "sms"
    patience_s = 13.0
    window: Window | None = None

    def __init__(self, account_sid: str, auth_token: str, number: str, public_url: str, api: str) -> None:
        self._account = account_sid
        self._validator = RequestValidator(auth_token)
        self._url = public_url.rstrip("/") + PATH
        self._number = number
        self._client = Client(account_sid, auth_token, http_client=_Http(api))

    def receive(self, webhook: Webhook) -> Delivery | HttpAnswer:
        self._authenticate(webhook, self._url)
        return Delivery(self._inbound(webhook.form))

    def status(self, webhook: Webhook) -> Status:
        self._authenticate(webhook, self._url + STATUS)
        form = webhook.form
        sid, state = form.get("MessageSid", ""), form.get("MessageStatus", "")
        if form.get("AccountSid") != self._account:
            raise Refused(403, "another account")
        if not _SID.fullmatch(sid) or not state:
            raise Refused(400, "malformed report (MessageSid or MessageStatus)")
        return _status(sid, state, form.get("ErrorCode", ""))

    def ask(self, provider_id: str) -> Status:
        with _errors():
            message = self._client.messages(provider_id).fetch()
            return _status(provider_id, str(message.status), str(message.error_code or ""))

    def _authenticate(self, webhook: Webhook, url: str) -> None:
        """Checks the signature over the configured address, never the Host header, and all fields that came."""
        if webhook.method != "POST":
            raise Refused(405, "only POST")
        signature = webhook.headers.get("X-Twilio-Signature", "")
        url += f"?{webhook.query_string}" if webhook.query_string else ""
        if not self._validator.validate(url, dict(webhook.form), signature):
            raise Refused(403, "wrong signature")

    def _inbound(self, form: Mapping[str, str]) -> Inbound:
        sid, number = form.get("MessageSid", ""), form.get("From", "")
        if form.get("AccountSid") != self._account:
            raise Refused(403, "another account")
        if not _SID.fullmatch(sid) or not _NUMBER.fullmatch(number):
            raise Refused(400, "malformed message (MessageSid or From)")
        text = form.get("Body", "")
        if not text.strip() and form.get("NumMedia", "0") not in ("", "0"):
            return Inbound(self.name, number, sid, Kind.PICTURE)
        return Inbound(self.name, number, sid, Kind.TEXT, text)

    def reply(self, delivery: Delivery, reply: Reply) -> HttpAnswer:
        response = MessagingResponse()
        for text in reply.texts:
            response.message(printable(text))
        return HttpAnswer(str(response), content_type="application/xml; charset=utf-8")

    def send(self, address: str, text: str) -> str:
        with _errors():
            message = self._client.messages.create(
                to=address, from_=self._number, body=printable(text), status_callback=self._url + STATUS
            )
            return str(message.sid)

    def find_sent(self, address: str, text: str, since: datetime) -> list[str]:
        """Without those that failed, and without passive replies."""
        wanted = printable(text).strip()
        with _errors():
            listed = self._client.messages.list(to=address, from_=self._number, limit=LISTED)
            return [
                str(message.sid)
                for message in reversed(listed)
                if message.body.strip() == wanted
                and message.direction == "outbound-api"
                and message.status not in _FAILED
                and message.date_created >= since - CLOCKS_APART
            ]


@contextmanager
def _errors() -> Iterator[None]:
    """Whatever the library raises, as an error of ours."""
    try:
        yield
    except (TwilioRestException, TwilioServiceException) as error:
        # Where Twilio names no code the library puts the HTTP status; a gateway's 502 tells nothing of the message.
        unknown = Unsure if error.code == error.status >= 500 else TryLater
        kind, says = _ERRORS.get(error.code, (unknown, f"Twilio answered with error {error.code}"))
        raise kind(str(error.code), says) from None
    except (TwilioException, requests.RequestException, ValueError, KeyError, TypeError, AttributeError) as error:
        raise lost(error, "Twilio gave no answer that can be read") from None
