"""What a finished form says: lines of its file, chosen and filled by what was answered."""

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal

from bot.core.content.forms import STILL, UNKNOWN
from bot.core.content.library import Library
from bot.core.content.places import WageAnswer
from bot.core.content.render import Renderer
from bot.core.content.sheet import Sheet
from bot.core.content.wages import minimum_wage_text
from bot.core.entities import MONTHS_A_YEAR
from bot.core.law import (
    claim_deadlines,
    double_wage_months,
    hourly_wage,
    injury_deadlines,
    leave_days,
    overtime,
    severance,
    shortfall,
    unused_leave_pay,
    yuan,
)

Values = Mapping[str, str | float]
"""Answers by field: a place id, an option's id, an amount, "yes", "no", a month, or ``unknown``."""


class Results:
    """Pure: the same form, answers, language and day give the same text."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._renderer = Renderer(library)
        self._texts: dict[str, Callable[[Sheet], None]] = {
            "minimum_wage": self._minimum_wage,
            "services_near_me": self._services,
            "wages_claim": self._wages_claim,
            "overtime_pay": self._overtime,
            "severance": self._severance,
            "double_wage": self._double_wage,
            "annual_leave": self._annual_leave,
            "pay_check": self._pay_check,
            "injury_deadline": self._injury_deadline,
            "job_offer_check": self._job_offer,
            "before_you_go": self._before_you_go,
        }
        missing = set(library.forms) ^ set(self._texts)
        if missing:
            raise KeyError(f"forms without a result, or results without a form: {sorted(missing)}")

    def text(self, form_id: str, values: Values, language: str, today: date) -> str:
        """The whole result. A question that was never answered counts as not known."""
        form = self._library.forms[form_id]
        asked = {field.id: values.get(field.id, UNKNOWN) for field in form.fields}
        sheet = Sheet(form, asked, language, today, self._library, self._renderer)
        self._texts[form_id](sheet)
        return sheet.finished()

    # The forms, one by one

    def _minimum_wage(self, sheet: Sheet) -> None:
        place = sheet.text_of("place")
        if place is None:
            sheet.add_raw(self._renderer.phrase("place_unknown", sheet.language))
        else:
            found = self._library.places.minimum_wage(place)
            sheet.add_raw(minimum_wage_text(self._renderer, found, sheet.language))

    def _services(self, sheet: Sheet) -> None:
        known = sheet.text_of("place") is not None
        sheet.add("head" if known else "head_anywhere")
        need = sheet.text_of("need")
        for option in [need] if need else ["lawyer", "wages", "women"]:
            sheet.add(option)
        if need is None:
            sheet.add("other")
        sheet.add("tail")

    def _wages_claim(self, sheet: Sheet) -> None:
        if UNKNOWN in (sheet.values["sector"], sheet.values["months"], sheet.values["place"]):
            sheet.add("head_unknown")
        else:
            sheet.add("head", sector=sheet.label("sector"), months=sheet.span("months"))
        if sheet.values["contract"] == "no":
            sheet.add("contract_no")
        for line in (sheet.text_of("sector"), sheet.text_of("proof") or "nothing"):
            if line and line != "company":
                sheet.add(line)
        sheet.add("steps")
        left = sheet.text_of("left")
        if left is None:
            sheet.add("left_unknown")
        elif left == STILL:
            sheet.add("still")
        else:
            until = claim_deadlines(
                left, sheet.today, int(self._figure("arb_limit_years")), int(self._figure("inspection_limit_years"))
            )
            if until.arbitration_open:
                sheet.add("open", arbitration=until.arbitration, inspection=until.inspection)
            else:
                sheet.add("late")
        sheet.add("foreigner")

    def _overtime(self, sheet: Sheet) -> None:
        wage = sheet.amount("wage")
        hours = {kind: sheet.amount(kind) for kind in ("workday", "restday", "holiday")}
        if wage is None:
            sheet.add("no_wage")
        elif not any(hours.values()):
            sheet.add("none")
        else:
            hour = hourly_wage(wage, self._figure("month_days"), self._figure("hours_day"))
            sheet.add("hour", wage=yuan(wage), hour=yuan(hour))
            paid = Decimal(0)
            for kind, worked in hours.items():
                if worked:
                    amount = overtime(worked, hour, self._figure(f"ot_{kind}_percent"))
                    paid += amount
                    sheet.add(kind, hours=yuan(worked), hour=yuan(hour), amount=yuan(amount))
            sheet.add("total", amount=yuan(paid))
            if None in hours.values():
                sheet.add("unsure")
        if sum(worked or 0 for worked in hours.values()) > self._figure("ot_month_hours"):
            sheet.add("cap")
        sheet.add("caution")

    def _severance(self, sheet: Sheet) -> None:
        reason, worked, wage = sheet.text_of("reason"), sheet.amount("years"), sheet.amount("wage")
        if reason == "own":
            sheet.add("own")
            return
        double = plus = ""
        if worked is None:
            sheet.add("n_unknown")
        else:
            n = severance(float(worked), wage or Decimal(0), int(self._figure("severance_round_months")))
            said = {"time": sheet.span("years"), "months": yuan(n.months)}
            if wage is None:
                sheet.add("n_months", **said)
            else:
                sheet.add("n", amount=yuan(n.amount), **said)
                double = sheet.line("sum", amount=yuan(n.amount * self._figure("unlawful_times")))
                plus = sheet.line("sum", amount=yuan(n.amount + wage * self._figure("dismissal_extra_months")))
        sheet.add(reason or "reason_unknown", double=double, plus=plus)
        sheet.add("floor")
        sheet.add("steps")

    def _double_wage(self, sheet: Sheet) -> None:
        worked, wage = sheet.amount("months"), sheet.amount("wage")
        if worked is None:
            sheet.add("rule")
        else:
            first, most = (int(self._figure(key)) for key in ("contract_month", "double_wage_months"))
            months = double_wage_months(worked, first, most)
            if not months:
                sheet.add("none")
            else:
                sheet.add("months", months=yuan(months))
                if wage is not None:
                    sheet.add("amount", months=yuan(months), wage=yuan(wage), amount=yuan(months * wage))
                if worked >= MONTHS_A_YEAR * self._figure("contract_deemed_years"):
                    sheet.add("year")
        sheet.add("steps")

    def _annual_leave(self, sheet: Sheet) -> None:
        if sheet.values["steady"] == "no":
            sheet.add("not_yet")
            sheet.add("rule")
            return
        worked, unused = sheet.amount("years"), sheet.amount("days")
        if worked is None:
            sheet.add("rule")
        else:
            entitled = Decimal(leave_days(worked / MONTHS_A_YEAR, self._leave_steps()))
            if not entitled:
                sheet.add("under")
                return
            sheet.add("days", time=sheet.span("years"), days=yuan(entitled))
            unused = entitled if unused is None else min(unused, entitled)
        self._leave_pay(sheet, unused, sheet.amount("wage"))
        sheet.add("steps")

    def _leave_steps(self) -> list[tuple[int, int]]:
        """(from how many years, days of leave)."""
        steps = ("low", "mid", "high")
        return [(int(self._figure(f"leave_years_{s}")), int(self._figure(f"leave_days_{s}"))) for s in steps]

    def _leave_pay(self, sheet: Sheet, unused: Decimal | None, wage: Decimal | None) -> None:
        if unused and wage is not None:
            pay_days, percent = self._figure("month_days"), self._figure("leave_unused_percent")
            whole, more = unused_leave_pay(unused, wage, pay_days, percent)
            said = {"days": unused, "wage": wage, "day": wage / pay_days, "all": whole, "more": more}
            sheet.add("pay", **{name: yuan(value) for name, value in said.items()})
        else:
            sheet.add("pay_rule")

    def _pay_check(self, sheet: Sheet) -> None:
        place, wage = sheet.text_of("place"), sheet.amount("wage")
        found = self._library.places.minimum_wage(place) if place else None
        if wage is None:
            sheet.add("no_wage")
        elif found is None or not found.tiers:
            sheet.add("no_figure")
        else:
            self._against_the_minimum(sheet, found, wage)
        sheet.add("hours")
        sheet.add("steps")

    def _against_the_minimum(self, sheet: Sheet, found: WageAnswer, wage: Decimal) -> None:
        months = sorted({Decimal(str(tier.month_cny)) for tier in found.tiers if tier.month_cny is not None})
        said = {"effective": found.province.effective, "wage": yuan(wage)}
        if found.exact:
            missing = shortfall(wage, months[0])
            sheet.add("under" if missing else "enough", month=yuan(months[0]), missing=yuan(missing), **said)
            return
        sheet.add("tiers", months=" / ".join(map(yuan, reversed(months))), **said)
        lowest_known = found.province.quote == "all"
        if lowest_known and (missing := shortfall(wage, months[0])):
            sheet.add("tiers_under", missing=yuan(missing), **said)
        else:
            sheet.add("tiers_enough" if wage >= months[-1] else "tiers_unsure", **said)

    def _injury_deadline(self, sheet: Sheet) -> None:
        when = sheet.text_of("when")
        if when is None:
            sheet.add("unknown")
        else:
            days, years = int(self._figure("injury_employer_days")), int(self._figure("injury_worker_years"))
            until = injury_deadlines(when, sheet.today, days, years)
            if not until.worker_open:
                sheet.add("late")
            else:
                sheet.add("open", worker=until.worker)
                if until.employer_late:
                    sheet.add("employer_late")
        sheet.add("steps")

    def _job_offer(self, sheet: Sheet) -> None:
        signs = {field.id: self._library.signs[field.sign or ""] for field in sheet.form.fields}
        yes = [field for field in signs if sheet.values[field] == "yes"]
        unknown = sum(value == UNKNOWN for value in sheet.values.values())
        worst = {signs[field] for field in yes}
        if "emergency" in worst:
            sheet.add("stop")
        elif "high" in worst or len(yes) > 1:
            sheet.add("danger")
        elif yes or unknown:
            sheet.add("care")
        else:
            sheet.add("no_signs")
        if yes:
            sheet.add("reasons")
            for field in yes:
                sheet.add_raw("- " + sheet.line(field))
        if unknown:
            sheet.add("unknown", count=unknown)
        sheet.add("steps")

    def _before_you_go(self, sheet: Sheet) -> None:
        good = {field.id: "no" if field.type == "no_yes" else "yes" for field in sheet.form.fields}
        missing = [field for field, wanted in good.items() if sheet.values[field] != wanted]
        if not missing:
            sheet.add("ready")
            return
        sheet.add("head", count=len(missing))
        for number, field in enumerate(missing, 1):
            sheet.add_raw(f"{number}. {sheet.line(field)}")
        if UNKNOWN in sheet.values.values():
            sheet.add("unsure")

    def _figure(self, key: str) -> Decimal:
        return Decimal(str(self._library.figures[key].value))
