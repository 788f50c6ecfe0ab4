"""What is done with a message: one table, read from the top; docs/POLICY.md says why.

============================  =====================================================================================
screen level 1 or 2           open or raise a referral, safety answer at once, the dialogue engine is not asked
a counsellor holds the person append to the referral, say nothing
engine surely hears distress  as level 2 where the screen is unsure, too, or works on words alone; else as below
engine thinks of distress     answer what was asked and ask whether the person is safe
screen says ``check``         the same
anything else                 answer
============================  =====================================================================================
"""

from dataclasses import dataclass, replace
from enum import Enum

from bot.core.screen import Verdict

DISTRESS_SURE = 0.7
"""Share of the engine's belief in distress from which it escalates by itself."""
DISTRESS_ASK = 0.45
"""And from which the gentle question is asked."""
CALM_LEVEL = 2
PERSON_WANTED_LEVEL = 3

RIGHTS_BREACH = frozenset({
    "wages/unpaid", "wages/claim_steps", "wages/construction", "wages/deductions", "rights/work_injury",
    "rights/dismissal_severance", "rights/deposit_or_id_kept", "rights/child_labour", "danger/confined_advice",
    "danger/debt_bondage", "rights/sexual_harassment", "wages/recruitment_fees", "talk/human",
})  # fmt: skip
"""Topics of level 3: a right is breached or a deadline runs; the answer offers a person."""


SAFETY_ORDER = (
    "third_party",
    "child_at_risk",
    "suicide",
    "sexual_violence",
    "medical",
    "trafficking",
    "confinement",
    "threat",
    "violence",
)
"""Which kind's safety answer is sent when there are several: the one whose first words differ most from the rest."""


def safety_answer(kinds: tuple[str, ...]) -> str:
    """The id of the safety answer for these kinds of distress."""
    return next((f"safety/{kind}" for kind in SAFETY_ORDER if kind in kinds), "safety/asked")


class Course(Enum):
    ESCALATE = "escalate"
    RELAY = "relay"
    ANSWER = "answer"


@dataclass(frozen=True, slots=True)
class Hearing:
    """What the engine made of a message: its share of belief in distress, and in which kind."""

    share: float
    kind: str | None


def course(verdict: Verdict, held: bool) -> Course:
    """The course before the engine is asked; ``held``: a counsellor holds the conversation."""
    if verdict.escalates:
        return Course.ESCALATE
    return Course.RELAY if held else Course.ANSWER


def second_opinion(verdict: Verdict, hearing: Hearing) -> Verdict:
    """The verdict with the engine's opinion; it can only make it more serious.

    By itself it only asks where the screen's own reader found nothing: two doubts make an alarm.
    """
    if hearing.kind is None or hearing.share < DISTRESS_ASK:
        return verdict
    share = round(hearing.share * 100)
    reason = f"the dialogue engine hears {hearing.kind} ({share} %)"
    kinds = tuple(dict.fromkeys([*verdict.kinds, hearing.kind]))
    sure = hearing.share >= DISTRESS_SURE and (verdict.check or not verdict.read)
    level = min(verdict.level, CALM_LEVEL) if sure else verdict.level
    reasons = (*verdict.reasons, reason)
    return replace(verdict, level=level, check=level > CALM_LEVEL, kinds=kinds, reasons=reasons, quiet=True)


def final_level(verdict: Verdict, topic: str | None) -> int:
    """The level as decided: the screen's, else 3 where the topic is a breach of rights, else 4."""
    if verdict.escalates:
        return verdict.level
    return PERSON_WANTED_LEVEL if topic in RIGHTS_BREACH else 4
