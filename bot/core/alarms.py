"""The alarm ladder: who is told when, while somebody waits for a human. Pure.

For every level one case stands for all that wait: the oldest. A step that was taken since that case began to wait is
not taken again, but for the last ones, which repeat. The clock is the store's, and the caller passes it in.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from bot.core.message import CounsellorId, ReferralId

Step = Literal["on_duty", "all", "supervisors", "on_call", "holder"]
"""Whom a step tells: counsellors on duty, every counsellor, supervisors, the on-call phone, who holds the case."""
Taken = Mapping[Step, datetime]
"""When each step was taken last."""
HUSH_S = {1: 5 * 60, 2: 15 * 60, 3: 15 * 60}
"""How long "I am on it" silences a level."""
LOUD = (1, 2)
"""Levels that sound on the console until somebody takes the case or says that she is on it."""
ANSWER_S = {1: 3 * 60, 2: 10 * 60}
"""How long somebody whose case is in a counsellor's hands may wait for her next words, by level."""
DAYTIME = (8 * 60, 22 * 60)
"""Minutes of a day between which silence is strange."""
PHONE_NUMBER = re.compile(r"\+[1-9][0-9]{5,14}")
"""E.164, as alarms by SMS need it."""


@dataclass(frozen=True, slots=True)
class Notice:
    """All that an alarm says: nothing of anybody's, only counts and times. ``event`` is "<what>.<whom it tells>"."""

    event: str
    level: int = 0
    waiting: int = 0
    oldest_wait_s: int = 0


@dataclass(frozen=True, slots=True)
class Case:
    referral: ReferralId
    since: datetime
    """From when on its person waits."""


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """Somebody is on it. It covers who waited when it was given, and ends when a case of the level is taken."""

    by: CounsellorId
    until: datetime


@dataclass(frozen=True, slots=True)
class Waiting:
    """Who waits in the queue at one level."""

    level: int
    count: int
    oldest: Case
    newer: Case | None = None
    """The oldest that came after the acknowledgement."""
    acknowledged: Acknowledgement | None = None

    def calling(self, now: datetime) -> Case | None:
        """The case that nobody is on; None when an acknowledgement covers them all."""
        if self.acknowledged is None or self.acknowledged.until <= now:
            return self.oldest
        return self.newer


@dataclass(frozen=True, slots=True)
class Held:
    """A case in a counsellor's hands whose person waits for her words."""

    level: int
    case: Case
    holder: CounsellorId


@dataclass(frozen=True, slots=True)
class Rung:
    step: Step
    after_s: int
    again: bool = False


@dataclass(frozen=True, slots=True)
class Ladder:
    rungs: tuple[Rung, ...]
    pause_s: int
    """The least time between two of the same step, for whatever case."""
    repeat_s: int
    """The time after which a rung that comes ``again`` does so."""

    def due(self, since: datetime, taken: Taken, now: datetime) -> tuple[Step, ...]:
        """The steps whose time has come for a case that waits since then."""
        return tuple(r.step for r in self.rungs if self._is_due(r, since, taken.get(r.step), now))

    def _is_due(self, rung: Rung, since: datetime, last: datetime | None, now: datetime) -> bool:
        if now - since < timedelta(seconds=rung.after_s):
            return False
        if last is None:
            return True
        if last < since:
            return now - last >= timedelta(seconds=self.pause_s)
        return rung.again and now - last >= timedelta(seconds=self.repeat_s)


NOTHING = Ladder((), 0, 0)


def waiting_ladder(level: int, on_duty: bool, is_open: bool) -> Ladder:
    """The ladder for who waits in the queue. ``on_duty``: whether anybody is; ``is_open``: within opening hours."""
    first = (Rung("on_duty", 0),) if on_duty else (Rung("all", 0),)
    if level == 1:
        early = (*first, Rung("all", 60)) if on_duty else first
        last = (Rung("supervisors", 120, again=True), Rung("on_call", 180 if on_duty else 0, again=True))
        return Ladder((*early, *last), pause_s=60, repeat_s=180)
    if level == 2 and is_open:
        early = (*first, Rung("all", 300)) if on_duty else first
        last = (Rung("supervisors", 600, again=True), Rung("on_call", 900, again=True))
        return Ladder((*early, *last), pause_s=300, repeat_s=900)
    if level == 2:
        here = first if on_duty else ()
        return Ladder((*here, Rung("on_call", 0, again=True)), pause_s=300, repeat_s=900)
    if level == 3 and is_open and on_duty:
        return Ladder(first, pause_s=300, repeat_s=0)
    return NOTHING


def held_ladder(level: int) -> Ladder:
    """The ladder for a case whose person waits for her counsellor's words."""
    wait = ANSWER_S.get(level)
    if wait is None:
        return NOTHING
    return Ladder((Rung("holder", wait, again=True), Rung("supervisors", 2 * wait, again=True)), 0, wait)
