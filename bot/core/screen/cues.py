"""The lexicon's cues: words that alone prove nothing and together tell. Read from content/screen/cues.<language>.tsv.

One cue a line: weight, kind, how many training texts in and out of danger have it, the words. The first line's weight
is where a message of this language begins. Proposed by nlu/screen/cues.py; anybody may correct or strike a line.
"""

from dataclasses import dataclass
from pathlib import Path

import ahocorasick

from bot.core.screen.verdict import KINDS

COLUMNS = 5
WORTH_TELLING = -3.0
"""Points below which nobody is told which cues were there."""
TOLD = 3
"""How many of the strongest cues a counsellor is shown."""


class CuesBroken(ValueError):
    """A file of cues cannot be read; says which line."""


@dataclass(frozen=True, slots=True)
class Weight:
    """What the cues of one message add up to, in logits; zero is as likely as not."""

    points: float
    kinds: tuple[str, ...] = ()
    """Kinds that the cues speak for, the strongest first."""
    strongest: tuple[str, ...] = ()


class Cues:
    """Weighs messages; holds only read-only tables."""

    def __init__(self, starts: dict[str, float], cues: dict[str, tuple[float, str]]) -> None:
        self._starts = starts
        self._automaton = ahocorasick.Automaton()
        for words, (weight, kind) in cues.items():
            self._automaton.add_word(words, (words, weight, kind, _latin(words[0]), _latin(words[-1])))
        if cues:
            self._automaton.make_automaton()
        self._empty = not cues

    @classmethod
    def from_folder(cls, folder: Path) -> "Cues":
        """Reads every file of cues; raises CuesBroken."""
        starts: dict[str, float] = {}
        cues: dict[str, tuple[float, str]] = {}
        for path in sorted(folder.glob("cues.*.tsv")):
            language = path.name.split(".")[1]
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
                weight, kind, words = _parsed(line, f"{path.name}, line {number}")
                if words:
                    earlier = cues.get(words)
                    cues[words] = (weight, kind) if earlier is None else (max(weight, earlier[0]), kind)
                else:
                    starts[language] = weight
        return cls(starts, cues)

    def __call__(self, text: str, language: str) -> Weight:
        """Weighs a folded message (bot.core.normalise)."""
        points = self._starts.get(language, 0.0)
        if self._empty:
            return Weight(points)
        found: dict[str, tuple[float, str]] = {}
        for end, (words, weight, kind, before, after) in self._automaton.iter(text):
            if words in found:
                continue
            if (before and _latin(text[end - len(words) : end - len(words) + 1])) or (
                after and _latin(text[end + 1 : end + 2])
            ):
                continue
            found[words] = (weight, kind)
            points += weight
        return Weight(points, *_told(found)) if points > WORTH_TELLING else Weight(points)


def _told(found: dict[str, tuple[float, str]]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The kinds that the cues speak for, and the strongest cues."""
    speaking = {words: weight for words, (weight, _) in found.items() if weight > 0}
    kinds: dict[str, float] = {}
    for words, weight in speaking.items():
        kind = found[words][1]
        if kind:
            kinds[kind] = kinds.get(kind, 0.0) + weight
    strongest = sorted(speaking, key=lambda words: -speaking[words])
    return tuple(sorted(kinds, key=lambda kind: -kinds[kind])), tuple(strongest[:TOLD])


def _parsed(line: str, where: str) -> tuple[float, str, str]:
    columns = line.split("\t")
    try:
        weight, kind, words = float(columns[0]), columns[1], columns[4]
    except (ValueError, IndexError) as error:
        raise CuesBroken(f"{where}: wanted are a weight, a kind, two counts and the words, by tabs") from error
    if len(columns) != COLUMNS or kind not in (*KINDS, "-"):
        raise CuesBroken(f"{where}: {kind!r} is no kind of distress (or - for none)")
    return weight, "" if kind == "-" else kind, words


def _latin(character: str) -> bool:
    """Letters of words with gaps between them, Vietnamese ones included, and digits."""
    return character.isalnum() and (character < "\u0250" or "\u1ea0" <= character <= "\u1ef9")
