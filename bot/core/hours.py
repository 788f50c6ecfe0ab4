"""Hours of duty: when counsellors are there, by the wall clock of one zone. Pure; moments are aware datetimes.

A span belongs to the day on which it begins, also past midnight. A wall-clock time that a change of the clocks skips
is the moment of the change; one that comes twice begins a span the first time and ends it the second time.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

from bot.core.language import Language

DAY = 24 * 60
LOOK_AHEAD = 400
"""Days within which an opening must lie to be found."""
Span = tuple[int, int]
"""Begin and end in minutes after the midnight before; an end over DAY lies on the next day."""
Spans = tuple[Span, ...]
Week = tuple[Spans, ...]
"""The spans of Monday to Sunday, in order."""
ALWAYS: Week = (((0, DAY),),) * 7


@dataclass(frozen=True, slots=True)
class Hours:
    """``days`` are dates with hours of their own (none: closed); ``coverage`` is the week of a language, if another."""

    zone: ZoneInfo
    week: Week = ALWAYS
    days: dict[date, Spans] = field(default_factory=dict)
    coverage: dict[Language, Week] = field(default_factory=dict)

    def open_at(self, moment: datetime, language: Language | None = None) -> bool:
        """Whether somebody is there who speaks this language, or at all (None)."""
        today = moment.astimezone(self.zone).date()
        days = (today + timedelta(days=back) for back in (-2, -1, 0, 1))  # a day may be skipped by a change of zone
        return any(begin <= moment < end for day in days for begin, end in self._openings(day, language))

    def next_opening(self, moment: datetime, language: Language | None = None) -> datetime | None:
        """The moment itself when it is open then, else when it opens next; None when never (LOOK_AHEAD)."""
        if self.open_at(moment, language):
            return moment
        today = moment.astimezone(self.zone).date()
        for ahead in range(-2, LOOK_AHEAD):
            later = [begin for begin, _ in self._openings(today + timedelta(days=ahead), language) if begin > moment]
            if later:
                return min(later).astimezone(self.zone)
        return None

    def _openings(self, day: date, language: Language | None) -> Iterator[tuple[datetime, datetime]]:
        for begin, end in self._spans(day, language):
            opens, closes = instant(day, begin, self.zone), instant(day, end, self.zone, last=True)
            if opens < closes:
                yield opens, closes

    def _spans(self, day: date, language: Language | None) -> Spans:
        week = self.week if language is None else self.coverage.get(language, self.week)
        usual, special = week[day.weekday()], self.days.get(day)
        if special is None:
            return usual
        return common(special, usual) if language in self.coverage else special


def common(some: Spans, others: Spans) -> Spans:
    """What lies in both."""
    both = ((max(a, c), min(b, d)) for a, b in some for c, d in others)
    return tuple(sorted((begin, end) for begin, end in both if begin < end))


def instant(day: date, minute: int, zone: ZoneInfo, last: bool = False) -> datetime:
    """The UTC moment at which the wall clock shows so many minutes of a day, the first or the ``last`` time."""
    wall = datetime.combine(day, time()) + timedelta(minutes=minute)
    first, second = (wall.replace(tzinfo=zone, fold=fold).astimezone(timezone.utc) for fold in (0, 1))
    if first <= second:
        return second if last else first
    early, late = second, first  # a skipped time: the moment of the change lies between
    while late - early > timedelta(seconds=1):
        middle = early + (late - early) / 2
        if middle.astimezone(zone).replace(tzinfo=None) < wall:
            early = middle
        else:
            late = middle
    return late.replace(microsecond=0)


def time_within(begin: datetime, end: datetime, zone: ZoneInfo, span: Span) -> timedelta:
    """How much of the time between two moments lies in this span of its day; at most LOOK_AHEAD days are counted."""
    total, day = timedelta(0), begin.astimezone(zone).date() - timedelta(days=1)
    for _ in range(LOOK_AHEAD):
        opens, closes = instant(day, span[0], zone), instant(day, span[1], zone, last=True)
        if opens >= end:
            break
        total += max(timedelta(0), min(closes, end) - max(opens, begin))
        day += timedelta(days=1)
    return total


ALWAYS_OPEN = Hours(ZoneInfo("Asia/Shanghai"))
"""The hours of a site that has said nothing about them."""
