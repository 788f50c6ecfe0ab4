"""The protocol behind which every channel stands, and the closed family of its errors.

A channel parses and authenticates webhooks, renders replies for its platform, and sends later messages. It never
logs, never touches the store, and knows nothing of what messages mean. A new channel is a file here, a line in
bot/wiring.py, and a row in the contract test tests/test_channels.py.
"""

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol, runtime_checkable

import requests
from urllib3.exceptions import NewConnectionError

from bot.core.message import Inbound, Reply
from bot.core.window import Window

BODY_LIMIT = 64 * 1024
"""Bytes of a webhook body; both platforms send far less."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """An HTTP request as a channel sees it. ``form`` holds the decoded POST fields when there are any."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    form: Mapping[str, str] = field(default_factory=dict, repr=False)
    query_string: str = field(default="", repr=False)
    """The query as it was sent, for signatures over the whole address."""


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """What goes back to the platform."""

    body: str = field(repr=False)
    status: int = 200
    content_type: str = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Delivery:
    """An authenticated message, and what the channel needs again to answer it."""

    inbound: Inbound
    context: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Status:
    """What became of a message that the platform took under this id; ``says`` is a sentence for staff."""

    provider_id: str
    state: Literal["on_its_way", "delivered", "failed"]
    says: str = ""


class Refused(Exception):
    """The webhook is forged, replayed or malformed: nothing happens. ``reason`` is for the log, without content."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


class SendError(Exception):
    """A later message did not go out. ``code`` is the platform's, ``says`` a sentence for staff."""

    def __init__(self, code: str, says: str) -> None:
        super().__init__(code)
        self.code = code
        self.says = says


class TryLater(SendError):
    """The platform or the way to it is in trouble; the same message may go out later."""


class SlowDown(TryLater):
    """The platform asks for fewer messages; that takes longer to pass than other trouble."""


class Unsure(TryLater):
    """The platform did not say whether it took the message: the person may have it."""


class Unreachable(SendError):
    """This person cannot be reached this way any more: opted out, wrong number, blocked us."""


class WindowClosed(SendError):
    """Outside the window or too many messages since she last wrote; possible again when she writes."""


class Misconfigured(SendError):
    """Our account or settings are wrong; a person must act, and then the same message may go out."""


class Channel(Protocol):
    """A way to people. ``style`` names the form of answers it carries (``text`` or ``sms``)."""

    window: Window | None
    """When it takes later messages; None: always."""

    name: str
    style: str
    patience_s: float
    """How long the platform waits for the webhook's answer, with a margin for the way."""

    def receive(self, webhook: Webhook) -> Delivery | HttpAnswer:
        """The authenticated message, or a direct answer to the platform. Raises Refused."""
        ...

    def reply(self, delivery: Delivery, reply: Reply) -> HttpAnswer:
        """The webhook's answer that carries the reply; an empty reply is silence the platform accepts."""
        ...

    def send(self, address: str, text: str) -> str:
        """Sends a later message; the platform's id of it. Raises SendError."""
        ...


@runtime_checkable
class Reporting(Channel, Protocol):
    """A channel whose platform tells by a webhook of its own what became of each message."""

    def status(self, webhook: Webhook) -> Status:
        """The authenticated report. Raises Refused."""
        ...

    def ask(self, provider_id: str) -> Status:
        """What the platform knows of a message whose report did not come. Raises SendError."""
        ...


@runtime_checkable
class Recalling(Channel, Protocol):
    """A channel whose platform can be asked what it has taken."""

    def find_sent(self, address: str, text: str, since: datetime) -> Sequence[str]:
        """The platform's ids of later messages with these words to her since then, oldest first. Raises SendError."""
        ...


def same(given: str, expected: str) -> bool:
    """Compares signatures in constant time, whatever characters were sent."""
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), expected.encode())


def lost(error: Exception, says: str) -> TryLater:
    """What a request without an answer means: only where no connection was made, it surely was not sent."""
    cause = getattr(error.args[0], "reason", None) if error.args else None
    never_left = isinstance(error, requests.ConnectTimeout) or isinstance(cause, NewConnectionError)
    return (TryLater if never_left else Unsure)(type(error).__name__, says)


def printable(text: str) -> str:
    """The text without characters that XML cannot carry."""
    return "".join(
        c for c in text if c in "\n\t" or (c >= " " and not "\ud800" <= c <= "\udfff" and c not in "\ufffe\uffff")
    )
