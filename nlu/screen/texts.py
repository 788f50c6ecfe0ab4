"""What the statistical layer learns from: messages of people in danger, and many more of people who are not.

``texts/*.tsv`` were written for it (``kind``, ``level``, ``class``, ``text``); the engine's training texts are added:
those of its distress intents, and the questions of all topics as messages of people who are not in danger.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

WRITTEN = Path(__file__).with_name("texts")
TRAINING = Path(__file__).resolve().parents[1] / "training"
HARMLESS = "none"
QUESTION = "question"
"""The shape of the engine's texts; the written ones are explicit, indirect, evasive, everyday, labour or alarming."""
NEAR_DANGER = (
    "danger.", "rights.domestic_violence", "rights.sexual_harassment", "rights.deposit_or_id_kept",
    "rights.child_labour", "help.hotlines", "talk.human", "migrate.stay_or_go",
)  # fmt: skip
"""Topics whose questions stand close to danger: a text of theirs counts less against it."""
NEAR_WEIGHT = 0.3


@dataclass(frozen=True)
class Text:
    language: str
    kind: str
    """One of the nine kinds of distress, or ``none``."""
    level: int
    """1 or 2; 0 where it is not told or nobody is in danger."""
    shape: str
    text: str
    weight: float = 1.0

    @property
    def danger(self) -> bool:
        return self.kind != HARMLESS


def written(path: Path) -> list[Text]:
    """The messages of one file. ValueError names a broken line."""
    rows = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        columns = line.split("\t")
        if len(columns) != 4 or columns[1] not in {"0", "1", "2"} or not columns[3].strip():
            raise ValueError(f"{path.name}, line {number}: wanted are kind, level, class and text, by tabs")
        kind, level, shape, text = columns
        rows.append(Text(path.name.split(".")[0], kind, int(level), shape, text.strip()))
    return rows


def of_the_engine() -> list[Text]:
    """The engine's training texts, as this layer sees them."""
    rows = []
    for path in sorted(TRAINING.glob("*/*.yml")):
        for block in yaml.safe_load(path.read_text(encoding="utf-8"))["nlu"]:
            family, _, topic = block.get("intent", "").partition("/")
            if family not in ("ask", "distress") or not topic:
                continue
            kind = topic if family == "distress" else HARMLESS
            weight = NEAR_WEIGHT if family == "ask" and topic.startswith(NEAR_DANGER) else 1.0
            shape = "alarming" if path.stem.endswith("_hard") else QUESTION
            lines = [line.strip().removeprefix("- ").strip() for line in block["examples"].splitlines()]
            rows += [Text(path.parent.name, kind, 0, shape, line, weight) for line in lines if line]
    return rows


def all_texts() -> list[Text]:
    """Everything there is to learn from, each text once; raises ValueError for a broken file."""
    rows = [row for path in sorted(WRITTEN.glob("*.tsv")) for row in written(path)] + of_the_engine()
    return list({(row.language, row.text): row for row in reversed(rows)}.values())
