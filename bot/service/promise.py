"""Nobody was on duty when they called, and they were told so: when somebody is, they hear of it."""

import contextlib

from bot.core.policy import PERSON_WANTED_LEVEL
from bot.service.answers import Answers
from bot.store.outbox import Outbox
from bot.store.people import UnknownPerson
from bot.store.referral import Referral
from bot.store.referrals import Referrals
from bot.store.sessions import Sessions
from bot.store.staff import Staff


class Promise:
    def __init__(
        self, referrals: Referrals, staff: Staff, sessions: Sessions, outbox: Outbox, answers: Answers
    ) -> None:
        self._referrals = referrals
        self._staff = staff
        self._sessions = sessions
        self._outbox = outbox
        self._answers = answers

    def keep(self) -> int:
        """Writes to those who wait for somebody to come on duty, where writing is safe; how many. Raises StoreAway."""
        if not self._staff.present():
            return 0
        told = 0
        for referral in self._referrals.promised():
            channel, person = referral.heard_on
            if referral.state in ("waiting", "claimed") and self._may_write(referral):
                message = f"p{referral.id}-{int(referral.since.timestamp())}"
                words = self._answers.phrase("person_soon", referral.language)
                with contextlib.suppress(UnknownPerson):  # erased since
                    told += self._outbox.post(message, person, channel, words)
            self._referrals.promise_kept(referral.id)
        return told

    def _may_write(self, referral: Referral) -> bool:
        """In danger only after she said that it is safe; who calmly asked for a person, unless she said it is not."""
        may = self._sessions.load(referral.heard_on[1]).may_write
        return may is True or (may is None and referral.level >= PERSON_WANTED_LEVEL)
