"""The worker's part of the alarms: climbs the ladder, and hears when nobody writes any more."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from bot.core.alarms import DAYTIME, Case, Notice, Step, held_ladder, waiting_ladder
from bot.core.cipher import SealBroken
from bot.core.hours import Hours, time_within
from bot.core.message import CounsellorId
from bot.log import logger
from bot.service.alarm_sender import AlarmSender
from bot.service.alarm_ways import Ways
from bot.store.alarms import AlarmStore, Facts
from bot.store.staff import Staff


class Alarms:
    """Every step is taken in the store before it is sent, so several workers send it once. All raise StoreAway."""

    def __init__(
        self,
        store: AlarmStore,
        staff: Staff,
        hours: Callable[[], Hours],
        ways: Ways,
        sender: AlarmSender,
        silence: timedelta,
    ) -> None:
        self._store = store
        self._staff = staff
        self._hours = hours
        self._ways = ways
        self._sender = sender
        self._silence = silence

    def climb(self) -> None:
        """Takes every step of the ladder that is due."""
        facts = self._store.facts()
        self._call_for_those_who_wait(facts)
        self._remind_of_those_who_are_held(facts)

    def hear_nobody(self) -> None:
        """Tells once when no message has come for so long in daytime; ``silence`` zero turns it off."""
        facts, last = self._store.facts(), self._store.last_message()
        if last is None:
            self._store.begin_to_listen(facts.now)
        elif self._silence and not (facts.silence_told and facts.silence_told > last):
            quiet = time_within(last, facts.now, self._hours().zone, DAYTIME)
            numbers = [*self._numbers("supervisors"), *self._ways.on_call] if quiet >= self._silence else []
            if quiet >= self._silence and self._store.take_silence(facts):
                self._tell(Notice("silence", oldest_wait_s=_seconds(facts.now - last)), numbers)

    def _call_for_those_who_wait(self, facts: Facts) -> None:
        on_duty, is_open = bool(self._staff.present()), self._hours().open_at(facts.now)
        for waiting in facts.waiting:
            case = waiting.calling(facts.now)
            if case is None:
                continue
            ladder = waiting_ladder(waiting.level, on_duty, is_open)
            for step in ladder.due(case.since, facts.taken(str(waiting.level)), facts.now):
                numbers = self._numbers(step)  # before the step is taken: nothing may fail between that and the sending
                if self._store.take(facts, waiting.level, step, case.referral):
                    notice = _notice(f"waiting.{step}", waiting.level, waiting.count, case, facts.now)
                    self._tell(notice, numbers)

    def _remind_of_those_who_are_held(self, facts: Facts) -> None:
        for held in facts.held:
            taken = facts.taken(held.case.referral)
            for step in held_ladder(held.level).due(held.case.since, taken, facts.now):
                numbers = self._numbers(step, held.holder)
                if self._store.take_held(facts, held, step):
                    notice = _notice(f"unanswered.{step}", held.level, 1, held.case, facts.now)
                    self._tell(notice, numbers)

    def _numbers(self, step: Step, holder: CounsellorId | None = None) -> list[str]:
        """Who is told by SMS. Counsellors on duty are not: their console sounds."""
        if step == "on_call":
            return list(self._ways.on_call)
        if step == "holder":
            ids = [holder] if holder else []
        else:
            role = {"all": "counsellor", "supervisors": "supervisor"}.get(step)
            ids = [member.id for member in self._staff.everyone() if member.role == role]
        return [number for id_ in ids if (number := self._number(id_))]

    def _number(self, id_: CounsellorId) -> str:
        try:
            return self._staff.alarm_number(id_)
        except SealBroken:  # a master key is gone: the others must still be told
            logger().error("alarm_number_cannot_be_read")
            return ""

    def _tell(self, notice: Notice, numbers: Iterable[str]) -> None:
        errands = self._ways.errands(notice, numbers)
        logger().warning(
            "alarm", kind=notice.event, referral_level=notice.level, waiting=notice.waiting, count=len(errands)
        )
        self._sender.send(errands)


def _notice(event: str, level: int, count: int, case: Case, now: datetime) -> Notice:
    return Notice(event, level, count, _seconds(now - case.since))


def _seconds(span: timedelta) -> int:
    return max(0, int(span.total_seconds()))
