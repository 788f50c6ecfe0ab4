"""The alarm ladder never goes silent while somebody waits, and never tells anybody twice in a breath."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.alarms import NOTHING, Acknowledgement, Case, Step, Waiting, held_ladder, waiting_ladder
from bot.core.message import CounsellorId, ReferralId

START = datetime(2026, 11, 22, tzinfo=timezone.utc)
TICK_S = 2
LEVELS = st.sampled_from([1, 2, 3])
TIMES = st.integers(0, 7200)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def case(opened: float, name: str = "r1") -> Case:
    return Case(ReferralId(name), at(opened))


@dataclass
class Site:
    """Cases that wait at one level, and a worker that looks every two seconds."""

    level: int
    on_duty: bool = True
    is_open: bool = True
    taken: dict[Step, datetime] = field(default_factory=dict)
    told: list[tuple[int, Step]] = field(default_factory=list)

    def look(self, second: int, since: Case) -> None:
        ladder = waiting_ladder(self.level, self.on_duty, self.is_open)
        for step in ladder.due(since.since, self.taken, at(second)):
            self.taken[step] = at(second)
            self.told.append((second, step))

    def watch(self, until: int, since: Case) -> list[tuple[int, Step]]:
        for second in range(0, until, TICK_S):
            self.look(second, since)
        return self.told


@pytest.mark.parametrize(
    ("site", "told"),
    [
        (
            Site(1),
            [(0, "on_duty"), (60, "all"), (120, "supervisors"), (180, "on_call"),
             (300, "supervisors"), (360, "on_call"), (480, "supervisors"), (540, "on_call")],
        ),
        (
            Site(1, on_duty=False),
            [(0, "all"), (0, "on_call"), (120, "supervisors"), (180, "on_call"),
             (300, "supervisors"), (360, "on_call"), (480, "supervisors"), (540, "on_call")],
        ),
        (Site(1, is_open=False, on_duty=False), Site(1, on_duty=False).watch(600, case(0))),
        (Site(2), [(0, "on_duty"), (300, "all")]),
        (Site(2, on_duty=False), [(0, "all")]),
        (Site(2, on_duty=False, is_open=False), [(0, "on_call")]),
        (Site(2, is_open=False), [(0, "on_duty"), (0, "on_call")]),
        (Site(3), [(0, "on_duty")]),
        (Site(3, on_duty=False), []),
        (Site(3, is_open=False), []),
    ],
)  # fmt: skip
def test_ten_minutes_of_waiting(site: Site, told: list[tuple[int, Step]]) -> None:
    assert site.watch(600, case(0)) == told


def test_level_two_climbs_slowly_and_repeats_every_quarter_of_an_hour() -> None:
    assert Site(2).watch(2800, case(0)) == [
        (0, "on_duty"), (300, "all"), (600, "supervisors"), (900, "on_call"),
        (1500, "supervisors"), (1800, "on_call"), (2400, "supervisors"), (2700, "on_call"),
    ]  # fmt: skip


def test_who_waits_for_a_counsellor_s_words_is_brought_to_her_mind_then_to_the_supervisors() -> None:
    ladder, taken, told = held_ladder(1), {}, []
    for second in range(0, 500, TICK_S):
        for step in ladder.due(START, taken, at(second)):
            taken[step] = at(second)
            told.append((second, step))
    assert told == [(180, "holder"), (360, "holder"), (360, "supervisors")]


def test_words_that_a_level_three_waits_for_ring_nowhere() -> None:
    assert held_ladder(3) == NOTHING


@given(LEVELS, st.booleans(), st.booleans(), TIMES, TIMES)
def test_what_is_due_stays_due_until_it_is_taken(
    level: int, on_duty: bool, is_open: bool, early: int, more: int
) -> None:
    ladder = waiting_ladder(level, on_duty, is_open)
    assert set(ladder.due(START, {}, at(early))) <= set(ladder.due(START, {}, at(early + more)))


@given(
    LEVELS,
    st.lists(st.tuples(st.integers(1, 400), st.booleans(), st.booleans(), st.booleans()), min_size=5, max_size=60),
)
def test_no_step_is_taken_twice_within_its_pause_whoever_comes_and_goes(
    level: int, ticks: list[tuple[int, bool, bool, bool]]
) -> None:
    second, waits, last = 0, case(0), {}
    for gap, on_duty, is_open, claimed in ticks:
        second += gap
        waits = case(second) if claimed else waits
        ladder = waiting_ladder(level, on_duty, is_open)
        for step in ladder.due(waits.since, last, at(second)):
            assert step not in last or at(second) - last[step] >= timedelta(seconds=ladder.pause_s)
            last[step] = at(second)


@given(
    st.lists(st.tuples(st.integers(1, 10), st.booleans(), st.booleans()), min_size=100, max_size=200),
    st.integers(0, 600),
)
def test_a_waiting_level_one_is_never_silent_for_longer_than_the_repeat_time(
    ticks: list[tuple[int, bool, bool]], acknowledged_at: int
) -> None:
    site, second, heard, hushed = Site(1), 0, 0, Acknowledgement(CounsellorId("mei"), at(acknowledged_at + 300))
    site.look(0, case(0))
    for gap, on_duty, is_open in ticks:
        second += gap
        site.on_duty, site.is_open = on_duty, is_open
        ack = hushed if second >= acknowledged_at else None
        calling = Waiting(1, 1, case(0), None, ack).calling(at(second))
        if calling is None:
            heard = second
            continue
        before = len(site.told)
        site.look(second, calling)
        heard = second if len(site.told) > before else heard
        assert second - heard <= 180 + 10


def test_after_an_acknowledgement_that_led_to_nothing_the_ladder_goes_on_where_it_was() -> None:
    site = Site(1)
    for second in range(0, 520, TICK_S):
        ack = Acknowledgement(CounsellorId("mei"), at(370)) if second >= 70 else None
        calling = Waiting(1, 1, case(0), None, ack).calling(at(second))
        if calling:
            site.look(second, calling)
    assert site.told == [(0, "on_duty"), (60, "all"), (370, "supervisors"), (370, "on_call")]


def test_an_acknowledgement_does_not_cover_who_comes_after_it() -> None:
    ack = Acknowledgement(CounsellorId("mei"), at(300))
    later = case(10, "r2")
    assert Waiting(1, 2, case(0), later, ack).calling(at(20)) == later
    assert Waiting(1, 2, case(0), None, ack).calling(at(20)) is None
    assert Waiting(1, 2, case(0), later, ack).calling(at(300)) == case(0)


def test_the_next_person_has_her_own_alarm_but_nobody_is_told_twice_in_a_breath() -> None:
    site = Site(1, on_duty=False)
    site.look(0, case(0))
    site.look(10, case(8, "r2"))
    site.look(60, case(8, "r2"))
    assert site.told == [(0, "all"), (0, "on_call"), (60, "all"), (60, "on_call")]
