"""Reads content/duty.yml, the hours of duty; content/STYLE.md is for texts, the file itself explains this one."""

import re
from datetime import date as Day
from pathlib import Path
from typing import Annotated, Literal, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, Field

from bot.core.content.files import parse, read
from bot.core.content.model import _Strict
from bot.core.hours import ALWAYS_OPEN, DAY, Hours, Span, Spans, Week
from bot.core.language import Language

_SPAN = re.compile(r"([01]\d|2[0-4]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)")


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"the zone {name} is not known, write one such as Asia/Shanghai") from None
    return name


def span_of(text: str) -> Span:
    """Minutes of "08:00-12:00"; an end at or before the begin lies on the next day. Raises ValueError."""
    found = _SPAN.fullmatch(text)
    hours = [int(part) for part in found.groups()] if found else []
    begin, end = (hours[0] * 60 + hours[1], hours[2] * 60 + hours[3]) if hours else (0, 0)
    if not found or begin >= DAY or end > DAY:
        raise ValueError(f'{text} is no span, write one such as "08:00-12:00", at the latest "24:00"')
    if begin == end:
        raise ValueError(f'{text} has no length, write "00:00-24:00" for a whole day')
    return (begin, end) if end > begin else (begin, end + DAY)


def _in_order(texts: tuple[str, ...]) -> tuple[str, ...]:
    spans = sorted(span_of(text) for text in texts)
    if any(later[0] < earlier[1] for earlier, later in zip(spans, spans[1:], strict=False)):
        raise ValueError(f"the spans {', '.join(texts)} overlap")
    return texts


Texts = Annotated[tuple[str, ...], AfterValidator(_in_order)]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
_EVERY_DAY = dict.fromkeys(get_args(Weekday), ("00:00-24:00",))
WeekFile = Annotated[
    dict[Weekday, Texts], BeforeValidator(lambda given: dict(_EVERY_DAY) if given == "always" else given)
]


class _DayFile(_Strict):
    """A date with hours of its own: none means closed."""

    spans: Texts
    note: str = ""
    """Why, for those who read the file."""


class _DutyFile(_Strict):
    zone: Annotated[str, AfterValidator(_zone)]
    week: WeekFile
    days: dict[Day, _DayFile] = Field(default_factory=dict)
    coverage: dict[Language, WeekFile] = Field(default_factory=dict)


def load_duty(path: Path) -> Hours:
    """The hours of duty; without the file a site is always open. Raises ContentError, naming every mistake."""
    if not path.exists():
        return ALWAYS_OPEN
    file = parse(_DutyFile, read(path), path.name)
    return Hours(
        zone=ZoneInfo(file.zone),
        week=_week(file.week),
        days={day: _spans(row.spans) for day, row in file.days.items()},
        coverage={language: _week(week) for language, week in file.coverage.items()},
    )


def _week(week: dict[Weekday, tuple[str, ...]]) -> Week:
    return tuple(_spans(week.get(name, ())) for name in get_args(Weekday))


def _spans(texts: tuple[str, ...]) -> Spans:
    return tuple(sorted(span_of(text) for text in texts))
