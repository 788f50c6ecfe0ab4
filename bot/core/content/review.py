"""The life of an answer: draft, published, due for review, expired, withheld; and how plainly it is written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Literal

from bot.core.content.library import Library
from bot.core.content.model import PLACEHOLDER, Answer
from bot.core.content.translations import AWAITING, SOURCES, TRANSLATED, revision, revision_of

State = Literal["draft", "published", "due", "expired", "withheld"]
DUE_BEFORE = timedelta(days=30)
"""An answer is due for review so long before its date."""
WITHHELD_AFTER = timedelta(days=365)
"""So long after its date an answer is no longer sent, not even with a warning."""
SENTENCE = {"zh": 45, "en": 24}
"""Characters, or words, that no sentence should exceed: one idea each."""
AVERAGE = {"zh": 25, "en": 15}
"""The same for the average of a text."""
_ENDS = {"zh": re.compile(r"[。；！？\n]"), "en": re.compile(r"(?<=[.!?;:])\s|\n")}
_STEP = re.compile(r"^\d\. ")


def state(answer: Answer, today: date) -> State:
    """Where an answer stands in its life. A draft is one whose words have changed since its review."""
    if answer.reviewed.revision != revision_of(answer):
        return "draft"
    if today > answer.review_by + WITHHELD_AFTER:
        return "withheld"
    if today > answer.review_by:
        return "expired"
    return "due" if today > answer.review_by - DUE_BEFORE else "published"


def may_be_sent(answer: Answer, today: date) -> bool:
    """Whether an answer may go out, if with a warning. Words to somebody in danger always may."""
    return answer.is_safety or state(answer, today) not in ("draft", "withheld")


def keeping_signed(new: Library, old: Library, today: date) -> Library:
    """``new``, but with the old words where the new ones are not signed yet: nobody gets a draft, or nothing."""

    def kept(now: dict[str, Answer], before: dict[str, Answer]) -> dict[str, Answer]:
        drafts = {key for key, answer in now.items() if state(answer, today) == "draft" and key in before}
        return {key: before[key] if key in drafts else answer for key, answer in now.items()}

    return replace(new, answers=kept(new.answers, old.answers), safety=kept(new.safety, old.safety))


TranslationState = Literal["missing", "stale", "unchecked", "awaiting", "signed"]


def translation_state(library: Library, answer: Answer, language: str) -> TranslationState:
    """Where the translation of an answer stands; ``awaiting`` is a native reader's signature."""
    row = library.translations.answers.get((language, answer.id))
    if row is None:
        return "missing"
    if row.of != revision_of(answer):
        return "stale"
    if row.checked is None:
        return "unchecked"
    return "awaiting" if row.native_sign_off == AWAITING else "signed"


@dataclass(frozen=True, slots=True)
class Standing:
    """One answer's row of the status table."""

    answer: Answer
    state: State
    translations: dict[str, TranslationState]

    @property
    def lawyer(self) -> bool:
        """Whether a lawyer has signed."""
        return self.answer.reviewed.legal_sign_off != AWAITING


def standings(library: Library, today: date) -> list[Standing]:
    """Every answer and safety answer, those that need somebody first."""
    order: dict[State, int] = {"draft": 0, "withheld": 1, "expired": 2, "due": 3, "published": 4}
    rows = [
        Standing(a, state(a, today), {language: translation_state(library, a, language) for language in TRANSLATED})
        for a in library.everything.values()
    ]
    return sorted(rows, key=lambda row: (order[row.state], row.answer.review_by, row.answer.id))


def stale_phrases(library: Library) -> Iterator[tuple[str, str]]:
    """(language, key) of phrases whose translation is older than the phrase."""
    for language, book in library.translations.phrases.items():
        for key, said in book.phrases.items():
            if key in library.phrases and said.of != revision(library.phrases[key]):
                yield language, key


@dataclass(frozen=True, slots=True)
class HardSentence:
    """A sentence that is too long, or a text whose sentences are on average."""

    answer: str
    language: str
    length: int
    words: str


def hard_to_read(library: Library) -> list[HardSentence]:
    """Sentences over SENTENCE, and texts whose average is over AVERAGE."""
    found = []
    for answer in library.everything.values():
        for language in SOURCES:
            lengths = [(_length(each, language), each) for each in sentences(answer.text.in_(language), language)]
            long = [(length, each) for length, each in lengths if length > SENTENCE[language]]
            found += [HardSentence(answer.id, language, length, each) for length, each in long]
            average = sum(length for length, _ in lengths) / len(lengths)
            if average > AVERAGE[language]:
                found.append(HardSentence(answer.id, language, round(average), "(on average)"))
    return found


def sentences(text: str, language: str) -> list[str]:
    """The sentences of a text; a line and a numbered step end one."""
    plain = PLACEHOLDER.sub("0", text)
    return [each for raw in _ENDS[language].split(plain) if (each := _STEP.sub("", raw.strip()))]


def _length(sentence: str, language: str) -> int:
    return len(sentence) if language == "zh" else len(sentence.split())
