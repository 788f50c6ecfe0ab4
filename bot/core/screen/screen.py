"""The distress screen: four layers over one message, put together so that a fault of one never reads as safety."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from bot.core.language import Language, detect
from bot.core.normalise import normalise
from bot.core.screen.balance import Balance, load_balance
from bot.core.screen.cues import Cues, Weight
from bot.core.screen.lexical import HARMLESS, Hit, Lexical, Weighed, reason
from bot.core.screen.lexicon import Lexicon, load
from bot.core.screen.verdict import INFORMATION, Reading, Verdict

Reader = Callable[[str], Reading]
"""The statistical layer: reads a folded message. May throw; a screen without one works on words alone."""
NOW, LATER = 1, 2
SURE_OF_NOW = 0.5
"""Logit of "the danger is now" from which a danger found by meaning alone is level 1."""
WHOLE = 0.6
"""A hit that takes up so much of a message is its message."""
Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Findings:
    """What each layer says of a folded message. ``score``: all of them in logits (bot.core.screen.balance)."""

    language: Language
    hits: tuple[Weighed, ...]
    weight: Weight
    reading: Reading | None
    faults: tuple[str, ...]
    length: int
    """Characters of the folded message."""

    @property
    def live(self) -> list[Weighed]:
        return [hit for hit in self.hits if hit.level != HARMLESS]

    @property
    def level(self) -> int | None:
        """The gravest level of the lexicon; 0 when it is only unsure, None when it found nothing."""
        levels = {hit.level for hit in self.live}
        return min(levels - {0}, default=0) if levels else None

    @property
    def excused(self) -> bool:
        """The lexicon found something, and its context takes all of it as harmless."""
        return bool(self.hits) and not self.live

    @property
    def firm(self) -> bool:
        """A hit that no reading may overrule: of a firm entry, or one that is nearly the whole message (救命)."""
        return any(
            hit.level in (NOW, LATER) and (hit.hit.entry.firm or len(hit.hit.words) >= WHOLE * self.length)
            for hit in self.live
        )


class Screen:
    """Screens one message at a time; holds only read-only tables, so it may be shared by threads.

    Dangerous assumption: the language of the lexicon entries need not match the message's; all are tried.
    """

    def __init__(
        self,
        lexicon: Lexicon,
        cues: Cues | None = None,
        reader: Reader | None = None,
        balance: Balance | None = None,
    ) -> None:
        self._lexical = Lexical(lexicon)
        self._cues = cues or Cues({}, {})
        self._reader = reader
        self._balance = balance or Balance()

    @classmethod
    def from_folder(cls, folder: Path, reader: Reader | None = None) -> "Screen":
        """Reads the data files of content/screen. Raises LexiconError, CuesBroken, BalanceBroken."""
        return cls(load(folder), Cues.from_folder(folder), reader, load_balance(folder))

    def __call__(self, message: str, default: Language = "zh") -> Verdict:
        """The verdict on one message; ``default`` is the person's language when the message does not tell.

        Fails safe: whatever throws inside comes out as the gentle question, with a reason that says so.
        """
        try:
            return self._verdict(message, default)
        except Exception as error:  # a fault here must never read as "safe"
            fault = f"the screen failed ({type(error).__name__}): treated as unsure"
            return Verdict(INFORMATION, True, (), (fault,), default, faults=(fault,))

    def together(self, alone: Verdict, message: str, before: Sequence[str]) -> Verdict:
        """The verdict with what she wrote in the last minutes, oldest first: a danger may be told in fragments.

        It can only be more serious than ``alone``, the verdict on the message by itself.
        """
        if alone.escalates or not before:
            return alone
        joined = self("\n".join([*before, message]), alone.language)
        if not joined.escalates and alone.check >= joined.check:
            return alone
        because = ("together with the messages before it", *joined.reasons)
        return replace(joined, reasons=because, language=alone.language)

    def findings(self, message: str, default: Language = "zh") -> Findings:
        """What each layer says; also for fitting and measuring."""
        text = normalise(message).text
        language = detect(text, default)
        faults: list[str] = []
        nothing: list[Hit] = []
        hits = _guarded(lambda: self._lexical.hits(text), nothing, "lexicon", faults)
        unexcused = [Weighed(hit, hit.level, False, ()) for hit in hits]
        weighed = _guarded(lambda: self._lexical.weighed(text, hits), unexcused, "context rules", faults)
        weight = _guarded(lambda: self._cues(text, language), Weight(0.0), "cues", faults)
        reading = None
        if self._reader is not None:
            reader = self._reader
            reading = _guarded(lambda: reader(text), None, "reader of meaning", faults)
        return Findings(language, tuple(weighed), weight, reading, tuple(faults), len(text))

    def _verdict(self, message: str, default: Language) -> Verdict:
        found = self.findings(message, default)
        decision = self._balance.decide(
            found.language,
            lexicon=found.level,
            firm=found.firm,
            excused=found.excused,
            cues=found.weight.points,
            reader=found.reading.danger if found.reading else None,
        )
        escalates = decision == "escalate"
        asks = not escalates and (decision == "ask" or bool(found.faults))
        return Verdict(
            level=_level(found) if escalates else INFORMATION,
            check=asks,
            kinds=_kinds(found) if escalates or asks else (),
            reasons=_reasons(found),
            language=found.language,
            quiet=(escalates or asks) and found.level not in (NOW, LATER),
            read=found.reading is not None,
            faults=found.faults,
        )


def _guarded(layer: Callable[[], Found], otherwise: Found, name: str, faults: list[str]) -> Found:
    try:
        return layer()
    except Exception as error:
        faults.append(f"the {name} failed ({type(error).__name__}): treated as unsure")
        return otherwise


def _level(found: Findings) -> int:
    if found.level:
        return found.level
    return NOW if found.reading is not None and found.reading.now >= SURE_OF_NOW else LATER


def _kinds(found: Findings) -> tuple[str, ...]:
    """The lexicon's kinds, the gravest first; else those that the meaning or the cues speak for."""
    kinds: dict[str, None] = {}
    for hit in sorted(found.live, key=lambda hit: hit.level or HARMLESS):
        kinds.setdefault(hit.hit.entry.kind)
        if hit.third_party:
            kinds.setdefault("third_party")
    if found.reading is not None and found.reading.danger > 0:
        kinds |= dict.fromkeys(found.reading.kinds)
    return tuple(kinds) or found.weight.kinds[:1]


def _reasons(found: Findings) -> tuple[str, ...]:
    reasons = [reason(hit) for hit in found.hits]
    if found.weight.points > 0 and found.weight.strongest:
        words = ", ".join(f"“{words.strip()}”" for words in found.weight.strongest)
        reasons.append(f"its words add up to danger ({found.weight.points:+.1f}): {words}")
    if found.reading is not None and found.reading.danger > 0:
        reasons.append(f"reads like messages of people in danger ({found.reading.danger:+.1f})")
    return tuple(dict.fromkeys([*found.faults, *reasons]))
