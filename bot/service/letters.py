"""Messages that reached nobody, and what a supervisor does about them."""

from dataclasses import dataclass

from bot.core.message import CounsellorId, ReferralId
from bot.store.connection import StoreAway
from bot.store.outbox import Letter, Outbox
from bot.store.referral import Referral
from bot.store.referrals import Referrals
from bot.store.staff import Counsellor, Staff


@dataclass(frozen=True, slots=True)
class Overview:
    """``rows``: the newest first, each with its referral; ``count``: of all there are."""

    rows: list[tuple[Letter, Referral | None]]
    count: int
    names: dict[CounsellorId, str]


class Letters:
    def __init__(self, outbox: Outbox, referrals: Referrals, staff: Staff) -> None:
        self._outbox = outbox
        self._referrals = referrals
        self._staff = staff

    def count(self) -> int:
        """For the head of every page, also of those that say that the store is away."""
        try:
            return self._outbox.given_up()
        except StoreAway:
            return 0

    def overview(self) -> Overview:
        letters = self._outbox.letters()
        rows = [(each, self._referrals.get(ReferralId(each.referral)) if each.referral else None) for each in letters]
        return Overview(rows, self._outbox.given_up(), self._staff.names())

    def send_again(self, op: str, me: Counsellor, message: str) -> bool:
        """Back into the outbox; False when it is not given up any more."""
        return self._outbox.send_again(op, message, me.id)

    def put_aside(self, op: str, me: Counsellor, message: str) -> bool:
        """Off the list; False when it is not on it any more."""
        return self._outbox.put_aside(op, message, me.id)
