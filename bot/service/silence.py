"""Silence after danger: somebody was asked whether she is safe and has not answered. A human looks at it."""

import time

from bot.core.policy import PERSON_WANTED_LEVEL
from bot.log import logger
from bot.service.talk import CHECK, CHECK_AGAIN
from bot.store.people import People, UnknownPerson
from bot.store.referrals import Referrals
from bot.store.sessions import Sessions
from bot.store.watch import Watch

REASON = "was asked whether she is safe and has not answered. Do not write first: it may not be she who reads."
NO_WORDS = "[no answer]"


class Silence:
    def __init__(self, watch: Watch, sessions: Sessions, people: People, referrals: Referrals) -> None:
        self._watch = watch
        self._sessions = sessions
        self._people = people
        self._referrals = referrals

    def hear(self) -> int:
        """Opens a referral of level 3 for everybody whose time is up; how many. Raises StoreAway."""
        opened = 0
        for person in self._watch.silent(time.time()):
            session = self._sessions.load(person)
            if session.asked in (CHECK, CHECK_AGAIN):
                try:
                    op, channel = f"silence:{person}:{session.danger_at}", self._people.channel(person)
                    language = session.language or session.spoken or "zh"
                    self._referrals.enqueue(op, person, channel, language, PERSON_WANTED_LEVEL, (), NO_WORDS, (REASON,))
                    opened += 1
                except UnknownPerson:
                    logger().info("silence_of_somebody_erased")
            self._watch.answered(person)
        return opened
