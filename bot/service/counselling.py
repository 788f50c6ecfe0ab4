"""What a counsellor does: see who waits, take a conversation, write, pass it on, end it."""

import itertools
from dataclasses import dataclass

from bot.core.message import CounsellorId, ReferralId
from bot.service.answers import Answers
from bot.store.referrals import Claim, Line, Referral, Referrals, Stale
from bot.store.staff import Counsellor, Staff
from bot.store.verdicts import Verdicts

OUTCOMES = {
    "helped": "helped, no further step",
    "referred": "referred to another service",
    "police": "police or emergency services involved",
    "no_reply": "the person does not write any more",
    "false_alarm": "no danger: the screen was wrong",
}
LONGEST_MESSAGE = 600


@dataclass(frozen=True, slots=True)
class Board:
    """What the queue page shows. ``mine`` are the reader's own, ``held`` other people's."""

    waiting: list[Referral]
    mine: list[Referral]
    held: list[Referral]
    names: dict[CounsellorId, str]
    present: int


class Counselling:
    def __init__(self, referrals: Referrals, staff: Staff, answers: Answers, verdicts: Verdicts) -> None:
        self._referrals = referrals
        self._verdicts = verdicts
        self._staff = staff
        self._answers = answers

    def board(self, me: Counsellor) -> Board:
        held = self._referrals.held()
        return Board(
            waiting=self._referrals.waiting(),
            mine=[r for r in held if r.holder == me.id],
            held=[r for r in held if r.holder != me.id],
            names={c.id: c.name for c in self._staff.everyone()},
            present=len(self._staff.present()),
        )

    def be_present(self, me: Counsellor) -> None:
        """A sign of life from an open screen: on duty, and the leases of what she holds renewed."""
        self._staff.be_present(me.id)
        for referral in self._referrals.held():
            if referral.holder == me.id:
                try:
                    self._referrals.renew(_claim(referral, me))
                except Stale:
                    continue  # it ran out a moment ago: it is back in the queue, as it must be

    def claim(self, op: str, me: Counsellor, id_: ReferralId) -> Claim | None:
        """Raises Taken."""
        return self._referrals.claim(op, me.id, id_)

    def read(self, me: Counsellor, id_: ReferralId, first: bool) -> tuple[Referral, list[Line]] | None:
        """The conversation for the one who holds it; None for everybody else and for unknown ids."""
        referral = self._referrals.get(id_)
        if referral is None or referral.holder != me.id or referral.state != "claimed":
            return None
        return referral, self._referrals.transcript(referral, me.id, audited=first)

    def write(self, op: str, me: Counsellor, id_: ReferralId, text: str) -> None:
        """Sends a message to the person. Raises Stale; ValueError for an empty or too long text."""
        text = text.strip()
        if not text or len(text) > LONGEST_MESSAGE:
            raise ValueError(f"A message has between 1 and {LONGEST_MESSAGE} characters.")
        self._referrals.send(op, self._my_claim(me, id_), text)

    def pass_on(self, op: str, me: Counsellor, id_: ReferralId, to: CounsellorId | None) -> None:
        """To a colleague, or (None) back to its old place in the queue. Raises Stale."""
        if to is not None and self._staff.get(to) is None:
            raise ValueError("There is no such colleague.")
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
            lines = self._referrals.transcript(referral, me.id)
            released = self._verdicts.seal(_words_that_called(lines))
        self._referrals.judge(op, _claim(referral, me), right, released)

    def colleagues(self, me: Counsellor) -> list[Counsellor]:
        return [c for c in self._staff.everyone() if c.id != me.id]

    def _my_claim(self, me: Counsellor, id_: ReferralId) -> Claim:
        """The claim as it stands; whether it is hers is for the script to say, which knows repeated operations."""
        return _claim(self._known(id_), me)

    def _known(self, id_: ReferralId) -> Referral:
        referral = self._referrals.get(id_)
        if referral is None:
            raise Stale
        return referral


def _words_that_called(lines: list[Line]) -> tuple[str, ...]:
    """Each of her messages that the screen gave a reason for."""
    return tuple(a.text for a, b in itertools.pairwise(lines) if a.who == "person" and b.who == "screen")


def _claim(referral: Referral, me: Counsellor) -> Claim:
    return Claim(referral.id, me.id, referral.fence)
