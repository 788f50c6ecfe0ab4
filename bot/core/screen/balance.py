"""How the layers are put together: the weights and thresholds of content/screen/balance.yml.

Without a reader of meaning (no model file, or it failed) the words decide: a live hit of the lexicon counts as it
stands, and cues that add up to enough count too. With one, every layer has its weight, so that meaning can overrule a
word; a firm entry is never overruled. ``nlu/screen/fit.py`` proposes the figures from the evaluation sets.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from bot.core.yamlfile import FileBroken, read_yaml

Decision = Literal["escalate", "ask", "answer"]
CLIPPED = 8.0
"""Points and logits beyond this count as this: no layer can drown the others."""
UNSURE_MORE = 1.0
"""Logits above the bar that it takes to escalate where the lexicon says that a question decides."""


class BalanceBroken(ValueError):
    """balance.yml cannot be read; says why."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Bars(_Strict):
    """Scores from which a message is escalated, or asked about."""

    escalate: float
    ask: float


class _Words(_Strict):
    """On words alone: from how many points the cues escalate or ask, by language (``any`` for the others), and what an
    unsure hit of the lexicon adds."""

    unsure_hit: float
    bars: dict[str, _Bars]


class _All(_Strict):
    """With a reader: the weight of each layer, and the scores from which the whole escalates or asks, by language."""

    start: float
    reader: float
    cues: float
    level_1: float
    level_2: float
    unsure_hit: float
    excused_hit: float
    bars: dict[str, _Bars]

    def score(self, lexicon: int | None, excused: bool, cues: float, reader: float) -> float:
        """All layers in logits."""
        none = self.excused_hit if excused else 0.0
        hit = {1: self.level_1, 2: self.level_2, 0: self.unsure_hit, None: none}[lexicon]
        return self.start + self.reader * _clip(reader) + self.cues * _clip(cues) + hit


class _Written(_Strict):
    words_alone: _Words
    with_reader: _All

    @model_validator(mode="after")
    def _bars_for_any(self) -> "_Written":
        if "any" not in self.words_alone.bars or "any" not in self.with_reader.bars:
            raise ValueError("bars for `any` language are missing")
        return self


@dataclass(frozen=True, slots=True)
class Balance:
    """Decides. Without figures the lexicon decides alone."""

    words: _Words | None = None
    all: _All | None = None

    def decide(
        self, language: str, lexicon: int | None, firm: bool, excused: bool, cues: float, reader: float | None
    ) -> Decision:
        """``lexicon``: the gravest level of its live hits, 0 for unsure, None for none; the rest in logits."""
        if firm:
            return "escalate"
        if reader is None or self.all is None:
            return self._by_words(language, lexicon, cues)
        bars, score = _of(self.all.bars, language), self.all.score(lexicon, excused, cues, reader)
        decision = _over(bars, score)
        doubtful = lexicon == 0 and decision == "escalate" and score < bars.escalate + UNSURE_MORE
        return "ask" if doubtful else decision

    def _by_words(self, language: str, lexicon: int | None, cues: float) -> Decision:
        if lexicon:
            return "escalate"
        unsure = lexicon == 0
        if self.words is None:
            return "ask" if unsure else "answer"
        points = _clip(cues) + (self.words.unsure_hit if unsure else 0.0)
        decision = _over(_of(self.words.bars, language), points)
        return "ask" if unsure and decision == "answer" else decision


def _of(bars: dict[str, _Bars], language: str) -> _Bars:
    return bars.get(language) or bars["any"]


def _over(bars: _Bars, score: float) -> Decision:
    return "escalate" if score >= bars.escalate else "ask" if score >= bars.ask else "answer"


def _clip(value: float) -> float:
    return max(-CLIPPED, min(CLIPPED, value))


def load_balance(folder: Path) -> Balance:
    """Reads balance.yml; a folder without one leaves the decision to the lexicon. Raises BalanceBroken."""
    path = folder / "balance.yml"
    if not path.exists():
        return Balance()
    try:
        data: Any = read_yaml(path)
        written = _Written.model_validate(data)
    except FileBroken as error:
        raise BalanceBroken(str(error)) from error
    except ValidationError as error:
        first = error.errors()[0]
        raise BalanceBroken(f"{path.name}, {'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    return Balance(written.words_alone, written.with_reader)
