"""The arithmetic of the law, against worked examples and an independent computation."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.law import claim_deadlines, hourly_wage, overtime, severance_months, yuan

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
