"""What the screen says of a message."""

from dataclasses import dataclass

from bot.core.language import Language

KINDS = (
    "violence",
    "confinement",
    "sexual_violence",
    "suicide",
    "trafficking",
    "child_at_risk",
    "medical",
    "threat",
    "third_party",
)
"""Kinds of distress: a contract of screen, engine and answers; each opens a referral whatever the topic."""

INFORMATION = 4
ESCALATED = (1, 2)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Level 1 danger now, 2 held, forced or suicidal but calm, 3 asks for a person, 4 information.

    ``check`` asks for the gentle question whether the person is safe, without calling a human yet.
    ``reasons`` are sentences for a counsellor; they quote no more of the message than the words that matched.
    """

    level: int
    check: bool
    kinds: tuple[str, ...]
    reasons: tuple[str, ...]
    language: Language
    quiet: bool = False
    """A danger that her own words do not name: naming it back would show a bystander something new."""
    read: bool = False
    """The reader of meaning had its say, too."""
    faults: tuple[str, ...] = ()
    """Layers that failed on this message; whoever screens must say so loudly."""

    @property
    def escalates(self) -> bool:
        return self.level in ESCALATED


@dataclass(frozen=True, slots=True)
class Reading:
    """What the statistical reader makes of a message: ``danger`` and ``now`` in logits, zero is as likely as not."""

    danger: float
    kinds: tuple[str, ...]
    now: float
