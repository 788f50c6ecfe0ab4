"""The screen's data files (content/screen), read and checked; a counsellor can change them without code.

``words.*.yml``   named groups of words that patterns use as ``{name}``
``lexicon.*.yml`` entries: what points to danger
``context.*.yml`` rules: what makes such words harmless, or turns them into a question
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.core.screen.verdict import KINDS
from bot.core.yamlfile import FileBroken, read_yaml

EFFECTS = ("harmless", "check", "third_party")
SCOPES = ("clause", "sentence", "message")


class LexiconError(ValueError):
    """A data file of the screen is broken; the message names the file and the entry."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Words or patterns that point to one kind of danger. ``level`` 0 stands for the gentle question only."""

    id: str
    kind: str
    level: int
    terms: tuple[str, ...]
    pattern: re.Pattern[str] | None
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
    pattern: re.Pattern[str]
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
    words = {
        name: "(?:" + "|".join(members) + ")"
        for path in sorted(folder.glob("words.*.yml"))
        for name, members in _read(path).items()
    }
    entries = [_entry(raw, words, path) for path in sorted(folder.glob("lexicon.*.yml")) for raw in _read(path)]
    rules = [_rule(raw, words, path) for path in sorted(folder.glob("context.*.yml")) for raw in _read(path)]
    seen: set[str] = set()
    for id_ in [*(entry.id for entry in entries), *(rule.id for rule in rules)]:
        if id_ in seen:
            raise LexiconError(f"{folder.name}: the id {id_} is used twice")
        seen.add(id_)
    if not entries:
        raise LexiconError(f"{folder} has no lexicon: the screen would find nothing")
    return Lexicon(tuple(entries), tuple(rules))


def _read(path: Path) -> Any:
    try:
        return read_yaml(path)
    except FileBroken as error:
        raise LexiconError(str(error)) from error


def _compile(patterns: list[str], words: dict[str, str], where: str) -> re.Pattern[str] | None:
    if not patterns:
        return None
    try:
        filled = [re.sub(r"\{([a-z_]+)\}", lambda m: words[m.group(1)], pattern) for pattern in patterns]
        return re.compile("|".join(f"(?:{pattern})" for pattern in filled))
    except KeyError as error:
        raise LexiconError(f"{where}: no group of words is called {error}") from error
    except re.error as error:
        raise LexiconError(f"{where}: the pattern cannot be read: {error}") from error


def _entry(raw: dict[str, Any], words: dict[str, str], path: Path) -> Entry:
    where = f"{path.name}, {raw.get('id', 'an entry without id')}"
    unknown = set(raw) - {
        "id",
        "kind",
        "level",
        "terms",
        "patterns",
        "sound",
        "firm",
        "example",
        "counter",
        "why",
        "by",
    }
    if unknown:
        raise LexiconError(f"{where}: unknown field {', '.join(sorted(unknown))}")
    level = 0 if raw.get("level") == "check" else raw.get("level")
    if raw.get("kind") not in KINDS or level not in (0, 1, 2):
        raise LexiconError(f"{where}: kind must be one of the nine and level 1, 2 or check")
    terms = tuple(str(term).lower() for term in raw.get("terms", ()))
    pattern = _compile(raw.get("patterns", []), words, where)
    if not terms and pattern is None:
        raise LexiconError(f"{where}: neither terms nor patterns")
    if not raw.get("example"):
        raise LexiconError(f"{where}: an example is missing")
    return Entry(
        id=str(raw["id"]),
        kind=raw["kind"],
        level=level,
        terms=terms,
        pattern=pattern,
        sound=bool(raw.get("sound")),
        firm=bool(raw.get("firm")),
        example=str(raw["example"]),
        counter=str(raw.get("counter", "")),
    )


def _rule(raw: dict[str, Any], words: dict[str, str], path: Path) -> Rule:
    where = f"{path.name}, {raw.get('id', 'a rule without id')}"
    if raw.get("effect") not in EFFECTS or raw.get("scope") not in SCOPES:
        raise LexiconError(f"{where}: effect must be one of {EFFECTS}, scope one of {SCOPES}")
    pattern = _compile(raw.get("patterns", []), words, where)
    if pattern is None or not raw.get("says"):
        raise LexiconError(f"{where}: patterns and says are both needed")
    return Rule(
        id=str(raw["id"]),
        effect=raw["effect"],
        scope=raw["scope"],
        pattern=pattern,
        kinds=frozenset(raw.get("kinds", KINDS)),
        says=str(raw["says"]),
        example=str(raw.get("example", "")),
    )
