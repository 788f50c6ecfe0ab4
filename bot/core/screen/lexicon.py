"""The screen's data files (content/screen), read and checked; a counsellor can change them without code.

``words.*.yml``   named groups of words that patterns use as ``{name}``
``lexicon.*.yml`` entries: what points to danger
``context.*.yml`` rules: what makes such words harmless, or turns them into a question
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, StringConstraints, TypeAdapter, ValidationError

from bot.core.screen.literals import Commonness, needed
from bot.core.screen.verdict import KINDS
from bot.core.yamlfile import FileBroken, read_yaml

Kind = Literal[
    "violence", "confinement", "sexual_violence", "suicide", "trafficking", "child_at_risk", "medical", "threat",
    "third_party",
]  # fmt: skip
Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Id = Annotated[str, StringConstraints(pattern=r"^[a-z]+(\.[a-z0-9_]+)+$")]
Model = TypeVar("Model")
_AT_THE_END = re.compile(r"\$(?=[)|]|\Z)")


class LexiconError(ValueError):
    """A data file of the screen is broken; the message names the file and the entry."""


class _Written(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _WrittenEntry(_Written):
    id: Id
    kind: Kind
    level: Literal[1, 2, "check"]
    terms: tuple[Text, ...] = ()
    patterns: tuple[Text, ...] = ()
    sound: bool = False
    firm: bool = False
    example: Text
    counter: str = ""
    by: str = ""
    why: str = ""


class _WrittenRule(_Written):
    id: Id
    effect: Literal["harmless", "check", "third_party"]
    scope: Literal["clause", "sentence", "message"]
    patterns: tuple[Text, ...]
    kinds: tuple[Kind, ...] = KINDS  # type: ignore[assignment]
    says: Text
    example: str = ""
    by: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A regular expression, and literals of which a text must hold one before it is worth trying (empty: always)."""

    compiled: re.Pattern[str]
    literals: frozenset[str]


@dataclass(frozen=True, slots=True)
class Entry:
    """Words or patterns that point to one kind of danger. ``level`` 0 stands for the gentle question only."""

    id: str
    kind: str
    level: int
    terms: tuple[str, ...]
    patterns: tuple[Pattern, ...]
    sound: bool
    """Also recognised by its sound: homophones and pinyin are derived from ``terms``."""
    firm: bool
    """No context rule may weaken it."""
    example: str
    counter: str


@dataclass(frozen=True, slots=True)
class Rule:
    """Context that changes what a hit means, looked for in the hit's clause, its sentence or the whole message."""

    id: str
    effect: str
    scope: str
    patterns: tuple[Pattern, ...]
    kinds: frozenset[str]
    says: str
    """The reason in a counsellor's words."""
    example: str


@dataclass(frozen=True, slots=True)
class Lexicon:
    entries: tuple[Entry, ...]
    rules: tuple[Rule, ...]


def load(folder: Path) -> Lexicon:
    """Reads a folder of data files; raises LexiconError with a sentence for whoever edited them."""
    words: dict[str, str] = {}
    for path in sorted(folder.glob("words.*.yml")):
        for name, members in _read(path, dict[str, tuple[Text, ...]]).items():
            words[name] = "(?:" + "|".join(members) + ")"
    written_entries = [
        (written, path) for path in sorted(folder.glob("lexicon.*.yml")) for written in _read(path, list[_WrittenEntry])
    ]
    commonness = Commonness(text for written, _ in written_entries for text in (written.example, written.counter))
    entries = [_entry(written, words, path, commonness) for written, path in written_entries]
    rules = [
        _rule(written, words, path, commonness)
        for path in sorted(folder.glob("context.*.yml"))
        for written in _read(path, list[_WrittenRule])
    ]
    seen: set[str] = set()
    for id_ in [*(entry.id for entry in entries), *(rule.id for rule in rules)]:
        if id_ in seen:
            raise LexiconError(f"{folder.name}: the id {id_} is used twice")
        seen.add(id_)
    if not entries:
        raise LexiconError(f"{folder} has no lexicon: the screen would find nothing")
    return Lexicon(tuple(entries), tuple(rules))


def _read(path: Path, form: type[Model]) -> Model:
    try:
        data = read_yaml(path)
        return TypeAdapter(form).validate_python(data)
    except FileBroken as error:
        raise LexiconError(str(error)) from error
    except ValidationError as error:
        place, *field = error.errors()[0]["loc"] or ("the file",)
        row = data[place] if isinstance(data, list) and isinstance(place, int) else None
        name = row.get("id", place) if isinstance(row, dict) else place
        where = ".".join(map(str, [name, *field]))
        raise LexiconError(f"{path.name}, {where}: {error.errors()[0]['msg']}") from error


def _filled(patterns: tuple[str, ...], words: dict[str, str], where: str) -> list[str]:
    """The patterns with their groups of words put in."""
    try:
        filled = [re.sub(r"\{([a-z_]+)\}", lambda m: words[m.group(1)], pattern) for pattern in patterns]
    except KeyError as error:
        raise LexiconError(f"{where}: no group of words is called {error}") from error
    # "At the end" means: but for marks and emoji.
    return [_AT_THE_END.sub(lambda _: r"(?=[\W_]*$)", pattern) for pattern in filled]


def _compile(pattern: str, where: str) -> re.Pattern[str]:
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise LexiconError(f"{where}: the pattern cannot be read: {error}") from error
    if compiled.search(""):
        raise LexiconError(f"{where}: the pattern fires on nothing at all")
    return compiled


def _patterns(filled: list[str], where: str, commonness: Commonness) -> tuple[Pattern, ...]:
    return tuple(Pattern(_compile(each, where), needed(each, commonness)) for each in filled)


def _entry(written: _WrittenEntry, words: dict[str, str], path: Path, commonness: Commonness) -> Entry:
    where = f"{path.name}, {written.id}"
    filled = _filled(written.patterns, words, where)
    if not written.terms and not filled:
        raise LexiconError(f"{where}: neither terms nor patterns")
    return Entry(
        id=written.id,
        kind=written.kind,
        level=0 if written.level == "check" else written.level,
        terms=tuple(term.lower() for term in written.terms),
        patterns=_patterns(filled, where, commonness),
        sound=written.sound,
        firm=written.firm,
        example=written.example,
        counter=written.counter,
    )


def _rule(written: _WrittenRule, words: dict[str, str], path: Path, commonness: Commonness) -> Rule:
    where = f"{path.name}, {written.id}"
    filled = _filled(written.patterns, words, where)
    if not filled:
        raise LexiconError(f"{where}: patterns are missing")
    return Rule(
        id=written.id,
        effect=written.effect,
        scope=written.scope,
        patterns=_patterns(filled, where, commonness),
        kinds=frozenset(written.kinds),
        says=written.says,
        example=written.example,
    )
