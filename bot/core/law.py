"""What the law of wages gives, as arithmetic; its figures come in as arguments, from content/data."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from bot.core.entities import MONTHS_A_YEAR


def yuan(amount: Decimal) -> str:
    """Rounded to the fen, without idle zeros: 4500, 27.59, 1234.5."""
    rounded = amount.quantize(Decimal("0.01"), ROUND_HALF_UP)
    return f"{rounded:f}".rstrip("0").rstrip(".")


def hourly_wage(month_cny: Decimal, pay_days: Decimal, hours_a_day: Decimal) -> Decimal:
    """Yuan an hour of a monthly wage: month / 21.75 pay days / 8 hours (notice on pay days, law.paydays)."""
    return month_cny / pay_days / hours_a_day


def overtime(hours: Decimal, hour_cny: Decimal, percent: Decimal) -> Decimal:
    """Yuan for overtime hours: 150 % on working days, 200 % on rest days, 300 % on holidays (Labour Law art. 44)."""
    return hours * hour_cny * percent / 100


def severance_months(worked_months: float, round_months: int) -> Decimal:
    """Months' wages of severance "N" (Labour Contract Law art. 47).

    One for each full year; a rest of ``round_months`` (six) or more counts as a year, a shorter rest as half a month.
    Nothing for nothing worked.
    """
    years = math.floor(worked_months / MONTHS_A_YEAR + 1e-9)
    rest = worked_months - years * MONTHS_A_YEAR
    if rest < 1e-9:
        return Decimal(years)
    return Decimal(years) + (1 if rest >= round_months - 1e-9 else Decimal("0.5"))


@dataclass(frozen=True, slots=True)
class Severance:
    """Severance "N" in yuan: ``months`` of wage times ``wage``; ``capped`` when the rule for high earners applied."""

    months: Decimal
    wage: Decimal
    capped: bool

    @property
    def amount(self) -> Decimal:
        return self.months * self.wage


def severance(
    worked_months: float,
    wage: Decimal,
    round_months: int,
    *,
    minimum_wage: Decimal = Decimal(0),
    local_average: Decimal | None = None,
    cap_times: int = 3,
    cap_years: int = 12,
) -> Severance:
    """Severance "N" of a monthly wage in yuan (Labour Contract Law art. 47; Implementing Regulations art. 27).

    The wage counts at least as the local minimum wage. A wage above ``cap_times`` the local average counts as that, and
    then for at most ``cap_years`` months; without a known ``local_average`` nothing is capped, and the text says so.
    """
    months, base = severance_months(worked_months, round_months), max(wage, minimum_wage)
    if local_average is None or base <= cap_times * local_average:
        return Severance(months, base, capped=False)
    return Severance(min(months, Decimal(cap_years)), cap_times * local_average, capped=True)


def double_wage_months(worked_months: Decimal, first_months: int, most_months: int) -> Decimal:
    """Months for which a second wage is owed when nothing was signed (Labour Contract Law art. 82).

    Counted as in its Implementing Regulations, art. 6 and 7: from the day after the first month until a contract is
    signed or a year is full, at most eleven.
    """
    return min(max(worked_months - first_months, Decimal(0)), Decimal(most_months))


def leave_days(working_years: Decimal, steps: Sequence[tuple[int, int]]) -> int:
    """Days of leave a year for years worked in one's life, over all employers (Regulation on Paid Annual Leave art. 3).

    ``steps``: (from how many years, days), rising: (1, 5), (10, 10), (20, 15).
    """
    return max((days for years, days in steps if working_years >= years), default=0)


def unused_leave_pay(days: Decimal, month_cny: Decimal, pay_days: Decimal, percent: Decimal) -> tuple[Decimal, Decimal]:
    """Yuan for leave that was not given (Regulation on Paid Annual Leave art. 5): in all, and on top of the normal pay.

    300 % of the daily wage, the normal pay of that day included.
    """
    daily = month_cny / pay_days
    return days * daily * percent / 100, days * daily * (percent - 100) / 100


def shortfall(paid_cny: Decimal, minimum_cny: Decimal) -> Decimal:
    """Yuan a month missing to the minimum wage (Minimum Wage Provisions art. 12).

    ``paid_cny``: the pay for normal hours, without overtime pay and allowances.
    """
    return max(minimum_cny - paid_cny, Decimal(0))


@dataclass(frozen=True, slots=True)
class InjuryDeadlines:
    """Until when a work injury can be reported for recognition; ``worker`` is a month (``YYYY-MM``)."""

    worker: str
    worker_open: bool
    employer_late: bool
    """The employer's thirty days are surely over."""


def injury_deadlines(happened: str, today: date, employer_days: int, worker_years: int) -> InjuryDeadlines:
    """For an accident or diagnosis in the month ``happened`` (``YYYY-MM``).

    Regulation on Work-Related Injury Insurance art. 17: the employer has 30 days; the worker, kin or union one year.
    Only the month is known: it counts as open to its end, and the employer as late only when even an accident on the
    month's last day were too long ago.
    """
    year, month = int(happened[:4]), int(happened[5:7])
    following = date(year + month // 12, month % 12 + 1, 1)
    until = (year + worker_years, month)
    return InjuryDeadlines(
        worker=f"{until[0]}-{month:02d}",
        worker_open=(today.year, today.month) <= until,
        employer_late=(today - following).days >= employer_days,
    )


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Months (``YYYY-MM``) until which one can act after leaving a job."""

    arbitration: str
    inspection: str
    arbitration_open: bool


def claim_deadlines(left: str, today: date, arbitration_years: int, inspection_years: int) -> Deadlines:
    """For wages owed by a job left in ``left`` (``YYYY-MM``).

    Arbitration: one year from the end of the job (Mediation and Arbitration Law art. 27; a demand or a complaint
    starts it anew). Inspection: two years (Labour Security Inspection Regulations art. 20). The month of leaving counts
    as open to its end; only the month is known.
    """
    year, month = int(left[:4]), int(left[5:7])
    return Deadlines(
        arbitration=f"{year + arbitration_years}-{month:02d}",
        inspection=f"{year + inspection_years}-{month:02d}",
        arbitration_open=(today.year, today.month) <= (year + arbitration_years, month),
    )
