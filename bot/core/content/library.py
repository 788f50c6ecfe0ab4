"""Everything of content/ in memory: answers, phrases and tables that cannot change and fit each other."""

from dataclasses import dataclass
from datetime import date

from bot.core.content.forms import Form
from bot.core.content.model import Answer, Bilingual, Fact, Figure, Hotline, Term
from bot.core.content.places import Places
from bot.core.content.translations import AWAITING, Translations
from bot.core.hours import Hours


@dataclass(frozen=True)
class Library:
    """Every answer, phrase and table, checked against each other."""

    answers: dict[str, Answer]
    safety: dict[str, Answer]
    phrases: dict[str, Bilingual]
    hotlines: dict[str, Hotline]
    figures: dict[str, Figure]
    facts: dict[str, Fact]
    places: Places
    forms: dict[str, Form]
    signs: dict[str, str]
    """Severity of each danger sign that may be shown: emergency, high or medium."""
    menu: tuple[str, ...]
    """Answer ids in the order of the menu's numbers."""
    terms: dict[str, Term]
    translations: Translations
    """As they stand in their files; those that are not stale are in the answers and phrases already."""
    hours: Hours
    """When counsellors are there."""

    @property
    def everything(self) -> dict[str, Answer]:
        """Answers and safety answers by id."""
        return {**self.answers, **self.safety}

    def answer(self, answer_id: str) -> Answer:
        """The answer of this id, or of the longest beginning of it that has one (KeyError when none)."""
        parts = answer_id.split("/")
        for length in range(len(parts), 1, -1):
            found = self.answers.get("/".join(parts[:length])) or self.safety.get("/".join(parts[:length]))
            if found:
                return found
        raise KeyError(answer_id)

    def value(self, table: str, key: str) -> str | None:
        """What stands for ``{{ table.key }}`` in a text: a hotline's number or a figure; None when there is none."""
        if table == "tel" and key in self.hotlines:
            return self.hotlines[key].number
        if table == "fig" and key in self.figures:
            return str(self.figures[key].value)
        return None

    def awaiting_legal_sign_off(self) -> int:
        return sum(a.reviewed.legal_sign_off == AWAITING for a in self.everything.values())

    def expired(self, today: date) -> list[str]:
        return [a.id for a in self.everything.values() if a.expired(today)]
