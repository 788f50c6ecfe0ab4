"""Translations of answers and phrases: files of their own, each tied to the revision that it was made from.

``content/translations/<language>/<answer id>.yml`` and ``…/phrases.yml``; content/STYLE.md explains the form. A
translation whose source has changed since is stale: an answer then goes out in English until somebody has looked,
the words to somebody in danger stay in her language (an old calm sentence is better than a foreign one).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date as Day
from pathlib import Path

from bot.core.content.files import parse, read
from bot.core.content.model import Answer, AnswerPath, Bilingual, ContentError, Written, _Strict
from bot.core.language import LANGUAGES

SOURCES = ("zh", "en")
"""Languages that texts are written in; the others are translated from both together."""
TRANSLATED = tuple(language for language in LANGUAGES if language not in SOURCES)
AWAITING = "awaiting"


class Checked(_Strict):
    """The check by another hand than the translator's, who put the text back into English."""

    by: str
    date: Day
    back: Written
    """The translation put back into English, for those who cannot read it."""


class Translation(_Strict):
    """One answer in one more language."""

    id: AnswerPath
    of: str
    """Revision of the answer that was translated."""
    by: str
    date: Day
    checked: Checked | None = None
    native_sign_off: str = AWAITING
    """The native reader who signed for it, or "awaiting"."""
    title: Written
    text: Written
    sms: Written


class Said(_Strict):
    """One phrase in one more language."""

    of: str
    text: Written


class Phrasebook(_Strict):
    """The phrases of one language."""

    by: str
    date: Day
    native_sign_off: str = AWAITING
    phrases: dict[str, Said]


@dataclass(frozen=True)
class Translations:
    """All that is translated: answers by (language, id), phrases by language."""

    answers: dict[tuple[str, str], Translation]
    phrases: dict[str, Phrasebook]

    def of_answer(self, answer_id: str) -> dict[str, Translation]:
        """The translations of one answer by language."""
        return {language: row for (language, name), row in self.answers.items() if name == answer_id}


def revision(*texts: Bilingual) -> str:
    """Eight hexadecimal digits that change with any word in Chinese or English; figures in data files do not count."""
    words = "\0".join(getattr(text, language).strip() for text in texts for language in SOURCES)
    return hashlib.sha256(words.encode()).hexdigest()[:8]


def revision_of(answer: Answer) -> str:
    """The revision of an answer's title and texts."""
    return revision(answer.title, answer.text, answer.sms)


def load_translations(folder: Path) -> Translations:
    """Reads content/translations; raises ContentError. A language without a folder has none."""
    answers: dict[tuple[str, str], Translation] = {}
    phrases: dict[str, Phrasebook] = {}
    for language in TRANSLATED:
        home = folder / language
        for path in sorted(home.rglob("*.yml")):
            name = path.relative_to(home).with_suffix("").as_posix()
            where = f"{language}/{name}.yml"
            if name == "phrases":
                phrases[language] = parse(Phrasebook, read(path), where)
                continue
            row = parse(Translation, read(path), where)
            if row.id != name:
                raise ContentError(f"{where}: its id is {row.id}, its place says {name}")
            answers[language, name] = row
    return Translations(answers, phrases)


def joined(answer: Answer, translations: Translations) -> Answer:
    """The answer with its translations; a stale one is left out, unless it is for somebody in danger."""
    now, added = revision_of(answer), translations.of_answer(answer.id)
    fresh = {language: row for language, row in added.items() if row.of == now or answer.is_safety}
    if not fresh:
        return answer
    parts = {
        name: getattr(answer, name).model_copy(update={language: getattr(row, name) for language, row in fresh.items()})
        for name in ("title", "text", "sms")
    }
    return answer.model_copy(update=parts)


def joined_phrase(key: str, phrase: Bilingual, translations: Translations) -> Bilingual:
    """The phrase with its translations, old ones too: without them she would read English."""
    books = translations.phrases.items()
    return phrase.model_copy(
        update={language: book.phrases[key].text for language, book in books if key in book.phrases}
    )
