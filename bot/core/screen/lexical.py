"""Hits of the lexicon, weighed by their context."""

import bisect
import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import ahocorasick

from bot.core.screen import sound
from bot.core.screen.lexicon import Entry, Lexicon, Pattern, Rule

_CLAUSE = re.compile(r"[。！？!?;；\n,，、:：…]+|\.(?=\s|$)")
_SENTENCE = re.compile(r"[。！？!?;；\n]+|\.(?=\s|$)")
SOUND_IS_SURE_FROM = 4
"""Syllables from which a term recognised by sound alone counts in full; a shorter one only asks."""

ENOUGH = 40
"""Hits after which a message is not read on for more."""


@dataclass(frozen=True, slots=True)
class Hit:
    entry: Entry
    start: int
    words: str
    level: int
    heard: bool = False


@dataclass(frozen=True, slots=True)
class Weighed:
    """A hit after its context: ``level`` 0 means ask, 9 means harmless."""

    hit: Hit
    level: int
    third_party: bool
    because: tuple[str, ...]


HARMLESS = 9


class Lexical:
    """Layers 2 and 3 without the cues: entries of the lexicon, weighed by the context rules. Read-only tables."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._patterns = [(entry, pattern) for entry in lexicon.entries for pattern in entry.patterns]
        self._excuses = [(rule, pattern) for rule in lexicon.rules for pattern in rule.patterns]
        words, excusing, sounds, typed = _Words(), _Words(), _Words(), _Words()
        self._always = words.add_all(pattern for _, pattern in self._patterns)
        self._always_excusing = excusing.add_all(pattern for _, pattern in self._excuses)
        for entry in lexicon.entries:
            for term in entry.terms:
                words.add(term, (entry, term))
                if entry.sound and not term.isascii():
                    sounds.add(sound.syllables(term), (entry, term))
                    typed.add(sound.joined(term), (entry, term))
        self._words, self._excusing = words.automaton(), excusing.automaton()
        self._sounds, self._pinyin = sounds.automaton(), typed.automaton()

    def hits(self, text: str) -> list[Hit]:
        """What points to danger in a folded message; no more than ENOUGH, which only a text made for it has."""
        return list(itertools.islice(self._hits(text), ENOUGH))

    def weighed(self, text: str, hits: Sequence[Hit]) -> list[Weighed]:
        """The hits with what their context makes of them."""
        if not hits or len(hits) >= ENOUGH:  # so much is not excused
            return [Weighed(hit, hit.level, False, ()) for hit in hits]
        context = _Context(text, self._rules(text))
        return [_weigh(hit, context) for hit in context.once_a_clause(hits)]

    def _rules(self, text: str) -> Iterator[tuple[Rule, Pattern]]:
        """The rules that are worth trying on this text, with the patterns that are."""
        for number in sorted({number for _, number in _each(self._excusing, text)} | self._always_excusing):
            yield self._excuses[number]

    def _hits(self, text: str) -> Iterator[Hit]:
        worth_trying = set(self._always)
        for end, found in self._words.iter(text) if len(self._words) else ():
            for each in found:
                if isinstance(each, int):
                    worth_trying.add(each)
                    continue
                entry, term = each
                start = end - len(term) + 1
                if _stands_alone(text, start, end + 1, term):
                    yield Hit(entry, start, term, entry.level)
        for number in sorted(worth_trying):
            entry, pattern = self._patterns[number]
            for match in pattern.compiled.finditer(text):
                yield Hit(entry, match.start(), match.group(), entry.level)
        if len(self._sounds):
            yield from self._heard(text)

    def _heard(self, text: str) -> Iterator[Hit]:
        """Terms recognised by their sound: written with other characters, or typed in pinyin."""
        spoken = sound.syllables(text)
        for end, (entry, term) in _each(self._sounds, spoken):
            if term not in text:
                start = sound.place(text, end - len(sound.syllables(term)) + 1)
                yield Hit(entry, start, term, entry.level if len(term) >= SOUND_IS_SURE_FROM else 0, heard=True)
        for run in sound.typed(text):
            for end, (entry, term) in _each(self._pinyin, run.letters):
                if run.may_hold(end - len(sound.joined(term)) + 1, end + 1):
                    yield Hit(entry, run.start, term, entry.level, heard=True)


class _Words:
    """Words to look for all at once, each with everything that wants to know of it."""

    def __init__(self) -> None:
        self._wanted: dict[str, list[Any]] = {}

    def add(self, word: str, who: object) -> None:
        self._wanted.setdefault(word, []).append(who)

    def add_all(self, patterns: Iterable[Pattern]) -> set[int]:
        """Adds each pattern's literals under its number; the numbers of those that have none."""
        always = set()
        for number, pattern in enumerate(patterns):
            for literal in pattern.literals:
                self.add(literal, number)
            if not pattern.literals:
                always.add(number)
        return always

    def automaton(self) -> "ahocorasick.Automaton":
        made = ahocorasick.Automaton()
        for word, wanted in self._wanted.items():
            made.add_word(word, tuple(wanted))
        made.make_automaton()
        return made


def _each(automaton: "ahocorasick.Automaton", text: str) -> Iterator[tuple[int, Any]]:
    if not len(automaton):  # an empty one cannot be asked
        return
    for end, found in automaton.iter(text):
        for each in found:
            yield end, each


class _Context:
    """What stands around the hits of one message; each rule is tried once for a piece, however many hits it has."""

    def __init__(self, text: str, rules: Iterable[tuple[Rule, Pattern]]) -> None:
        self._text = text
        self._rules: dict[str, tuple[Rule, list[Pattern]]] = {}
        for rule, pattern in rules:
            self._rules.setdefault(rule.id, (rule, []))[1].append(pattern)
        self._ends = {"clause": [m.start() for m in _CLAUSE.finditer(text)]}
        self._ends["sentence"] = [m.start() for m in _SENTENCE.finditer(text)]
        self._tried: dict[tuple[str, int, int], bool] = {}

    def once_a_clause(self, hits: Iterable[Hit]) -> list[Hit]:
        """The same entry found again in the same clause says nothing new."""
        kept: dict[tuple[str, int], Hit] = {}
        for hit in hits:
            kept.setdefault((hit.entry.id, self._index("clause", hit.start)), hit)
        return list(kept.values())

    def rules_for(self, hit: Hit) -> list[Rule]:
        return [
            rule
            for rule, patterns in self._rules.values()
            if hit.entry.kind in rule.kinds and self._applies(rule, patterns, hit.start)
        ]

    def _applies(self, rule: Rule, patterns: list[Pattern], position: int) -> bool:
        begin, end = self._span(rule.scope, position)
        key = (rule.id, begin, end)
        if key not in self._tried:
            piece = self._text[begin:end]
            self._tried[key] = any(pattern.compiled.search(piece) for pattern in patterns)
        return self._tried[key]

    def _index(self, scope: str, position: int) -> int:
        return bisect.bisect_right(self._ends[scope], position)

    def _span(self, scope: str, position: int) -> tuple[int, int]:
        if scope == "message":
            return 0, len(self._text)
        ends, index = self._ends[scope], self._index(scope, position)
        return (ends[index - 1] if index else 0), (ends[index] if index < len(ends) else len(self._text))


def _weigh(hit: Hit, context: _Context) -> Weighed:
    if hit.entry.firm:
        return Weighed(hit, hit.level, False, ())
    applied = context.rules_for(hit)
    effects = {rule.effect for rule in applied}
    level = HARMLESS if "harmless" in effects else 0 if "check" in effects else hit.level
    return Weighed(hit, level, "third_party" in effects, tuple(rule.says for rule in applied))


def _stands_alone(text: str, start: int, end: int, term: str) -> bool:
    """Latin terms must be whole words; Chinese has no spaces."""
    if not term[0].isascii() or not term[-1].isascii():
        return True
    before, after = text[start - 1 : start], text[end : end + 1]
    return not (before.isascii() and before.isalnum()) and not (after.isascii() and after.isalnum())


def reason(weighed: Weighed) -> str:
    hit = weighed.hit
    how = "sounds like" if hit.heard else "says"
    said = f"{how} “{hit.words[:40]}” ({hit.entry.kind}, {hit.entry.id})"
    if weighed.level == HARMLESS:
        return f"{said}, taken as harmless: {'; '.join(weighed.because)}"
    if weighed.level == 0:
        return f"{said}, unsure: {'; '.join(weighed.because) or 'a question decides'}"
    return f"{said}: level {weighed.level}" + (f"; {'; '.join(weighed.because)}" if weighed.because else "")
