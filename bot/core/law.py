"""What the law of wages gives, as arithmetic; its figures come in as arguments, from content/data."""

import math
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
    Nothing for nothing worked. The cap for high earners (three times the local average, twelve years) is not applied:
    local averages are not in the fact base, and the text says so.
    """
    years = math.floor(worked_months / MONTHS_A_YEAR + 1e-9)
    rest = worked_months - years * MONTHS_A_YEAR
    if rest < 1e-9:
        return Decimal(years)
    return Decimal(years) + (1 if rest >= round_months - 1e-9 else Decimal("0.5"))


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
