"""Reads content/ once into a library; a broken file is named in a sentence."""

from pathlib import Path

from bot.core.content.checks import problems
from bot.core.content.duty import load_duty
from bot.core.content.files import parse, read, rows, severities, showable_ids, table
from bot.core.content.forms import load_forms
from bot.core.content.library import Library
from bot.core.content.model import Answer, Bilingual, ContentError, Fact, Figure, Hotline, Term
from bot.core.content.places import load_places
from bot.core.content.translations import joined, joined_phrase, load_translations


def load_library(folder: Path) -> Library:
    """Loads content/; raises ContentError for a broken file, naming every problem in it."""
    data = folder / "data"
    figures: dict[str, Figure] = {}
    for path in sorted((data / "figures").glob("*.yml")):
        for key, figure in table(path, Figure).items():
            if key in figures:
                raise ContentError(f"{path.name}: the figure {key} is defined twice")
            figures[key] = figure
    translations = load_translations(folder / "translations")
    answers = _answers(folder / "answers", "answers")
    safety = _answers(folder / "safety", "safety")
    phrases = table(folder / "phrases.yml", Bilingual)
    library = Library(
        answers={key: joined(answer, translations) for key, answer in answers.items()},
        safety={key: joined(answer, translations) for key, answer in safety.items()},
        phrases={key: joined_phrase(key, phrase, translations) for key, phrase in phrases.items()},
        hotlines=table(data / "hotlines.yml", Hotline, "hotlines"),
        figures=figures,
        facts=table(data / "law.yml", Fact, "facts"),
        places=load_places(data),
        forms=load_forms(folder / "forms"),
        signs=severities(data / "danger_signs.yml"),
        menu=tuple(str(entry) for entry in rows(folder / "menu.yml", "menu")),
        terms=table(folder / "terms.yml", Term),
        translations=translations,
        hours=load_duty(folder / "duty.yml"),
    )
    found = problems(library, _showable(library, data))
    if found:
        raise ContentError("content is broken:\n  " + "\n  ".join(found))
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
