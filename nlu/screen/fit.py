"""Proposes content/screen/balance.yml: how much each layer of the screen counts, from the evaluation sets.

The weights are a logistic regression over what the layers say of messages that none of them learned from; the
thresholds are the lowest that keep false alarms within their limits. Run in the training environment
(`make screen-model`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import yaml
from sklearn.linear_model import LogisticRegression

from bot.core.language import LANGUAGES
from bot.core.screen import Screen
from bot.core.screen.balance import CLIPPED
from bot.core.screen.screen import Findings

ROOT = Path(__file__).resolve().parents[2]
SETS = ROOT / "nlu" / "eval"
FOLDER = ROOT / "content" / "screen"
TOPICS_NEAR_DANGER = (
    "danger/", "rights/domestic_violence", "rights/sexual_harassment", "rights/deposit_or_id_kept", "talk/",
    "rights/child_labour", "help/hotlines",
)  # fmt: skip
Limits = dict[str, dict[str, float]]
"""Shares of harmless messages, by class, that may be escalated, and asked."""
MEASURED = ("zh", "en")
"""Languages with sets large enough for bars of their own; the others share one."""
LEAST = (2.2, 1.8)
"""Weights that a hit of the lexicon of level 1 and 2 has at least: recall first where the danger is named."""
ESCALATED = {"everyday": 0.01, "labour": 0.03, "alarming": 0.12}
"""Of the labour questions here some stand close to danger (those of the topic sets); of plain ones fewer are taken."""
LIMITS: dict[str, Limits] = {
    "zh": {"escalate": ESCALATED, "ask": {"everyday": 0.02, "labour": 0.06, "alarming": 0.2}},
    "en": {"escalate": ESCALATED, "ask": {"everyday": 0.05, "labour": 0.1, "alarming": 0.25}},
    "any": {
        "escalate": {"everyday": 0.05, "labour": 0.04, "alarming": 0.2},
        "ask": {"everyday": 0.1, "labour": 0.12, "alarming": 0.3},
    },
}
"""By group of languages. Chinese finds more at a lower price, so it asks less."""
ON_WORDS: Limits = {
    "escalate": {"everyday": 0.05, "labour": 0.04, "alarming": 0.2},
    "ask": {"everyday": 0.1, "labour": 0.1, "alarming": 0.3},
}
ON_WORDS_ELSEWHERE: Limits = {
    "escalate": {"everyday": 0.1, "labour": 0.06, "alarming": 0.25},
    "ask": {"everyday": 0.15, "labour": 0.15, "alarming": 0.35},
}
LIMITS_ON_WORDS: dict[str, Limits] = {**dict.fromkeys(MEASURED, ON_WORDS), "any": ON_WORDS_ELSEWHERE}
"""For the cues alone, which stand in on a bad day: more false alarms are borne then."""
HEAD = (
    "# How the layers of the distress screen are put together; docs/SCREEN.md explains it.\n"
    "# `bars`: scores from which a message is escalated, or asked about, by language.\n"
)


def messages(languages: tuple[str, ...]) -> list[tuple[str, str, str]]:
    """(language, class, text) of the distress sets, and the questions of the topic sets as labour questions."""
    rows = []
    for language in languages:
        for line in (SETS / f"distress.{language}.tsv").read_text(encoding="utf-8").splitlines():
            shape, _, text = line.split("\t")
            rows.append((language, shape, text))
        for line in (SETS / f"topics.{language}.tsv").read_text(encoding="utf-8").splitlines():
            topic, _, text = line.partition("\t")
            if not topic.startswith(TOPICS_NEAR_DANGER):
                rows.append((language, "labour", text))
    return rows


def features(found: Findings) -> list[float]:
    """reader, cues, then one-hot: level 1, level 2, unsure, excused."""
    if found.reading is None:
        raise ValueError("the reader is needed to fit it: " + "; ".join(found.faults or ("there is none",)))
    return [
        float(np.clip(found.reading.danger, -CLIPPED, CLIPPED)),
        float(np.clip(found.weight.points, -CLIPPED, CLIPPED)),
        *(float(found.level == wanted) for wanted in (1, 2, 0)),
        float(found.excused),
    ]


def bar(scores: np.ndarray, shapes: np.ndarray, limits: dict[str, float]) -> float:
    """The lowest score at which no class of harmless messages is over its limit."""
    lowest = -np.inf
    for shape, limit in limits.items():
        mine = np.sort(scores[shapes == shape])[::-1]
        lowest = max(lowest, float(mine[int(limit * len(mine))]) + 1e-3)
    return lowest


def bars(
    scores: np.ndarray, shapes: np.ndarray, groups: dict[str, np.ndarray], limits: dict[str, Limits]
) -> dict[str, dict[str, float]]:
    """The bars of each group of languages: ``groups`` tells which rows are its, ``limits`` what it may cost."""
    return {
        group: {name: bar(scores[mine], shapes[mine], limits[group][name]) for name in limits[group]}
        for group, mine in groups.items()
    }


def fitted(rows: list[tuple[str, str, str]], found: list[Findings]) -> dict[str, dict[str, Any]]:
    """The figures of balance.yml."""
    shapes = np.array([shape for _, shape, _ in rows])
    languages = np.array([language for language, _, _ in rows])
    measured = np.isin(languages, MEASURED)
    apart = {**{language: languages == language for language in MEASURED}, "any": ~measured}
    together = {**dict.fromkeys(MEASURED, measured), "any": ~measured}
    danger = np.isin(shapes, ("explicit", "indirect", "evasive"))
    table = np.array([features(each) for each in found])
    model = LogisticRegression(C=0.3, max_iter=1000).fit(table, danger, sample_weight=np.where(danger, 1.0, 0.5))
    weights = model.coef_[0].copy()
    weights[2:4] = np.maximum(weights[2:4], LEAST)
    scores = table @ weights + model.intercept_[0]
    names = ("reader", "cues", "level_1", "level_2", "unsure_hit", "excused_hit")
    whole: dict[str, Any] = {"start": float(model.intercept_[0])}
    whole |= dict(zip(names, map(float, weights), strict=True))
    whole["bars"] = bars(scores, shapes, apart, LIMITS)
    no_hit = np.array([each.level is None for each in found])
    quiet = np.where(no_hit, table[:, 1], -np.inf)
    alone = {"unsure_hit": 1.0, "bars": bars(quiet, shapes, together, LIMITS_ON_WORDS)}
    return {"words_alone": alone, "with_reader": whole}


def rounded(value: Any) -> Any:
    """The figures as they are written."""
    return {key: rounded(each) for key, each in value.items()} if isinstance(value, dict) else round(value, 2)


def main() -> None:
    from nlu.screen.reader import Reader

    rows = messages(LANGUAGES)
    screen = Screen.from_folder(FOLDER, Reader())
    found = [screen.findings(text) for _, _, text in rows]
    text = yaml.safe_dump(rounded(fitted(rows, found)), sort_keys=False)
    (FOLDER / "balance.yml").write_text(HEAD + text, encoding="utf-8")
    print(text, end="")


if __name__ == "__main__":
    main()
