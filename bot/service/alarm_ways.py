"""The ways on which an alarm leaves the house: SMS to staff and to the on-call phone, and a signed webhook."""

import hashlib
import hmac
import json
import time
from collections.abc import Iterable
from dataclasses import asdict
from functools import partial
from typing import Protocol

import requests

from bot.core.alarms import Notice
from bot.service.alarm_sender import Errand
from channels.base import SendError, TryLater

TIMEOUT_S = 5
SIGNATURE, TIMESTAMP = "X-Anlu-Signature", "X-Anlu-Timestamp"


class Texter(Protocol):
    """Whatever sends a text message to a number: a channel does."""

    def send(self, address: str, text: str) -> str: ...


class Ways:
    """``link`` is the console's address; ``texter`` and ``webhook`` (address, secret) are None where there is none."""

    def __init__(
        self,
        site: str,
        link: str,
        texter: Texter | None,
        webhook: tuple[str, bytes] | None,
        on_call: tuple[str, ...],
    ) -> None:
        self._site = site
        self._link = link
        self._texter = texter
        self._webhook = webhook
        self.on_call = on_call

    def errands(self, notice: Notice, numbers: Iterable[str]) -> list[Errand]:
        """What is to be sent: the webhook always, an SMS to each number once."""
        found = [Errand("webhook", partial(self._post, *self._webhook, notice))] if self._webhook else []
        if self._texter is not None:
            text = said(notice, self._site, self._link)
            found += [Errand("sms", partial(self._texter.send, number, text)) for number in dict.fromkeys(numbers)]
        return found

    def _post(self, address: str, secret: bytes, notice: Notice) -> None:
        """Raises SendError. The signature is over time and body, so that neither can be forged or used again."""
        body = json.dumps({"site": self._site, **asdict(notice), "link": self._link}).encode()
        at = str(int(time.time()))
        sign = hmac.new(secret, at.encode() + b"." + body, hashlib.sha256).hexdigest()
        headers = {"Content-Type": "application/json", TIMESTAMP: at, SIGNATURE: f"sha256={sign}"}
        try:
            answer = requests.post(address, data=body, headers=headers, timeout=TIMEOUT_S, allow_redirects=False)
        except requests.RequestException as error:
            raise TryLater(type(error).__name__, "the webhook cannot be reached") from None
        if answer.status_code >= 500 or answer.status_code in (408, 429):
            raise TryLater(str(answer.status_code), "the webhook is in trouble")
        if not answer.ok or answer.is_redirect:
            raise SendError(str(answer.status_code), "the webhook does not accept the alarm")


def said(notice: Notice, site: str, link: str) -> str:
    """An alarm as a text message: counts and times, nothing of anybody's."""
    wait = f"{notice.oldest_wait_s // 60} min"
    what = {
        "waiting": f"level {notice.level}, {notice.waiting} waiting, the longest for {wait}. Take it or say on the "
        "console that you are on it.",
        "unanswered": f"somebody of level {notice.level} has waited for {wait} for her counsellor's words.",
        "silence": f"no message has come for {notice.oldest_wait_s // 3600} h. Try whether the channels work.",
        "no_worker": "no worker gives a sign of life. Messages wait and leases do not end: start it again.",
    }[notice.event.partition(".")[0]]
    return f"Anlu {site}: {what} {link}".strip()
