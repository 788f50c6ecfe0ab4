"""A static site on which a lawyer reads every answer as it is sent, in every language and channel, with its sources."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from jinja2 import Environment, PackageLoader

from bot.core.clock import Clock
from bot.core.content.library import Library
from bot.core.content.model import PLACEHOLDER, Answer, Fact
from bot.core.content.review import Standing, stale_phrases, standings
from bot.core.content.translations import SOURCES, TRANSLATED
from bot.core.language import LANGUAGES, Language
from bot.core.sms import parts
from bot.service.answers import FORMS, Answers

NAMES = {
    "zh": "Chinese", "en": "English", "vi": "Vietnamese", "th": "Thai", "my": "Burmese", "km": "Khmer", "lo": "Lao",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sent:
    """One answer in one language and form, in the pieces in which it goes out."""

    form: str
    pieces: tuple[str, ...]
    size: str
    """Bytes of a WeChat text, or parts of an SMS, piece by piece."""


@dataclass(frozen=True, slots=True)
class Column:
    """One language of an answer's page."""

    language: str
    name: str
    state: str
    sent: tuple[Sent, ...]
    back: str | None


@dataclass(frozen=True, slots=True)
class Source:
    """What an answer rests on: a fact of law with its articles, or the id of something else."""

    id: str
    fact: Fact | None


def write_preview(library: Library, clock: Clock, folder: Path) -> int:
    """Writes the site into ``folder`` and returns how many pages it has."""
    today = clock.now().date()
    pages = Environment(loader=PackageLoader("bot.desk"), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    rows = standings(library, today)
    answers = Answers(library, clock)
    folder.mkdir(parents=True, exist_ok=True)
    shared = {"names": NAMES, "translated": TRANSLATED, "today": today}
    names = {row.answer.id: f"{row.answer.id.replace('/', '.')}.html" for row in rows}
    shared["file"] = names.__getitem__
    index = pages.get_template("index.html").render(rows=rows, stale=list(stale_phrases(library)), **shared)
    (folder / "index.html").write_text(index, encoding="utf-8")
    phrases = pages.get_template("phrases.html").render(phrases=library.phrases, languages=LANGUAGES, **shared)
    (folder / "phrases.html").write_text(phrases, encoding="utf-8")
    page = pages.get_template("answer.html")
    for row in rows:
        text = page.render(
            row=row,
            columns=list(_columns(row, library, answers)),
            sources=[Source(each, library.facts.get(each.removeprefix("law."))) for each in row.answer.sources],
            figures=_figures(row.answer, library),
            hotlines=_hotlines(row.answer, library),
            **shared,
        )
        (folder / names[row.answer.id]).write_text(text, encoding="utf-8")
    return len(rows) + 2


def due_page(library: Library, today: date) -> Iterator[str]:
    """What somebody has to do, in lines: answers first, then translations, language by language."""
    rows = standings(library, today)
    for row in rows:
        if row.state != "published":
            yield f"{row.state:9} {row.answer.id:38} review by {row.answer.review_by}"
    yield f"{library.awaiting_legal_sign_off()} of {len(rows)} answers await a labour lawyer's signature"
    for name in TRANSLATED:
        states = [row.translations[name] for row in rows]
        counts = ", ".join(f"{states.count(each)} {each}" for each in dict.fromkeys(sorted(states)))
        yield f"{NAMES[name]:11} {counts}"
    for book, key in stale_phrases(library):
        yield f"stale     {book}/phrases.yml {key}"


def _columns(row: Standing, library: Library, answers: Answers) -> Iterator[Column]:
    for language in LANGUAGES:
        state = "source" if language in SOURCES else row.translations[language]
        written = language in row.answer.text.languages
        translation = library.translations.answers.get((language, row.answer.id))
        back = translation.checked.back if translation and translation.checked else None
        sent = tuple(_sent(row.answer, language, answers)) if written else ()
        yield Column(language, NAMES[language], state, sent, back)


def _sent(answer: Answer, language: Language, answers: Answers) -> Iterator[Sent]:
    for style, name in (("text", "WeChat"), ("sms", "SMS")):
        form = FORMS[style]
        _, text = answers.written(answer, language, form)
        first, rest = answers.cut(text, form, language)
        pieces = (first, *rest)
        size = [f"{parts(each)} SMS" if style == "sms" else f"{len(each.encode())} bytes" for each in pieces]
        yield Sent(name, pieces, ", ".join(size))


def _figures(answer: Answer, library: Library) -> list[tuple[str, str, str]]:
    """(key, value, source) of every figure in the answer's texts."""
    used = {key for table, key in PLACEHOLDER.findall(_words(answer)) if table == "fig"}
    return [(key, str(library.figures[key].value), library.figures[key].source) for key in sorted(used)]


def _hotlines(answer: Answer, library: Library) -> list[tuple[str, str, str, str]]:
    """(number, name, date of the source, status) of every number in the answer's texts."""
    used = {key for table, key in PLACEHOLDER.findall(_words(answer)) if table == "tel"}
    used |= {answer.call} if answer.call else set()
    lines = [library.hotlines[key] for key in sorted(used)]
    return [(line.number, line.name.en, line.as_of, line.status) for line in lines]


def _words(answer: Answer) -> str:
    return "\n".join(getattr(text, language) for text in (answer.text, answer.sms) for language in SOURCES)
