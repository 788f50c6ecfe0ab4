"""Reads content/ once into a library that cannot change; a broken file is named in a sentence."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from bot.core.content.files import parse, read, rows, severities, showable_ids, table
from bot.core.content.forms import Form, load_forms
from bot.core.content.model import (
    GAPS,
    LIMITS,
    LIST_NUMBER,
    OTHER_LIMITS,
    PHRASE_NUMBER,
    PLACEHOLDER,
    Answer,
    Bilingual,
    ContentError,
    Fact,
    Figure,
    Hotline,
)
from bot.core.content.places import Places, load_places

SOURCE_TABLES = {"law", "sign", "service", "hotline"}
FREE_SOURCES = {"programme", "practice"}
MENU_MOST = 9


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
        return sum(a.reviewed.legal_sign_off == "awaiting" for a in [*self.answers.values(), *self.safety.values()])

    def expired(self, today: date) -> list[str]:
        return [a.id for a in [*self.answers.values(), *self.safety.values()] if a.expired(today)]


def load_library(folder: Path) -> Library:
    """Loads content/; raises ContentError for a broken file, naming every problem in it."""
    data = folder / "data"
    figures: dict[str, Figure] = {}
    for path in sorted((data / "figures").glob("*.yml")):
        for key, figure in table(path, Figure).items():
            if key in figures:
                raise ContentError(f"{path.name}: the figure {key} is defined twice")
            figures[key] = figure
    library = Library(
        answers=_answers(folder / "answers", "answers"),
        safety=_answers(folder / "safety", "safety"),
        phrases=table(folder / "phrases.yml", Bilingual),
        hotlines=table(data / "hotlines.yml", Hotline, "hotlines"),
        figures=figures,
        facts=table(data / "law.yml", Fact, "facts"),
        places=load_places(data),
        forms=load_forms(folder / "forms"),
        signs=severities(data / "danger_signs.yml"),
        menu=tuple(str(entry) for entry in rows(folder / "menu.yml", "menu")),
    )
    _check(library, _showable(library, data))
    return library


def _answers(folder: Path, area: str) -> dict[str, Answer]:
    found = {}
    for path in sorted(folder.rglob("*.yml")):
        relative = path.relative_to(folder).with_suffix("").as_posix()
        expected = relative if area == "answers" else f"{area}/{relative}"
        answer = parse(Answer, read(path), path.name)
        if answer.id != expected:
            raise ContentError(f"{path.name}: its id is {answer.id}, its place says {expected}")
        found[answer.id] = answer
    if not found:
        raise ContentError(f"{folder} holds no answers")
    return found


def _showable(library: Library, data: Path) -> dict[str, set[str]]:
    """Ids that may be cited, by table: what the fact base does not mark showable is not among them."""
    return {
        "law": {key for key, fact in library.facts.items() if fact.status != "not_showable"},
        "sign": showable_ids(data / "danger_signs.yml", "signs"),
        "service": showable_ids(data / "services.yml", "services"),
        "hotline": set(library.hotlines),
    }


def _check(library: Library, showable: dict[str, set[str]]) -> None:
    everything = {**library.answers, **library.safety}
    problems = []
    for key, figure in library.figures.items():
        problems += [f"figure {key}: {p}" for p in _source_problems([figure.source], showable)]
    for answer in everything.values():
        problems += [f"{answer.id}: {p}" for p in _answer_problems(answer, library, showable)]
        problems += [f"{answer.id}: related {r} does not exist" for r in answer.related if r not in everything]
    for form in library.forms.values():
        problems += [f"forms/{form.id}.yml: {p}" for p in _form_problems(form, library, showable)]
    problems += [f"menu.yml: {entry} is no answer" for entry in library.menu if entry not in everything]
    if not 1 <= len(library.menu) <= MENU_MOST:
        problems.append(f"menu.yml: between 1 and {MENU_MOST} entries, since a person answers with one digit")
    for key, phrase in library.phrases.items():
        for language in phrase.languages:
            problems += [f"phrases.yml, {key}.{language}: {p}" for p in _phrase_problems(phrase.in_(language), library)]
    if problems:
        raise ContentError("content is broken:\n  " + "\n  ".join(problems))


def _phrase_problems(text: str, library: Library) -> list[str]:
    unknown = [key for key in PHRASE_NUMBER.findall(text) if key not in library.hotlines]
    rest = PHRASE_NUMBER.sub("", text)
    for gap in GAPS:
        rest = rest.replace("{" + gap + "}", "")
    problems = [f"{key} is no hotline" for key in unknown]
    return [*problems, "a bracket belongs to no known placeholder"] if "{" in rest or "}" in rest else problems


def _form_problems(form: Form, library: Library, showable: dict[str, set[str]]) -> list[str]:
    problems = _source_problems(list(form.sources), showable)
    problems += [
        f"{topic} is no answer" for topic in (*form.after, form.starts) if topic and topic not in library.answers
    ]
    if form.call is not None and form.call not in library.hotlines:
        problems.append(f"call {form.call} is no hotline")
    problems += [
        f"{f.id}: {f.sign} is no sign that may be shown" for f in form.fields if f.sign and f.sign not in library.signs
    ]
    for key, line in form.lines.items():
        for language in ("zh", "en"):
            for kind, name in PLACEHOLDER.findall(line.in_(language)):
                if library.value(kind, name) is None:
                    problems.append(f"{key}.{language}: {kind}.{name} is in no data file")
            if any(char.isdigit() for char in LIST_NUMBER.sub("", PLACEHOLDER.sub("", line.in_(language)))):
                problems.append(f"{key}.{language}: a figure stands in the text, not in a data file")
    return problems


def _source_problems(sources: list[str], showable: dict[str, set[str]]) -> list[str]:
    problems = []
    for source in sources:
        table, _, key = source.partition(".")
        if table in FREE_SOURCES:
            continue
        if table not in SOURCE_TABLES or key not in showable[table]:
            problems.append(f"the source {source} does not exist or may not be shown")
    return problems


def _answer_problems(answer: Answer, library: Library, showable: dict[str, set[str]]) -> list[str]:
    problems = _source_problems(list(answer.sources), showable)
    if answer.call is not None and answer.call not in library.hotlines:
        problems.append(f"call {answer.call} is no hotline")
    written = [(form, language) for form in OTHER_LIMITS for language in getattr(answer, form).languages]
    for form, language in written:
        text = getattr(getattr(answer, form), language)
        limit = LIMITS.get((form, language), OTHER_LIMITS[form])
        for kind, key in PLACEHOLDER.findall(text):
            if library.value(kind, key) is None:
                problems.append(f"{form}.{language}: {kind}.{key} is in no data file")
        rest = PLACEHOLDER.sub("", text)
        if "{" in rest or "}" in rest:
            problems.append(f"{form}.{language}: a bracket belongs to no known placeholder")
        length = len(PLACEHOLDER.sub(lambda m: library.value(*m.groups()) or "", text).strip())
        if length > limit:
            problems.append(f"{form}.{language} has {length} characters, at most {limit} are allowed")
    return problems
