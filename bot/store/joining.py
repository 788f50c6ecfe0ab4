"""Codes by which one person's two phones or channels become one referral; who sends the code agreed by that."""

import json

from bot.core.message import PersonId, ReferralId
from bot.store.connection import Store
from bot.store.referral import Claim, Stale

CODE_S = 24 * 3600


class Joining:
    def __init__(self, store: Store) -> None:
        self._store = store

    def offer(self, op: str, claim: Claim) -> str:
        """A code of six digits for the referral in her hands, good once and for a day. Raises Stale.

        It is made of the operation id, which nobody can guess: repeated after a lost reply it is the same code.
        """
        code = f"{int(self._store.keys.digest('join_code', op), 16) % 10**6:06}"
        digest = self._store.keys.digest("join", code)
        arguments = (self._store.keys.digest("offer_join", op), claim.referral, claim.counsellor, claim.fence)
        if self._store.run("offer_join", *arguments, digest, CODE_S) != "ok":
            raise Stale
        return code

    def take(self, op: str, code: str, person: PersonId, channel: str) -> ReferralId | None:
        """Joins whoever sends the code, and her own open referral, to the one it was made for; None: no such code."""
        digest = self._store.keys.digest("join", code)
        raw = json.loads(self._store.run("join", self._store.keys.digest("join_op", op), digest, person, channel))
        return ReferralId(raw[0]) if raw else None
