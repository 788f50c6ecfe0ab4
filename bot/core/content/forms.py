"""The walks: what is asked step by step, in which words, and the lines that a result is put together from."""

from datetime import date as Day
from pathlib import Path
from typing import Annotated, Literal

from pydantic import StringConstraints

from bot.core.content.files import parse, read
from bot.core.content.model import AnswerPath, Bilingual, ContentError, _Strict
from bot.core.form_answers import STILL, UNKNOWN

__all__ = ["STILL", "UNKNOWN", "Field", "Form", "Option", "load_forms"]

FormId = Annotated[str, StringConstraints(pattern=r"^[a-z_]+$")]
FieldType = Literal["place", "choice", "yes_no", "no_yes", "money", "months", "years", "days", "hours", "left", "month"]
"""``no_yes``: a question whose good answer is no. ``months``, ``years``: a span, a bare number counting in that unit.
``left``: the month of leaving, or that the person still works there; ``month``: the month of anything else."""


class Option(Bilingual):
    """One choice, by its label. ``words``: what people write instead of its number, in any language."""

    id: str
    words: tuple[str, ...] = ()


class Field(_Strict):
    id: str
    type: FieldType
    ask: Bilingual
    options: tuple[Option, ...] = ()
    sign: str | None = None
    """The danger sign that a yes tells of (content/data/danger_signs.yml)."""


class Form(_Strict):
    """``after``: answers that offer this form; ``starts``: the topic that is this form and begins it at once."""

    id: FormId
    title: Bilingual
    effective: Day
    """The law and the figures in its lines are as of this day."""
    fields: tuple[Field, ...]
    lines: dict[str, Bilingual]
    sources: tuple[str, ...]
    after: tuple[AnswerPath, ...] = ()
    starts: AnswerPath | None = None
    call: str | None = None

    def field(self, field_id: str) -> Field:
        """KeyError when the form has no such field."""
        found = next((field for field in self.fields if field.id == field_id), None)
        if found is None:
            raise KeyError(field_id)
        return found

    def slot(self, field: Field) -> str:
        """The name of the slot that holds a field: the place is one for all forms, everything else the form's own."""
        return field.id if field.type == "place" else f"{self.id}_{field.id}"


def load_forms(folder: Path) -> dict[str, Form]:
    """Reads content/forms; ContentError names a broken file and what to change."""
    forms = {}
    for path in sorted(folder.glob("*.yml")):
        form = parse(Form, read(path), path.name)
        if form.id != path.stem:
            raise ContentError(f"{path.name}: its id is {form.id}, its place says {path.stem}")
        for field in form.fields:
            if (field.type == "choice") != bool(field.options):
                raise ContentError(f"{path.name}, {field.id}: options belong to a choice, and a choice needs some")
        forms[form.id] = form
    if not forms:
        raise ContentError(f"{folder} holds no forms")
    return forms
