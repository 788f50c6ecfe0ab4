"""Finds the cues of the lexicon: words whose presence makes danger more or less likely, with their weights.

Run in the training environment (`make screen-model`). A logistic regression over the word sequences of the training
texts weighs them; each is written as one line of content/screen/cues.<language>.tsv that a person can read,
correct or strike: weight, kind, how many of the texts in and out of danger have it, the words.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression

from bot.core.normalise import normalise
from nlu.screen.texts import Text, all_texts

CUES = Path(__file__).resolve().parents[2] / "content" / "screen"
_TOKEN = re.compile(r"[a-z\u00e0-\u024f\u1ea0-\u1ef90-9']+|\S")
LONGEST = {"zh": 4, "en": 3, "vi": 3}
"""Words (Latin letters) or characters of a cue."""
LONGEST_ELSEWHERE = 7
SELDOM = {"zh": 5, "en": 5}
SELDOM_ELSEWHERE = 3
"""A cue stands in at least so many texts."""
STRENGTH = 0.3
"""Inverse of the penalty on large weights."""
DANGER_WEIGHT = 2.0
"""A missed text in danger costs as much as so many false alarms."""
SMALLEST = 0.1
"""Weaker cues are left out: half as many lines, the same figures (docs/SCREEN.md)."""


def pieces(text: str, longest: int) -> set[str]:
    """All sequences of up to ``longest`` words or characters of a folded text; none goes over a mark."""
    places = [match.span() for match in _TOKEN.finditer(text)]
    found = set()
    for first in range(len(places)):
        for last in range(first, min(first + longest, len(places))):
            if unicodedata.category(text[places[last][0]])[0] == "P":
                break
            found.add(text[places[first][0] : places[last][1]])
    return found


def fit(rows: list[Text], language: str) -> tuple[float, dict[str, float]]:
    """The intercept and the weights of the cues of one language."""
    longest = LONGEST.get(language, LONGEST_ELSEWHERE)
    seldom = SELDOM.get(language, SELDOM_ELSEWHERE)
    counter = CountVectorizer(analyzer=lambda text: pieces(text, longest), min_df=seldom, binary=True, dtype=np.float32)
    table = counter.fit_transform([normalise(row.text).text for row in rows])
    model = LogisticRegression(solver="liblinear", C=STRENGTH, max_iter=300, tol=1e-3, random_state=1)
    weights = np.array([row.weight * (DANGER_WEIGHT if row.danger else 1.0) for row in rows])
    model.fit(table, [row.danger for row in rows], sample_weight=weights)
    words = counter.get_feature_names_out()
    chosen = {str(words[i]): float(w) for i, w in enumerate(model.coef_[0]) if abs(w) >= SMALLEST}
    return float(model.intercept_[0]), chosen


def lines(rows: list[Text], language: str) -> list[str]:
    """The lines of one language's file, the strongest cues first."""
    intercept, chosen = fit(rows, language)
    longest = LONGEST.get(language, LONGEST_ELSEWHERE)
    kinds: dict[str, Counter[str]] = defaultdict(Counter)
    harmless: Counter[str] = Counter()
    for row in rows:
        for piece in pieces(normalise(row.text).text, longest) & chosen.keys():
            if row.danger:
                kinds[piece][row.kind] += 1
            else:
                harmless[piece] += 1
    found = [f"{intercept:.2f}\t-\t0\t0\t"]
    for piece, weight in sorted(chosen.items(), key=lambda item: (-item[1], item[0])):
        kind = kinds[piece].most_common(1)[0][0] if weight > 0 and kinds[piece] else "-"
        found.append(f"{weight:.2f}\t{kind}\t{sum(kinds[piece].values())}\t{harmless[piece]}\t{piece}")
    return found


def main() -> None:
    texts = all_texts()
    for language in sorted({row.language for row in texts if row.danger}):
        rows = [row for row in texts if row.language == language]
        found = lines(rows, language)
        (CUES / f"cues.{language}.tsv").write_text("\n".join(found) + "\n", encoding="utf-8")
        print(f"{language}: {len(found) - 1} cues from {len(rows)} texts", flush=True)


if __name__ == "__main__":
    main()
