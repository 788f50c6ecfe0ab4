"""What a counsellor does: see who waits, take a conversation, write, pass it on, end it."""

import itertools
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from bot.core.message import CounsellorId, ReferralId
from bot.core.window import Opening
from bot.service.answers import Answers
from bot.store.joining import Joining
from bot.store.referral import Claim, Line, Referral, Stale
from bot.store.referrals import LINES, Referrals
from bot.store.staff import Counsellor, Staff
from bot.store.verdicts import Verdicts
from bot.store.windows import Windows

OUTCOMES = {
    "helped": "helped, no further step",
    "referred": "referred to another service",
    "police": "police or emergency services involved",
    "no_reply": "the person does not write any more",
    "false_alarm": "no danger: the screen was wrong",
}
LONGEST_MESSAGE = 600
LONGEST_ASIDE = timedelta(days=60)
PAGE = 50
"""Those who wait, on a page of the board."""


@dataclass(frozen=True, slots=True)
class Board:
    """What the queue page shows. ``mine`` are the reader's own, ``held`` other people's, ``parked`` laid aside."""

    waiting: list[Referral]
    mine: list[Referral]
    held: list[Referral]
    parked: list[Referral]
    names: dict[CounsellorId, str]
    on_duty: list[Counsellor]
    waiting_in_all: int
    held_in_all: int
    """By colleagues; the lists may show fewer."""
    page: int
    """Of those who wait, from 1."""
    pages: int


@dataclass(frozen=True, slots=True)
class Conversation:
    """A page of a conversation; ``earlier`` is the line before which there are more, if there are."""

    referral: Referral
    lines: list[Line]
    earlier: str | None


class Counselling:
    def __init__(
        self,
        referrals: Referrals,
        staff: Staff,
        answers: Answers,
        verdicts: Verdicts,
        codes: Joining,
        windows: Windows,
    ) -> None:
        self._referrals = referrals
        self._codes = codes
        self._verdicts = verdicts
        self._staff = staff
        self._answers = answers
        self._windows = windows

    def board(self, me: Counsellor, page: int = 1) -> Board:
        """A page of those who wait, the last one when ``page`` is beyond it, and everything else of the moment."""
        waiting, in_hands = self._referrals.counts()
        pages = max(1, -(-waiting // PAGE))
        page = min(max(1, page), pages)
        everyone, present = self._staff.everyone(), set(self._staff.present())
        mine = sorted(self._referrals.held_by(me.id), key=lambda referral: (referral.level, referral.since))
        return Board(
            waiting=self._referrals.waiting((page - 1) * PAGE, PAGE),
            mine=mine,
            held=[r for r in self._referrals.held() if r.holder != me.id],
            parked=self._referrals.parked(),
            names={c.id: c.name for c in everyone},
            on_duty=[c for c in everyone if c.id in present],
            waiting_in_all=waiting,
            held_in_all=in_hands - len(mine),
            page=page,
            pages=pages,
        )

    def names(self) -> dict[CounsellorId, str]:
        """Of all staff, by id."""
        return self._staff.names()

    def be_present(self, me: Counsellor) -> None:
        """A sign of life from an open screen: on duty, and the leases of what she holds renewed."""
        self._staff.be_present(me.id)
        for referral in self._referrals.held_by(me.id):
            try:
                self._referrals.renew(_claim(referral, me))
            except Stale:
                continue  # it ran out a moment ago: it is back in the queue, as it must be

    def claim(self, op: str, me: Counsellor, id_: ReferralId | None) -> Claim | None:
        """This one, or (None) the next in line that fits her skills. Raises Taken, Full."""
        return self._referrals.claim(op, me.id, id_)

    def read(self, me: Counsellor, id_: ReferralId, first: bool, before: str = "") -> Conversation | None:
        """The last lines (before the line ``before``) for the one who holds it; None for others and unknown ids."""
        referral = self._referrals.get(id_)
        if referral is None or referral.holder != me.id or referral.state != "claimed":
            return None
        lines = self._referrals.transcript(referral, me.id, audited=first, before=before, count=LINES + 1)
        return Conversation(referral, lines[-LINES:], lines[1].number if len(lines) > LINES else None)

    def window(self, referral: Referral) -> Opening | None:
        """How many messages the platform still takes to this person; None where it does not count."""
        channel, person = referral.heard_on
        return self._windows.of(person, channel)

    def write(self, op: str, me: Counsellor, id_: ReferralId, text: str) -> None:
        """Sends a message to the person. Raises Stale; ValueError for an empty or too long text."""
        self._referrals.send(op, self._my_claim(me, id_), _words(text))

    def note(self, op: str, me: Counsellor, id_: ReferralId, text: str) -> None:
        """A note for colleagues; it is never sent. Raises Stale; ValueError for an empty or too long text."""
        self._referrals.note(op, self._my_claim(me, id_), _words(text))

    def lay_aside(self, op: str, me: Counsellor, id_: ReferralId, until: datetime, text: str) -> None:
        """Until a day and hour, with a note of what is to be done then. Raises Stale; ValueError for a moment past."""
        now = datetime.now(timezone.utc)
        if not now < until < now + LONGEST_ASIDE:
            raise ValueError(f"Choose a time within the next {LONGEST_ASIDE.days} days.")
        self._referrals.park(op, self._my_claim(me, id_), until, _words(text))

    def reassign(self, op: str, me: Counsellor, id_: ReferralId, to: CounsellorId | None) -> None:
        """A supervisor's move of anybody's conversation. Raises Taken when it ended, ValueError when it may not be."""
        if me.role != "supervisor":
            raise ValueError("Only a supervisor can move a colleague's conversation.")
        self._check_on_duty(to)
        self._referrals.reassign(op, id_, me.id, to)

    def offer_join(self, op: str, me: Counsellor, id_: ReferralId) -> None:
        """Sends her a code that joins her other phone or channel, when she sends it from there. Raises Stale."""
        claim = self._my_claim(me, id_)
        code = self._codes.offer(op, claim)
        words = self._answers.phrase("join_code", self._known(id_).language, code=code)
        self._referrals.send(op, claim, words)

    def pass_on(self, op: str, me: Counsellor, id_: ReferralId, to: CounsellorId | None) -> None:
        """To a colleague, or (None) back to its old place in the queue. Raises Stale."""
        self._check_on_duty(to)
        self._referrals.transfer(op, self._my_claim(me, id_), to)

    def resolve(self, op: str, me: Counsellor, id_: ReferralId, outcome: str) -> None:
        """Ends the conversation with the hand-back message; the bot answers from then on. Raises Stale."""
        if outcome not in OUTCOMES:
            raise ValueError("Choose how it ended.")
        referral = self._referrals.get(id_)
        language = referral.language if referral else "zh"
        hand_back = self._answers.phrase("hand_back", language)
        self._referrals.resolve(op, self._my_claim(me, id_), outcome, hand_back)

    def judge(self, op: str, me: Counsellor, id_: ReferralId, right: bool, release: bool) -> None:
        """Tells the screen that it was right or wrong. ``release``: with the words that called, if she agreed.

        Raises Stale.
        """
        referral, released = self._known(id_), ""
        if release:
            released = self._verdicts.seal(_words_that_called(self._all_lines(referral, me)))
        self._referrals.judge(op, _claim(referral, me), right, released)

    def colleagues(self, me: Counsellor) -> list[Counsellor]:
        """Those on duty: nobody else can be handed a conversation."""
        present = set(self._staff.present())
        return [c for c in self._staff.everyone() if c.id != me.id and c.id in present]

    def _check_on_duty(self, to: CounsellorId | None) -> None:
        if to is not None and to not in self._staff.present():
            raise ValueError("This colleague is not on duty. Choose another, or put it back into the queue.")

    def _all_lines(self, referral: Referral, me: Counsellor) -> list[Line]:
        lines: list[Line] = []
        before, audited = "", True
        while page := self._referrals.transcript(referral, me.id, audited, before):
            lines, before, audited = page + lines, page[0].number, False
        return lines

    def _my_claim(self, me: Counsellor, id_: ReferralId) -> Claim:
        """The claim as it stands; whether it is hers is for the script to say, which knows repeated operations."""
        return _claim(self._known(id_), me)

    def _known(self, id_: ReferralId) -> Referral:
        referral = self._referrals.get(id_)
        if referral is None:
            raise Stale
        return referral


def _words(text: str) -> str:
    text = text.strip()
    if not text or len(text) > LONGEST_MESSAGE:
        raise ValueError(f"A message has between 1 and {LONGEST_MESSAGE} characters.")
    return text


def _words_that_called(lines: list[Line]) -> tuple[str, ...]:
    """Each of her messages that the screen gave a reason for."""
    return tuple(a.text for a, b in itertools.pairwise(lines) if a.who == "person" and b.who == "screen")


def _claim(referral: Referral, me: Counsellor) -> Claim:
    return Claim(referral.id, me.id, referral.fence)
