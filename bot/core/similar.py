"""Texts that are nearly the same, and texts of one mould. Pure; for checking training and evaluation texts."""

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

ALIKE = 0.6
"""Share of common three-letter pieces (Jaccard) from which two texts count as near-duplicates."""
TOO_COMMON = 0.02
"""Pieces in more texts than this share find no candidates; they still count in the comparison."""
OPENING_CHARACTERS, OPENING_WORDS = 4, 3


def folded(text: str) -> str:
    """The text for comparison: NFKC, lower case, letters, marks and digits only."""
    text = unicodedata.normalize("NFKC", text).lower()
    return "".join(c for c in text if c.isalnum() or unicodedata.category(c).startswith("M"))


def pieces(text: str) -> frozenset[str]:
    bare = folded(text)
    return frozenset(bare[i : i + 3] for i in range(max(1, len(bare) - 2)))


def near(asked: Sequence[str], known: Sequence[str], alike: float = ALIKE) -> Iterator[tuple[int, int, float]]:
    """(index in ``asked``, index in ``known``, likeness) of every near-duplicate pair across two lists."""
    sets = [pieces(text) for text in known]
    seen = Counter(piece for each in sets for piece in each)
    most = max(50, TOO_COMMON * len(known))
    index: dict[str, list[int]] = defaultdict(list)
    for number, each in enumerate(sets):
        for piece in each:
            if seen[piece] <= most:
                index[piece].append(number)
    same: dict[str, list[int]] = defaultdict(list)
    for number, text in enumerate(known):
        same[folded(text)].append(number)
    for number, text in enumerate(asked):
        bare = folded(text)
        if not bare:
            continue  # signs and emoji alone are like all others of their kind
        mine = pieces(text)
        shared = Counter(other for piece in mine for other in index.get(piece, ()))
        found = set(same.get(bare, ()))
        found |= {other for other, count in shared.items() if count >= alike * len(mine) / 2}
        for other in sorted(found):
            likeness = len(mine & sets[other]) / len(mine | sets[other])
            if likeness >= alike:
                yield number, other, likeness


def near_within(texts: Sequence[str], alike: float = ALIKE) -> list[tuple[int, int, float]]:
    """Near-duplicate pairs inside one list, each once."""
    return [(a, b, likeness) for a, b, likeness in near(texts, texts, alike) if a < b]


def opening(text: str) -> str:
    """How a text begins: its first words, or first characters where words are not spaced."""
    words = text.lower().split()
    if text.isascii() and len(words) > OPENING_WORDS:
        return " ".join(words[:OPENING_WORDS])
    return folded(text)[: OPENING_CHARACTERS if not text.isascii() else None]


def moulds(texts: Sequence[str], least: int = 4) -> list[tuple[str, int]]:
    """Openings that ``least`` or more texts share, the most frequent first."""
    counts = Counter(opening(text) for text in texts if len(folded(text)) > 2 * OPENING_CHARACTERS)
    return [(start, count) for start, count in counts.most_common() if count >= least]
