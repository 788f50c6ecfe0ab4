"""The arithmetic of the law, against worked examples and an independent computation."""

from calendar import monthrange
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.law import (
    claim_deadlines,
    double_wage_months,
    hourly_wage,
    injury_deadlines,
    leave_days,
    overtime,
    severance,
    severance_months,
    shortfall,
    unused_leave_pay,
    yuan,
)

TODAY = date(2026, 11, 22)
HOURS = st.integers(0, 300)


def test_the_worked_example_of_the_overtime_answer() -> None:
    hour = hourly_wage(Decimal(3480), Decimal("21.75"), Decimal(8))
    assert [yuan(hour), *(yuan(overtime(Decimal(1), hour, Decimal(p))) for p in (150, 200, 300))] == [
        "20", "30", "40", "60",
    ]  # fmt: skip


@given(st.integers(1, 100_000), HOURS)
def test_overtime_agrees_with_174_hours_a_month(wage: int, hours: int) -> None:
    """21.75 days of 8 hours are 174 hours (notice on pay days)."""
    hour = hourly_wage(Decimal(wage), Decimal("21.75"), Decimal(8))
    exact = Fraction(wage, 174) * hours * Fraction(150, 100)
    assert abs(Fraction(overtime(Decimal(hours), hour, Decimal(150))) - exact) < Fraction(1, 10**9)


@pytest.mark.parametrize(
    ("months", "wages"),
    [
        (0, "0"),
        (1, "0.5"),
        (5, "0.5"),
        (6, "1"),
        (11, "1"),
        (12, "1"),
        (13, "1.5"),
        (18, "2"),
        (27, "2.5"),
        (120, "10"),
    ],
)
def test_severance_counts_half_years(months: int, wages: str) -> None:
    assert severance_months(months, 6) == Decimal(wages)


@given(st.integers(0, 600))
def test_severance_never_falls_with_time_and_agrees_with_counting(months: int) -> None:
    full, rest = divmod(months, 12)
    counted = Decimal(full) + (Decimal(1) if rest >= 6 else Decimal("0.5") if rest else Decimal(0))
    assert severance_months(months, 6) == counted <= severance_months(months + 1, 6)


@pytest.mark.parametrize(
    ("left", "open_"), [("2026-11", True), ("2025-11", True), ("2025-10", False), ("2024-01", False)]
)
def test_arbitration_stays_open_for_the_year_after_the_month_of_leaving(left: str, open_: bool) -> None:
    until = claim_deadlines(left, TODAY, 1, 2)
    assert until.arbitration_open is open_
    assert (until.arbitration, until.inspection) == (f"{int(left[:4]) + 1}{left[4:]}", f"{int(left[:4]) + 2}{left[4:]}")


@given(st.decimals(0, 10**6, places=4))
def test_amounts_are_said_to_the_fen_without_idle_zeros(amount: Decimal) -> None:
    said = yuan(amount)
    assert abs(Decimal(said) - amount) <= Decimal("0.005")
    assert "." not in said or not said.endswith(("0", "."))


# Severance with its floor and its cap


def test_severance_is_months_times_wage_and_never_counts_less_than_the_minimum_wage() -> None:
    plain = severance(27, Decimal(5000), 6)
    assert (plain.months, plain.amount, plain.capped) == (Decimal("2.5"), Decimal(12500), False)
    assert severance(27, Decimal(1000), 6, minimum_wage=Decimal(2500)).amount == Decimal(6250)


@pytest.mark.parametrize(
    ("wage", "years", "months", "counted"),
    [(30_000, 20, 20, 30_000), (30_001, 20, 12, 30_000), (90_000, 5, 5, 30_000), (29_999, 13, 13, 29_999)],
)
def test_a_high_wage_is_capped_in_height_and_in_years(wage: int, years: int, months: int, counted: int) -> None:
    """Three times the local average of 10,000, and twelve years (art. 47)."""
    found = severance(years * 12, Decimal(wage), 6, local_average=Decimal(10_000))
    assert (found.months, found.wage) == (Decimal(months), Decimal(counted))
    assert found.capped is (wage > 30_000)


@given(st.integers(0, 480), st.integers(1, 10**6), st.integers(1, 10**5))
def test_severance_agrees_with_an_independent_computation(worked: int, wage: int, average: int) -> None:
    half_years = sum(1 for month in range(worked) if month % 12 in (0, 6))
    months = Fraction(half_years, 2)
    if worked % 12 and worked % 12 >= 6:
        months = Fraction(worked // 12 + 1)
    expected = min(months, Fraction(12)) * 3 * average if wage > 3 * average else months * wage
    assert Fraction(severance(worked, Decimal(wage), 6, local_average=Decimal(average)).amount) == expected


# Double wage


@pytest.mark.parametrize(
    ("worked", "owed"),
    [
        ("0", "0"),
        ("0.5", "0"),
        ("1", "0"),
        ("1.5", "0.5"),
        ("8", "7"),
        ("11", "10"),
        ("12", "11"),
        ("13", "11"),
        ("60", "11"),
    ],
)
def test_double_wage_runs_from_the_second_month_to_the_end_of_the_year(worked: str, owed: str) -> None:
    assert double_wage_months(Decimal(worked), 1, 11) == Decimal(owed)


@given(st.integers(0, 400))
def test_double_wage_agrees_with_counting_months(worked: int) -> None:
    counted = [month for month in range(1, worked + 1) if 1 < month <= 12]
    assert double_wage_months(Decimal(worked), 1, 11) == len(counted)


# Annual leave

STEPS = [(1, 5), (10, 10), (20, 15)]


@pytest.mark.parametrize(
    ("years", "days"), [("0.9", 0), ("1", 5), ("9.99", 5), ("10", 10), ("19.9", 10), ("20", 15), ("45", 15)]
)
def test_leave_grows_with_years_worked(years: str, days: int) -> None:
    assert leave_days(Decimal(years), STEPS) == days


def test_a_worked_example_of_unused_leave() -> None:
    """4350 a month are 200 a day: five days at 300 % are 3000, of which 1000 was the normal pay."""
    assert unused_leave_pay(Decimal(5), Decimal(4350), Decimal("21.75"), Decimal(300)) == (Decimal(3000), Decimal(2000))


@given(st.integers(0, 30), st.integers(1, 10**5))
def test_unused_leave_is_the_normal_pay_and_twice_more(days: int, month: int) -> None:
    whole, more = unused_leave_pay(Decimal(days), Decimal(month), Decimal("21.75"), Decimal(300))
    daily = Fraction(month * 4, 87)
    assert abs(Fraction(whole) - 3 * days * daily) < Fraction(1, 10**9)
    assert abs(Fraction(whole - more) - days * daily) < Fraction(1, 10**9)


# Minimum wage


@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_a_shortfall_fills_up_to_the_minimum_and_no_further(paid: int, minimum: int) -> None:
    missing = shortfall(Decimal(paid), Decimal(minimum))
    assert paid + missing == max(paid, minimum)


# Work injury


@pytest.mark.parametrize(
    ("happened", "open_", "late"),
    [
        ("2026-11", True, False),
        ("2026-10", True, False),
        ("2026-09", True, True),
        ("2025-11", True, True),
        ("2025-10", False, True),
    ],
)
def test_the_deadlines_of_a_work_injury(happened: str, open_: bool, late: bool) -> None:
    until = injury_deadlines(happened, TODAY, 30, 1)
    assert (until.worker_open, until.employer_late) == (open_, late)
    assert until.worker == f"{int(happened[:4]) + 1}{happened[4:]}"


@given(st.dates(date(2020, 1, 1), date(2030, 12, 31)), st.integers(0, 800))
def test_nobody_is_told_too_early_that_a_deadline_is_over(accident: date, days_since: int) -> None:
    """Against the law's days for the accident itself, of which only the month is asked."""
    today = accident + timedelta(days=days_since)
    until = injury_deadlines(f"{accident:%Y-%m}", today, 30, 1)
    last_day = monthrange(accident.year + 1, accident.month)[1]
    a_year_on = accident.replace(year=accident.year + 1, day=min(accident.day, last_day))
    if today <= a_year_on:
        assert until.worker_open
    if today <= accident + timedelta(days=30):
        assert not until.employer_late
