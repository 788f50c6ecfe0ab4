"""Figures of an evaluation: shares with their intervals, calibration, confusions. Pure."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

Z_95 = 1.959964


@dataclass(frozen=True, slots=True)
class Share:
    """How many of how many, with Wilson's 95 % interval (it stays inside 0..1 and is honest for few)."""

    hits: int
    of: int

    @property
    def value(self) -> float:
        return self.hits / self.of if self.of else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        if not self.of:
            return 0.0, 1.0
        n, p = self.of, self.value
        middle = (p + Z_95**2 / (2 * n)) / (1 + Z_95**2 / n)
        half = Z_95 / (1 + Z_95**2 / n) * math.sqrt(p * (1 - p) / n + Z_95**2 / (4 * n * n))
        return max(0.0, middle - half), min(1.0, middle + half)

    def __str__(self) -> str:
        low, high = self.interval
        return f"{100 * self.value:5.1f} % ({100 * low:.0f}-{100 * high:.0f})"


@dataclass(frozen=True, slots=True)
class Judged:
    """One message of an evaluation set and what was made of it. ``ranking``: topics, best first."""

    language: str
    expected: str
    text: str
    ranking: tuple[str, ...]
    confidence: float
    recognised: str
    """The language that was recognised."""
    escalated: bool

    @property
    def area(self) -> str:
        return self.expected.partition("/")[0]

    def hit(self, top: int) -> bool:
        """A message that was escalated got no answer to its question, so it counts as missed."""
        return not self.escalated and self.expected in self.ranking[:top]


def share(judged: Sequence[Judged], top: int) -> Share:
    return Share(sum(each.hit(top) for each in judged), len(judged))


def confusions(judged: Sequence[Judged]) -> list[tuple[str, str, int]]:
    """(expected, taken for, how often), the most frequent first; what was not heard at all is taken for "nothing"."""
    pairs = Counter((e.expected, _taken_for(e)) for e in judged if not e.hit(1))
    return [(*pair, count) for pair, count in sorted(pairs.items(), key=lambda row: (-row[1], row[0]))]


def _taken_for(each: Judged) -> str:
    if each.escalated:
        return "a cry for help"
    return each.ranking[0] if each.ranking else "nothing"


@dataclass(frozen=True, slots=True)
class Bin:
    """Answers whose confidence lies in one tenth: how many, how sure on average, how many right."""

    count: int
    confidence: float
    accuracy: float


def calibration(judged: Sequence[Judged], bins: int = 10) -> tuple[list[Bin], float]:
    """Bins of equal width with anything in them, and the expected calibration error (0 is perfect)."""
    sorted_in: list[list[Judged]] = [[] for _ in range(bins)]
    heard = [each for each in judged if each.ranking and not each.escalated]
    for each in heard:
        sorted_in[min(bins - 1, int(each.confidence * bins))].append(each)
    found = [
        Bin(len(group), sum(e.confidence for e in group) / len(group), share(group, 1).value)
        for group in sorted_in
        if group
    ]
    error = sum(b.count * abs(b.confidence - b.accuracy) for b in found) / len(heard) if heard else 0.0
    return found, error
