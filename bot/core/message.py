"""The forms in which a message travels inside: one in, one out, whatever the channel."""

from dataclasses import dataclass, field
from enum import Enum
from typing import NewType

PersonId = NewType("PersonId", str)
"""A keyed pseudonym of (channel, address); the only name of a person outside the address book."""
ReferralId = NewType("ReferralId", str)
CounsellorId = NewType("CounsellorId", str)
AnswerId = NewType("AnswerId", str)
"""``area/topic`` or longer, as in content/answers."""

MAX_TEXT = 4_000
"""Characters of one message that are read; channels deliver less (Twilio 1,600, WeChat about 680 Chinese)."""


class Kind(Enum):
    """What a person sent. Everything but TEXT and MENU_CLICK is answered without the dialogue engine."""

    TEXT = "text"
    SUBSCRIBE = "subscribe"
    UNSUBSCRIBE = "unsubscribe"
    MENU_CLICK = "menu_click"
    VOICE = "voice"
    PICTURE = "picture"
    LOCATION = "location"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Inbound:
    """One message from a person, authenticated and parsed by its channel.

    ``address`` (openid or E.164 number) and ``text`` are kept out of ``repr`` so that no log line can show them.
    """

    channel: str
    address: str = field(repr=False)
    message_id: str
    """The platform's own id: WeChat MsgId (events: sender and time), Twilio MessageSid."""
    kind: Kind = Kind.TEXT
    text: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes back inside the webhook: texts in the order sent, each within the channel's limit.

    No texts means silence (a counsellor holds the conversation).
    """

    texts: tuple[str, ...] = field(default=(), repr=False)
