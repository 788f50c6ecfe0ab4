"""Hours of duty: read from their file, and the same by every clock that a zone can have."""

from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.content import ContentError
from bot.core.content.duty import load_duty
from bot.core.hours import ALWAYS, ALWAYS_OPEN, DAY, Hours, instant, time_within
from bot.wiring import CONTENT

BERLIN, SHANGHAI = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Shanghai")
NAMES = ("America/New_York", "Australia/Lord_Howe", "Asia/Yangon", "Pacific/Apia", "UTC")
ZONES = st.sampled_from([SHANGHAI, BERLIN, *map(ZoneInfo, NAMES)])
MOMENTS = st.integers(1_322_700_000, 1_924_990_000).map(lambda s: datetime.fromtimestamp(s, timezone.utc))
"""December 2011 (Samoa skips a day) to the end of 2030."""
NONE: tuple[tuple[int, int], ...] = ()
FILE = """
zone: Asia/Shanghai
week:
  mon: ["08:00-12:00", "14:00-18:00"]
  fri: ["22:00-02:00"]
days:
  2026-11-23: {spans: [], note: closed for once}
  2026-12-01: {spans: ["09:00-15:00"]}
coverage:
  vi: {mon: ["10:00-16:00"], tue: ["14:00-18:00"]}
"""


@st.composite
def spans(draw: st.DrawFn) -> tuple[tuple[int, int], ...]:
    """Spans of one day that do not overlap, the last one perhaps past midnight."""
    marks = sorted(draw(st.lists(st.integers(0, DAY - 1), unique=True, max_size=6)))
    found = list(zip(marks[::2], marks[1::2], strict=False))
    if found and draw(st.booleans()):
        found[-1] = (found[-1][0], DAY + draw(st.integers(0, found[0][0])))
    return tuple(found)


@st.composite
def hours(draw: st.DrawFn) -> Hours:
    week = tuple(draw(st.lists(spans(), min_size=7, max_size=7)))
    days = draw(st.dictionaries(st.dates(date(2012, 1, 1), date(2030, 1, 1)), spans(), max_size=3))
    return Hours(draw(ZONES), week, days, {"vi": tuple(draw(st.lists(spans(), min_size=7, max_size=7)))})


@pytest.fixture
def duty(tmp_path: Path) -> Hours:
    return load_duty(written(tmp_path, FILE))


def written(folder: Path, text: str) -> Path:
    path = folder / "duty.yml"
    path.write_text(text, encoding="utf-8")
    return path


def at(text: str, zone: ZoneInfo = SHANGHAI) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


@given(hours(), MOMENTS, st.sampled_from([None, "vi", "en"]))
def test_the_next_opening_is_open_and_nothing_before_it_is(duty: Hours, moment: datetime, language: str | None) -> None:
    opens = duty.next_opening(moment, language)  # type: ignore[arg-type]
    if opens is None:
        assert not any(duty.open_at(moment + timedelta(hours=hour), language) for hour in range(60))  # type: ignore[arg-type]
        return
    assert opens >= moment
    assert duty.open_at(opens, language)  # type: ignore[arg-type]
    for part in range(8):
        between = moment + (opens - moment) * part / 8
        assert between == opens or not duty.open_at(between, language)  # type: ignore[arg-type]
    assert opens == moment or not duty.open_at(opens - timedelta(seconds=1), language)  # type: ignore[arg-type]


@given(hours(), MOMENTS)
def test_where_the_clock_does_not_change_the_wall_clock_alone_decides(duty: Hours, moment: datetime) -> None:
    still = Hours(SHANGHAI, duty.week, duty.days)
    local = moment.astimezone(SHANGHAI)

    def of(day: date) -> tuple[tuple[int, int], ...]:
        return duty.days.get(day, duty.week[day.weekday()])

    minute = local.hour * 60 + local.minute + local.second / 60 + local.microsecond / 6e7
    before = local.date() - timedelta(days=1)
    wanted = any(b <= minute < e for b, e in of(local.date())) or any(minute + DAY < e for _, e in of(before))
    assert still.open_at(moment) == wanted


@given(ZONES, MOMENTS)
def test_who_is_always_there_is_there_at_every_change_of_the_clock(zone: ZoneInfo, moment: datetime) -> None:
    assert Hours(zone, ALWAYS).open_at(moment)


@given(st.dates(date(2012, 1, 1), date(2030, 1, 1)), st.integers(0, 2 * DAY), ZONES)
def test_a_time_of_day_is_a_moment_whose_clock_shows_it_or_has_just_jumped_over_it(
    day: date, minute: int, zone: ZoneInfo
) -> None:
    first, last = instant(day, minute, zone), instant(day, minute, zone, last=True)
    assert first <= last
    wall = datetime.combine(day, datetime.min.time()) + timedelta(minutes=minute)
    assert first.astimezone(zone).replace(tzinfo=None) >= wall
    assert (first - timedelta(seconds=1)).astimezone(zone).replace(tzinfo=None) < wall


@pytest.mark.parametrize(
    ("span", "opens", "closes"),
    [
        ((150, 360), "2026-03-29T01:00", "2026-03-29T04:00"),  # 02:30 does not come: open from the change on
        ((60, 150), "2026-03-29T00:00", "2026-03-29T01:00"),
        ((150, 360), "2026-10-25T00:30", "2026-10-25T05:00"),  # 02:30 comes twice: begins the first time
        ((60, 150), "2026-10-24T23:00", "2026-10-25T01:30"),  # and ends the second time
    ],
)
def test_a_change_of_the_clock_within_a_span(span: tuple[int, int], opens: str, closes: str) -> None:
    duty, utc = Hours(BERLIN, (NONE,) * 6 + ((span,),)), ZoneInfo("UTC")
    begin, end = at(opens, utc), at(closes, utc)
    second = timedelta(seconds=1)
    assert [duty.open_at(t) for t in (begin - second, begin, end - second, end)] == [False, True, True, False]


@given(ZONES, MOMENTS, st.timedeltas(timedelta(0), timedelta(days=3)), st.timedeltas(timedelta(0), timedelta(days=3)))
def test_time_in_daytime_adds_up_and_never_exceeds_the_time_itself(
    zone: ZoneInfo, begin: datetime, some: timedelta, more: timedelta
) -> None:
    span = (8 * 60, 22 * 60)
    whole = time_within(begin, begin + some + more, zone, span)
    assert whole == time_within(begin, begin + some, zone, span) + time_within(
        begin + some, begin + some + more, zone, span
    )
    assert timedelta(0) <= whole <= some + more


def test_a_night_counts_for_nothing_in_daytime() -> None:
    assert time_within(at("2026-11-22T21:00"), at("2026-11-23T09:30"), SHANGHAI, (480, 1320)) == timedelta(hours=2.5)


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        ("2026-11-30T07:59", False),
        ("2026-11-30T08:00", True),
        ("2026-11-30T12:00", False),  # the break of a split shift
        ("2026-11-30T14:00", True),
        ("2026-11-27T23:59", True),
        ("2026-11-28T01:59", True),  # Saturday, still Friday's night
        ("2026-11-28T02:00", False),
        ("2026-11-23T09:00", False),  # a Monday that is closed
        ("2026-12-01T09:00", True),  # a Tuesday that is not
    ],
)
def test_split_shifts_nights_and_days_of_their_own(duty: Hours, moment: str, is_open: bool) -> None:
    assert duty.open_at(at(moment)) is is_open


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        ("2026-11-30T15:59", True),
        ("2026-11-30T16:01", False),
        ("2026-11-24T15:00", True),  # an hour at which nobody else is there
        ("2026-12-01T10:00", False),
        ("2026-12-01T14:30", True),  # both the day's and the language's
        ("2026-12-01T15:30", False),
    ],
)
def test_a_language_may_have_hours_of_its_own(duty: Hours, moment: str, is_open: bool) -> None:
    assert duty.open_at(at(moment), "vi") is is_open


def test_the_next_opening_is_told_in_the_zone_of_the_hours(duty: Hours) -> None:
    found = duty.next_opening(at("2026-11-22T10:00").astimezone(timezone.utc))
    assert found is not None
    assert found.isoformat() == "2026-11-27T22:00:00+08:00"


def test_hours_that_never_come_have_no_next_opening() -> None:
    assert Hours(SHANGHAI, (NONE,) * 7).next_opening(at("2026-11-22T10:00")) is None


def test_a_site_without_the_file_is_always_open(tmp_path: Path) -> None:
    assert load_duty(tmp_path / "duty.yml") == ALWAYS_OPEN


def test_the_file_that_is_shipped_says_always() -> None:
    assert load_duty(CONTENT / "duty.yml") == ALWAYS_OPEN


def test_the_example_in_the_file_that_is_shipped_can_be_read(tmp_path: Path) -> None:
    lines = (CONTENT / "duty.yml").read_text(encoding="utf-8").splitlines()
    start = lines.index("# zone: Asia/Shanghai")
    example = "\n".join(line.removeprefix("# ") for line in lines[start:] if line.startswith("# "))
    assert load_duty(written(tmp_path, example)).coverage.keys() == {"vi"}


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("zone: Asia/Shanghai", "zone: Asia/Bejing", "the zone Asia/Bejing is not known"),
        ("zone: Asia/Shanghai", "zone: ../etc", "the zone ../etc is not known"),
        ("08:00-12:00", "8-12", "8-12 is no span"),
        ("08:00-12:00", "08:00-24:30", "08:00-24:30 is no span"),
        ("08:00-12:00", "24:00-02:00", "24:00-02:00 is no span"),
        ("08:00-12:00", "08:00-08:00", "has no length"),
        ("08:00-12:00", "08:00-15:00", "overlap"),
        ("  mon:", "  monday:", "week.monday"),
        ("  vi:", "  fr:", "coverage.fr"),
        ("2026-11-23", "2026-13-23", "month must be in 1..12"),
        ("note", "because", "because"),
    ],
)
def test_a_mistake_in_the_file_is_named(tmp_path: Path, old: str, new: str, told: str) -> None:
    assert old in FILE
    with pytest.raises(ContentError, match="duty.yml") as refused:
        load_duty(written(tmp_path, FILE.replace(old, new, 1)))
    assert told in str(refused.value)
