"""The screen itself: hits of the lexicon, weighed by their context."""

import bisect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import ahocorasick

from bot.core.language import Language, detect
from bot.core.normalise import normalise
from bot.core.screen import sound
from bot.core.screen.lexicon import Entry, Lexicon, Rule, load
from bot.core.screen.verdict import INFORMATION, Verdict

_CLAUSE = re.compile(r"[。！？!?;；\n,，、:：…]+|\.(?=\s|$)")
_SENTENCE = re.compile(r"[。！？!?;；\n]+|\.(?=\s|$)")
SOUND_IS_SURE_FROM = 4
"""Syllables from which a term recognised by sound alone counts in full; a shorter one only asks."""


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


class Screen:
    """Screens one message at a time; holds only read-only tables, so it may be shared by threads.

    Dangerous assumption: the language of the lexicon entries need not match the message's; all are tried.
    """

    def __init__(self, lexicon: Lexicon) -> None:
        self._entries = [entry for entry in lexicon.entries if entry.pattern is not None]
        self._rules = lexicon.rules
        self._terms = ahocorasick.Automaton()
        self._sounds = ahocorasick.Automaton()
        self._pinyin = ahocorasick.Automaton()
        for entry in lexicon.entries:
            for term in entry.terms:
                self._add(entry, term)
        for automaton in (self._terms, self._sounds, self._pinyin):
            automaton.make_automaton()

    @classmethod
    def from_folder(cls, folder: Path) -> "Screen":
        return cls(load(folder))

    def _add(self, entry: Entry, term: str) -> None:
        self._terms.add_word(term, (entry, term))
        if entry.sound and not term.isascii():
            self._sounds.add_word(sound.syllables(term), (entry, term))
            self._pinyin.add_word(sound.joined(term), (entry, term))

    def __call__(self, message: str, default: Language = "zh") -> Verdict:
        """The verdict on one message; ``default`` is the person's language when the message does not tell.

        Fails safe: whatever throws inside comes out as the gentle question, with a reason that says so.
        """
        try:
            return self._verdict(message, default)
        except Exception as error:  # a fault here must never read as "safe"
            reason = f"the screen failed ({type(error).__name__}): treated as unsure"
            return Verdict(INFORMATION, True, (), (reason,), default)

    def _verdict(self, message: str, default: Language) -> Verdict:
        folded = normalise(message)
        context = _Context(folded.text, self._rules)
        weighed = [_weigh(hit, context) for hit in context.once_a_clause(self._hits(folded.text))]
        live = [w for w in weighed if w.level != HARMLESS]
        level = min((w.level for w in live if w.level), default=INFORMATION)
        kinds: dict[str, None] = {}
        for w in sorted(live, key=lambda w: w.level or HARMLESS):
            kinds.setdefault(w.hit.entry.kind)
            if w.third_party:
                kinds.setdefault("third_party")
        reasons = tuple(dict.fromkeys(_reason(w) for w in weighed))
        language = detect(folded.text, default)
        return Verdict(level, bool(live) and level == INFORMATION, tuple(kinds), reasons, language)

    def _hits(self, text: str) -> Iterator[Hit]:
        for end, (entry, term) in self._terms.iter(text):
            start = end - len(term) + 1
            if _stands_alone(text, start, end + 1, term):
                yield Hit(entry, start, term, entry.level)
        for entry in self._entries:
            assert entry.pattern is not None
            for match in entry.pattern.finditer(text):
                yield Hit(entry, match.start(), match.group(), entry.level)
        if len(self._sounds):
            yield from self._heard(text)

    def _heard(self, text: str) -> Iterator[Hit]:
        """Terms recognised by their sound: written with other characters, or typed in pinyin."""
        spoken = sound.syllables(text)
        for end, (entry, term) in self._sounds.iter(spoken):
            if term not in text:
                start = sound.place(text, end - len(sound.syllables(term)) + 1)
                yield Hit(entry, start, term, entry.level if len(term) >= SOUND_IS_SURE_FROM else 0, heard=True)
        for run in sound.typed(text):
            for end, (entry, term) in self._pinyin.iter(run.letters):
                if run.may_hold(end - len(sound.joined(term)) + 1, end + 1):
                    yield Hit(entry, run.start, term, entry.level, heard=True)


class _Context:
    """What stands around the hits of one message; each rule is tried once for a piece, however many hits it has."""

    def __init__(self, text: str, rules: tuple[Rule, ...]) -> None:
        self._text = text
        self._rules = rules
        self._ends = {"clause": [m.start() for m in _CLAUSE.finditer(text)]}
        self._ends["sentence"] = [m.start() for m in _SENTENCE.finditer(text)]
        self._tried: dict[tuple[str, int, int], bool] = {}

    def once_a_clause(self, hits: Iterator[Hit]) -> list[Hit]:
        """The same entry found again in the same clause says nothing new."""
        kept: dict[tuple[str, int], Hit] = {}
        for hit in hits:
            kept.setdefault((hit.entry.id, self._index("clause", hit.start)), hit)
        return list(kept.values())

    def rules_for(self, hit: Hit) -> list[Rule]:
        return [rule for rule in self._rules if hit.entry.kind in rule.kinds and self._applies(rule, hit.start)]

    def _applies(self, rule: Rule, position: int) -> bool:
        begin, end = self._span(rule.scope, position)
        key = (rule.id, begin, end)
        if key not in self._tried:
            self._tried[key] = rule.pattern.search(self._text[begin:end]) is not None
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


def _reason(weighed: Weighed) -> str:
    hit = weighed.hit
    how = "sounds like" if hit.heard else "says"
    said = f"{how} “{hit.words[:40]}” ({hit.entry.kind}, {hit.entry.id})"
    if weighed.level == HARMLESS:
        return f"{said}, taken as harmless: {'; '.join(weighed.because)}"
    if weighed.level == 0:
        return f"{said}, unsure: {'; '.join(weighed.because) or 'a question decides'}"
    return f"{said}: level {weighed.level}" + (f"; {'; '.join(weighed.because)}" if weighed.because else "")
