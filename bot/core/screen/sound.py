"""Chinese by its sound: 究命 and jiu ming are both jiuming."""

import functools
import itertools
import re
import unicodedata
from dataclasses import dataclass

from pypinyin.pinyin_dict import pinyin_dict

from bot.core.language import PINYIN

_LATIN_RUN = re.compile(r"[a-z]+(?:[ '\-]+[a-z]+)*")
_BETWEEN = re.compile(r"[ '\-]+")
LONG_WORD = 8
"""Letters from which a word without gaps may hold a term: wobeiguanzhe."""


def _plain(reading: str) -> str:
    bare = unicodedata.normalize("NFD", reading.split(",")[0]).replace("u\u0308", "v")
    return "".join(c for c in bare if not unicodedata.combining(c))


@functools.lru_cache(maxsize=1)
def _table() -> dict[int, str]:
    """Code point to its first reading without tone, closed by an apostrophe so that syllables stay apart."""
    return {point: _plain(reading) + "'" for point, reading in pinyin_dict.items()}


def syllables(text: str) -> str:
    """Every Chinese character as its syllable and an apostrophe; anything else as it is."""
    return text.translate(_table())


def joined(text: str) -> str:
    """The syllables of Chinese text without anything between them, as pinyin is typed: 救命 -> jiuming."""
    return syllables(text).replace("'", "")


@dataclass(frozen=True, slots=True)
class Run:
    """Latin letters typed in a row, gaps taken out; ``edges`` are the places in ``letters`` where words meet."""

    start: int
    letters: str
    edges: frozenset[int]

    def may_hold(self, begin: int, end: int) -> bool:
        """True when begin and end (exclusive) stand at word edges, or inside one long word of nothing but pinyin."""
        if begin in self.edges and end in self.edges:
            return True
        left = max(edge for edge in self.edges if edge <= begin)
        right = min(edge for edge in self.edges if edge >= end)
        return right - left >= LONG_WORD and PINYIN.fullmatch(self.letters, left, right) is not None


def typed(text: str) -> list[Run]:
    """The runs of a text in which pinyin may hide: "jiu ming a" is jiuminga with edges after u, g and a."""
    runs = []
    for match in _LATIN_RUN.finditer(text):
        words = _BETWEEN.split(match.group())
        edges = itertools.accumulate((len(word) for word in words), initial=0)
        runs.append(Run(match.start(), "".join(words), frozenset(edges)))
    return runs


def place(text: str, offset: int) -> int:
    """The place in ``text`` of the character whose syllable stands at ``offset`` of ``syllables(text)``."""
    lengths = itertools.accumulate(len(syllables(character)) for character in text)
    return next((index for index, end in enumerate(lengths) if end > offset), 0)
