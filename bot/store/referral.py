"""A referral as it is read from the store, what stands around it, and why a step may be refused."""

from dataclasses import dataclass, field
from datetime import datetime

from bot.core.message import CounsellorId, PersonId, ReferralId
from bot.store.connection import moment

GRACE_S = 5.0
"""A lease that ended counts for so long more, until the worker has put the referral back."""


class Stale(Exception):
    """The caller no longer holds this referral: the lease ran out, or it was passed on."""


class WindowShut(Exception):
    """The platform takes no more messages to this person until she writes."""


class Taken(Exception):
    """Somebody else holds it, or it is resolved."""


class Full(Exception):
    """The counsellor has as many conversations as she can hold."""


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a cry for help is now. ``place`` 1 is the next in line, 0 not in line; ``present`` counsellors on duty."""

    id: ReferralId
    created: bool
    state: str
    place: int
    present: int
    news: bool
    """It is new, graver than before, or of a further kind."""
    usual_wait_s: float | None = None
    """How long people of this level waited lately until somebody took them; None when too few did."""


@dataclass(frozen=True, slots=True)
class Claim:
    referral: ReferralId
    counsellor: CounsellorId
    fence: str


@dataclass(frozen=True, slots=True)
class Referral:
    id: ReferralId
    person: PersonId
    channel: str
    language: str
    level: int
    kinds: tuple[str, ...]
    state: str
    opened: datetime
    since: datetime
    """From when on it waits for its place in line: its opening, its reopening, or the end of being laid aside."""
    holder: CounsellorId | None
    """Who holds it, laid it aside, or ended it."""
    fence: str
    lease: datetime
    """Until when it is held or laid aside."""
    lines: int
    heard_on: tuple[str, PersonId]
    """The channel, and the name there, on which the person wrote last: that is where an answer goes."""
    judged: str = ""
    """What the counsellor said of the screen: "right", "wrong", or nothing yet."""
    persons: tuple[PersonId, ...] = ()
    """All names of the one person, who may write from several phones or channels."""

    def in_hands(self, now: float) -> bool:
        """True while its holder's lease runs; ``now`` in seconds since the epoch."""
        return self.state == "claimed" and self.lease.timestamp() + GRACE_S > now


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a transcript. ``delivery``: outbox state of a counsellor's words; else empty."""

    number: str
    at: datetime
    who: str
    text: str = field(repr=False)
    delivery: str = ""
    by: CounsellorId | None = None
    """Which counsellor wrote it."""
    tries: int = 0
    """How often it was tried to send a counsellor's words."""
    why: str = ""
    """What stands in the way of them, as a sentence."""
    twice: bool = False
    """The person may have them twice."""


def referral_of(raw: dict[str, str]) -> Referral:
    """The referral in a hash of the store."""
    channel, _, person = raw.get("heard_on", "").partition(" ")
    return Referral(
        id=ReferralId(raw["id"]),
        person=PersonId(raw["person"]),
        channel=raw["channel"],
        language=raw["language"],
        level=int(raw["level"]),
        kinds=tuple(kind for kind in raw["kinds"].split(",") if kind),
        state=raw["state"],
        opened=moment(raw["opened"]),
        since=moment(raw["since"]),
        holder=CounsellorId(raw["holder"]) if raw.get("holder") else None,
        fence=raw["fence"],
        lease=moment(raw["lease"]),
        lines=int(raw["lines"]),
        heard_on=(channel or raw["channel"], PersonId(person or raw["person"])),
        judged=raw.get("judged", ""),
        persons=tuple(PersonId(name) for name in (raw["person"], *raw.get("also", "").split(",")) if name),
    )
