"""Which literal words a pattern cannot match without, so that most patterns need not be tried on most messages."""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

try:  # the parser of the standard library's own `re`, under the name that it has had since 3.11
    from re import _constants as sre  # type: ignore[attr-defined]
    from re import _parser as parser  # type: ignore[attr-defined]
except ImportError:  # Python 3.10
    import sre_constants as sre
    import sre_parse as parser

MOST = 60
"""Literals of one pattern; beyond that a shorter part of it is looked for."""
LONGEST = 12


class Commonness:
    """How often a character is met, learned from sample texts; what is rare in them is the better thing to look for."""

    def __init__(self, samples: Iterable[str]) -> None:
        counts = Counter(character for text in samples for character in text)
        total = sum(counts.values()) + len(counts) + 1
        self._chances = {character: (count + 1) / total for character, count in counts.items()}
        self._unseen = 1 / total

    def of(self, literal: str) -> float:
        """The chance to meet this literal at a place of a text, if characters did not depend on each other."""
        return math.prod(self._chances.get(character, self._unseen) for character in literal)


def needed(pattern: str, commonness: Commonness) -> frozenset[str]:
    """Literals of which every match of ``pattern`` contains at least one; empty when there is no such set."""
    found = _sequence(parser.parse(pattern), commonness)[1]
    return found or frozenset()


Texts = frozenset[str]
_NOTHING: Texts = frozenset({""})


def _sequence(parts: Sequence[tuple[Any, Any]], commonness: Commonness) -> tuple[Texts | None, Texts | None]:
    """``(exact, needed)``: all texts that the parts can match, if these are few, and the best set to look for."""
    candidates: list[Texts] = []
    whole: Texts | None = _NOTHING
    run = _NOTHING
    for exact, inside in _parts(parts, commonness):
        whole = _joined(whole, exact)
        longer = _joined(run, exact)
        if longer is None:
            candidates.append(run)
            longer = exact if exact is not None else _NOTHING
        run = longer
        if inside:
            candidates.append(inside)
    candidates.append(run)
    usable = [texts for texts in candidates if texts and "" not in texts]
    if len(usable) < 2:
        return whole, usable[0] if usable else None
    return whole, min(usable, key=lambda texts: sum(map(commonness.of, texts)))


def _parts(parts: Sequence[tuple[Any, Any]], commonness: Commonness) -> Iterator[tuple[Texts | None, Texts | None]]:
    """What each part can match and needs; letters in a row are one part."""
    letters = ""
    for kind, value in parts:
        if kind is sre.LITERAL and len(letters) < LONGEST:
            letters += chr(value)
            continue
        if letters:
            yield frozenset({letters}), None
            letters = ""
        yield _part((kind, value), commonness)
    if letters:
        yield frozenset({letters}), None


def _joined(before: Texts | None, after: Texts | None) -> Texts | None:
    if before is None or after is None or len(before) * len(after) > MOST:
        return None
    texts = frozenset(a + b for a in before for b in after)
    return texts if all(len(text) <= LONGEST for text in texts) else None


def _part(part: tuple[Any, Any], commonness: Commonness) -> tuple[Texts | None, Texts | None]:
    kind, value = part
    if kind is sre.LITERAL:
        return frozenset({chr(value)}), frozenset({chr(value)})
    if kind is sre.IN:
        return _one_of(value)
    if kind is sre.SUBPATTERN:
        return _sequence(value[-1], commonness)
    if kind is sre.BRANCH:
        return _either([_sequence(branch, commonness) for branch in value[1]])
    if kind in (sre.MAX_REPEAT, sre.MIN_REPEAT):
        return _repeated(value, commonness)
    if kind is sre.ASSERT and value[0] == 1:  # a look ahead: what follows must be there
        return _NOTHING, _sequence(value[1], commonness)[1]
    if kind in (sre.AT, sre.ASSERT, sre.ASSERT_NOT):
        return _NOTHING, None
    return None, None


def _one_of(members: Sequence[tuple[Any, Any]]) -> tuple[Texts | None, Texts | None]:
    if any(kind is not sre.LITERAL for kind, _ in members):
        return None, None
    texts = frozenset(chr(value) for _, value in members)
    return texts, texts


def _either(branches: Sequence[tuple[Texts | None, Texts | None]]) -> tuple[Texts | None, Texts | None]:
    return _union([exact for exact, _ in branches]), _union([inside for _, inside in branches])


def _union(parts: Sequence[Texts | None]) -> Texts | None:
    texts: set[str] = set()
    for part in parts:
        if part is None:
            return None
        texts |= part
    return frozenset(texts) if len(texts) <= MOST else None


def _repeated(value: tuple[int, int, Any], commonness: Commonness) -> tuple[Texts | None, Texts | None]:
    least, most, inner = value
    exact, inside = _sequence(inner, commonness)
    if (least, most) == (0, 1) and exact is not None:
        return exact | _NOTHING, None
    if (least, most) == (1, 1):
        return exact, inside
    return None, inside if least else None
