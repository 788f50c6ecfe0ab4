"""What the service remembers of a conversation between two messages, sealed under the person's key."""

import json
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from bot.core.cipher import SealBroken
from bot.core.language import Language
from bot.core.message import PersonId
from bot.store.connection import Store
from bot.store.people import People

KEEP_S = 30 * 24 * 3600
LEFT = "left"
"""In place of a form's question: the form was left without the engine, which must still be told."""


@dataclass(frozen=True, slots=True)
class Session:
    """``asked`` is the open question (its digits mean something now), ``options`` the answer ids offered with it."""

    language: Language | None = None
    """Chosen by the person; stays until she chooses another."""
    spoken: Language | None = None
    """The language of her last message that told one."""
    greeted: bool = False
    asked: str | None = None
    options: tuple[str, ...] = ()
    rest: tuple[str, ...] = field(default=(), repr=False)
    """Pieces of the last answer that wait for "send 1 for more"."""
    offers: tuple[str, ...] = ()
    """What the last answer offers: answer ids, forms as ``form/<id>``, a verdict as ``helped/yes/<answer id>``."""
    form: str | None = None
    """The question of a form that is open in the engine, as ``<form>/<field>``, or LEFT."""
    unsure: int = 0
    """How many messages in a row were not understood."""
    before: tuple[tuple[float, str], ...] = field(default=(), repr=False)
    """What she wrote in the last minutes (time in seconds, text): a danger may be told in fragments."""
    danger_at: float | None = None
    """When words of hers last called a human or made us ask whether she is safe."""
    safe_word: str | None = field(default=None, repr=False)
    may_write: bool | None = None
    """Whether she said that writing to her is safe; None until she does, and again after each cry for help."""
    hidden: bool = False
    """The "wrong number" mode: others may be reading."""
    safe_hours: tuple[int, int] | None = None
    """Hours of the day (China) from and until which messages may be sent to her."""

    @property
    def form_open(self) -> bool:
        return self.form is not None and self.form != LEFT

    @property
    def form_to_leave(self) -> bool:
        return self.form == LEFT

    def but(self, **changes: Any) -> "Session":
        return replace(self, **changes)

    def without_form(self) -> "Session":
        """The same session with any form left; the engine is told with the next message that reaches it."""
        return replace(self, form=LEFT) if self.form else self


class Sessions:
    def __init__(self, store: Store, people: People) -> None:
        self._store = store
        self._people = people

    def load(self, person: PersonId) -> Session:
        sealed = self._store.get("session", person)
        if sealed is None:
            return Session()
        try:
            raw = json.loads(self._people.open(person, sealed, "session"))
            return Session(**{name: _frozen(value) for name, value in raw.items()})
        except (SealBroken, ValueError, TypeError, KeyError, AttributeError):
            return Session()  # from another version or key: the conversation starts anew, nothing else is lost

    def save(self, person: PersonId, session: Session) -> None:
        sealed = self._people.seal(person, json.dumps(asdict(session)), "session")
        self._store.put(sealed, "session", person, ttl_s=KEEP_S)


def _frozen(value: Any) -> Any:
    return tuple(_frozen(each) for each in value) if isinstance(value, list) else value
