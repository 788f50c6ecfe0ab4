"""What one step of a conversation takes and gives."""

from dataclasses import dataclass, field

from bot.core.language import Language
from bot.core.message import Inbound, PersonId
from bot.core.policy import safety_answer
from bot.core.screen import Verdict
from bot.dialogue.client import Understanding
from bot.service.answers import Form
from bot.store.connection import StoreAway
from bot.store.sessions import Session

HUMAN = "talk/human"


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
    alone: bool = True
    """No other message of hers is in work; otherwise the session is that one's to keep."""


@dataclass(frozen=True, slots=True)
class Call:
    """A human is called: how urgent, for which kinds of distress, why, and which answer goes out meanwhile."""

    level: int
    kinds: tuple[str, ...]
    reasons: tuple[str, ...]
    answer: str
    quiet: bool = False
    """Her words did not name the danger: nothing on the phone does, until she says that she can write safely."""


def call_for(verdict: Verdict) -> Call:
    """The call that an escalating verdict makes."""
    return Call(verdict.level, verdict.kinds, verdict.reasons, safety_answer(verdict.kinds), verdict.quiet)


class CallNotKept(StoreAway):
    """A human was to be called and the store could not keep it: the disk spool must."""

    def __init__(self, call: Call, language: Language) -> None:
        super().__init__("a call for a human could not be kept")
        self.call = call
        self.language = language
        self.instead: tuple[str, ...] = ()
        """What is said in place of the safety answer, on a phone that others may be reading."""


@dataclass(frozen=True, slots=True)
class Said:
    """What is said, and the session after it."""

    texts: tuple[str, ...] = field(repr=False)
    session: Session
    answer: str | None = None
    understanding: Understanding | None = None
    call: Call | None = None
    """A human is to be called; then nothing is said yet."""
    erased: bool = False
    """The person asked to be forgotten and was; nothing of her is stored any more."""
