"""What one step of a conversation takes and gives."""

from dataclasses import dataclass, field

from bot.core.language import Language
from bot.core.message import Inbound, PersonId
from bot.core.screen import Verdict
from bot.dialogue.client import Understanding
from bot.service.answers import Form
from bot.store.sessions import Session


@dataclass(frozen=True, slots=True)
class Turn:
    """A message with everything known before it is answered."""

    inbound: Inbound
    person: PersonId
    verdict: Verdict
    session: Session
    language: Language
    form: Form
    held: bool = False
    """A counsellor holds the conversation."""


@dataclass(frozen=True, slots=True)
class Call:
    """A human is to be called though the screen did not escalate."""

    level: int
    reason: str
    answer: str


@dataclass(frozen=True, slots=True)
class Said:
    """What is said, and the session after it."""

    texts: tuple[str, ...] = field(repr=False)
    session: Session
    answer: str | None = None
    understanding: Understanding | None = None
    call: Call | None = None
    erased: bool = False
    """The person asked to be forgotten and was; nothing of her is stored any more."""
