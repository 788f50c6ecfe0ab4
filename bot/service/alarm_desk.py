"""What a console shows and sounds of the alarms, and "I am on it"."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.core.alarms import ANSWER_S, HUSH_S, LOUD, Held
from bot.core.hours import Hours
from bot.store.alarms import AlarmStore, Facts
from bot.store.staff import Counsellor, Staff


@dataclass(frozen=True, slots=True)
class Row:
    """Who waits at one level. ``by`` is on it until ``until``; empty: nobody is. Times are of the site's zone."""

    level: int
    count: int
    since: datetime
    by: str = ""
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Alarm:
    """All that one member of staff is to see. ``mine`` and ``theirs``: people who wait for words, since when."""

    rows: tuple[Row, ...]
    mine: tuple[datetime, ...]
    theirs: tuple[datetime, ...]
    once: str
    """Changes when somebody of a calm level has come, within opening hours; empty when nobody waits there."""
    closed: bool
    opens: datetime | None
    worker_silent: bool

    @property
    def rings(self) -> bool:
        return bool(self.mine or self.theirs) or any(not row.by for row in self.rows)

    def signal(self) -> str:
        """For the browser: whether to ring, for how many, and a digest that changes with what is shown. JSON."""
        count = sum(row.count for row in self.rows) + len(self.mine) + len(self.theirs)
        shown = hashlib.sha256(repr(self).encode()).hexdigest()[:12]
        return json.dumps({"ring": self.rings, "count": count, "once": self.once, "shown": shown})


class AlarmDesk:
    """``worker_silent`` tells whether the worker gives no sign of life."""

    def __init__(
        self, store: AlarmStore, staff: Staff, hours: Callable[[], Hours], worker_silent: Callable[[], bool]
    ) -> None:
        self._store = store
        self._staff = staff
        self._hours = hours
        self._worker_silent = worker_silent

    def alarm(self, me: Counsellor) -> Alarm:
        """The alarms as they stand now. Raises StoreAway. The queue is read here, so it rings without a worker, too."""
        facts, hours = self._store.facts(), self._hours()
        is_open = hours.open_at(facts.now)
        opens = None if is_open else hours.next_opening(facts.now)
        supervisor = me.role == "supervisor"
        return Alarm(
            rows=self._rows(facts, hours),
            mine=tuple(_local(held, hours) for held in facts.held if held.holder == me.id),
            theirs=tuple(
                _local(held, hours)
                for held in facts.held
                if supervisor and held.holder != me.id and _twice(held, facts.now)
            ),
            once=_calm(facts) if is_open else "",
            closed=not is_open,
            opens=opens,
            worker_silent=self._worker_silent(),
        )

    def acknowledge(self, op: str, me: Counsellor, level: int) -> bool:
        """She is on it. False when nobody waits at this level any more; ValueError for a level that has no alarm."""
        if level not in HUSH_S:
            raise ValueError("There is no such level.")
        return self._store.acknowledge(op, level, me.id)

    def _rows(self, facts: Facts, hours: Hours) -> tuple[Row, ...]:
        rows = []
        for waiting in facts.waiting:
            if waiting.level not in LOUD:
                continue
            case, ack = waiting.calling(facts.now), waiting.acknowledged
            since = (case or waiting.oldest).since.astimezone(hours.zone)
            if case is None and ack is not None:
                member = self._staff.get(ack.by)
                name, until = member.name if member else "a colleague", ack.until.astimezone(hours.zone)
                rows.append(Row(waiting.level, waiting.count, since, name, until))
            else:
                rows.append(Row(waiting.level, waiting.count, since))
        return tuple(rows)


def _local(held: Held, hours: Hours) -> datetime:
    return held.case.since.astimezone(hours.zone)


def _twice(held: Held, now: datetime) -> bool:
    return now - held.case.since >= timedelta(seconds=2 * ANSWER_S[held.level])


def _calm(facts: Facts) -> str:
    found = [w.calling(facts.now) for w in facts.waiting if w.level not in LOUD]
    return ",".join(case.since.isoformat() for case in found if case)
