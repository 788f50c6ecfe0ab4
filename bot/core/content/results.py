"""What a finished form says: lines of its file, chosen and filled by what was answered."""

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal

from bot.core.content.forms import STILL, UNKNOWN, Form
from bot.core.content.library import Library
from bot.core.content.render import Renderer
from bot.core.content.wages import minimum_wage_text
from bot.core.law import claim_deadlines, hourly_wage, overtime, severance_months, yuan

Values = Mapping[str, str | float]
"""Answers by field: a place id, an option's id, an amount, "yes", "no", a month, or ``unknown``."""


class Results:
    """Pure: the same form, answers, language and day give the same text."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._renderer = Renderer(library)
        self._texts: dict[str, Callable[[_Sheet], None]] = {
            "minimum_wage": self._minimum_wage,
            "services_near_me": self._services,
            "wages_claim": self._wages_claim,
            "overtime_pay": self._overtime,
            "severance": self._severance,
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
        sheet = _Sheet(form, asked, language, today, self._library, self._renderer)
        self._texts[form_id](sheet)
        return sheet.finished()

    # The forms, one by one

    def _minimum_wage(self, sheet: "_Sheet") -> None:
        place = sheet.text_of("place")
        if place is None:
            sheet.add_raw(self._renderer.phrase("place_unknown", sheet.language))
        else:
            found = self._library.places.minimum_wage(place)
            sheet.add_raw(minimum_wage_text(self._renderer, found, sheet.language))

    def _services(self, sheet: "_Sheet") -> None:
        known = sheet.text_of("place") is not None
        sheet.add("head" if known else "head_anywhere")
        need = sheet.text_of("need")
        for option in [need] if need else ["lawyer", "wages", "women"]:
            sheet.add(option)
        if need is None:
            sheet.add("other")
        sheet.add("tail")

    def _wages_claim(self, sheet: "_Sheet") -> None:
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

    def _overtime(self, sheet: "_Sheet") -> None:
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

    def _severance(self, sheet: "_Sheet") -> None:
        reason, worked, wage = sheet.text_of("reason"), sheet.amount("years"), sheet.amount("wage")
        months = (
            None if worked is None else severance_months(float(worked), int(self._figure("severance_round_months")))
        )
        if reason == "own":
            sheet.add("own")
            return
        double = ""
        if months is None:
            sheet.add("n_unknown")
        elif wage is None:
            sheet.add("n_months", time=sheet.span("years"), months=yuan(months))
        else:
            sheet.add("n", time=sheet.span("years"), months=yuan(months), amount=yuan(months * wage))
            double = sheet.line("double", amount=yuan(months * wage * self._figure("unlawful_times")))
        sheet.add(reason or "reason_unknown", double=double)
        sheet.add("floor")
        sheet.add("steps")

    def _job_offer(self, sheet: "_Sheet") -> None:
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

    def _before_you_go(self, sheet: "_Sheet") -> None:
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


class _Sheet:
    """The answers of one form and the lines of its result so far."""

    def __init__(
        self,
        form: Form,
        values: dict[str, str | float],
        language: str,
        today: date,
        library: Library,
        renderer: Renderer,
    ) -> None:
        self.form, self.values, self.language, self.today = form, values, language, today
        self._library = library
        self._renderer = renderer
        self._lines: list[str] = []
        self._used: list[str] = []

    def text_of(self, field: str) -> str | None:
        """The answer as text; None when it is not known."""
        value = self.values[field]
        return None if value == UNKNOWN else str(value)

    def amount(self, field: str) -> Decimal | None:
        value = self.values[field]
        return None if value == UNKNOWN else Decimal(str(value))

    def label(self, field: str) -> str:
        """The chosen option in words, or that it is not known."""
        chosen = next((o for o in self.form.field(field).options if o.id == self.values[field]), None)
        return chosen.in_(self.language) if chosen else self._not_known()

    def span(self, field: str) -> str:
        """A span of months in words."""
        months = self.amount(field)
        if months is None:
            return self._not_known()
        years, rest = divmod(months, 12)
        if self.language == "zh":
            return (f"{yuan(years)}年" if years else "") + (f"{yuan(rest)}个月" if rest or not years else "")
        parts = [f"{yuan(years)} year{'s' if years != 1 else ''}"] if years else []
        return " ".join([*parts, f"{yuan(rest)} month{'s' if rest != 1 else ''}"] if rest or not parts else parts)

    def line(self, key: str, **values: object) -> str:
        text, used = self._renderer.filled(self.form.lines[key].in_(self.language).strip())
        self._used += used
        return text.format(**{"place": self._place(), **values})

    def add(self, key: str, **values: object) -> None:
        self._lines.append(self.line(key, **values))

    def add_raw(self, text: str) -> None:
        self._lines.append(text)

    def finished(self) -> str:
        return self._renderer.with_numbers("\n".join(self._lines), self._used, self.form.call, self.language)

    def _place(self) -> str:
        place = self.text_of("place") if "place" in self.values else None
        if place is None or place not in self._library.places.places:
            return self._renderer.phrase("there", self.language)
        return self._library.places.places[place].name.in_(self.language)

    def _not_known(self) -> str:
        return self._renderer.phrase("not_known", self.language)
