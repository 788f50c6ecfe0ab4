"""Writes a reader's signature into a content file, leaving every other line as it is."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path

from bot.core.content.library import Library
from bot.core.content.model import ContentError
from bot.core.content.translations import revision_of

GOOD_FOR = timedelta(days=181)
"""How long a review lasts when no other date is given."""
_REVIEWED = re.compile(r"^reviewed: .*$", re.MULTILINE)
_OF = re.compile(r"^of: .*$", re.MULTILINE)
_NATIVE = re.compile(r"^native_sign_off: .*$", re.MULTILINE)
_REVIEW_BY = re.compile(r"^review_by: .*$", re.MULTILINE)


def file_of(folder: Path, answer_id: str, language: str | None = None) -> Path:
    """The file of an answer, or of its translation."""
    if language:
        return folder / "translations" / language / f"{answer_id}.yml"
    return folder / (f"{answer_id}.yml" if answer_id.startswith("safety/") else f"answers/{answer_id}.yml")


def sign_answer(folder: Path, library: Library, answer_id: str, by: str, today: date, lawyer: bool) -> None:
    """Signs an answer as it stands today; a lawyer's name is kept by later signatures of the same words.

    Raises ContentError when there is no such answer.
    """
    answer = library.everything.get(answer_id)
    if answer is None:
        raise ContentError(f"there is no answer {answer_id}")
    now, before = revision_of(answer), answer.reviewed
    legal = by if lawyer else before.legal_sign_off if before.revision == now else "awaiting"
    line = f'reviewed: {{by: {_quoted(by)}, date: "{today}", revision: "{now}", legal_sign_off: {_quoted(legal)}}}'
    path = file_of(folder, answer_id)
    text = _once(_REVIEWED, line, path.read_text(encoding="utf-8"), path)
    path.write_text(_once(_REVIEW_BY, f'review_by: "{today + GOOD_FOR}"', text, path), encoding="utf-8")


def sign_translation(folder: Path, library: Library, answer_id: str, language: str, by: str) -> None:
    """Signs a translation as its native reader: it is right for the answer as it stands today."""
    if (language, answer_id) not in library.translations.answers:
        raise ContentError(f"{answer_id} is not translated into {language}")
    path = file_of(folder, answer_id, language)
    now = revision_of(library.everything[answer_id])
    text = _once(_OF, f'of: "{now}"', path.read_text(encoding="utf-8"), path)
    signed = _once(_NATIVE, f"native_sign_off: {_quoted(by)}", text, path)
    path.write_text(signed, encoding="utf-8")


def _quoted(name: str) -> str:
    if not re.fullmatch(r"[\w .,'()-]+", name):
        raise ContentError("a name is written in letters, digits, spaces and . , ' ( ) -")
    return name if name == "awaiting" else '"' + name + '"'


def _once(pattern: re.Pattern[str], line: str, text: str, path: Path) -> str:
    changed, count = pattern.subn(lambda _: line, text)
    if count != 1:
        raise ContentError(f"{path.name}: the line to sign stands in it {count} times, not once")
    return changed
