"""The answers of one form and the lines of its result so far."""

from datetime import date
from decimal import Decimal

from bot.core.content.forms import UNKNOWN, Form
from bot.core.content.library import Library
from bot.core.content.model import PLACEHOLDER
from bot.core.content.render import Renderer
from bot.core.entities import MONTHS_A_YEAR
from bot.core.law import yuan


class Sheet:
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
        self._law = False

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
        years, rest = divmod(months, MONTHS_A_YEAR)
        if self.language == "zh":
            return (f"{yuan(years)}年" if years else "") + (f"{yuan(rest)}个月" if rest or not years else "")
        parts = [f"{yuan(years)} year{'s' if years != 1 else ''}"] if years else []
        return " ".join([*parts, f"{yuan(rest)} month{'s' if rest != 1 else ''}"] if rest or not parts else parts)

    def line(self, key: str, **values: object) -> str:
        written = self.form.lines[key].in_(self.language).strip()
        self._law = self._law or any(table == "fig" for table, _ in PLACEHOLDER.findall(written))
        text, used = self._renderer.filled(written)
        self._used += used
        return text.format(**{"place": self._place(), **values})

    def add(self, key: str, **values: object) -> None:
        self._lines.append(self.line(key, **values))

    def add_raw(self, text: str) -> None:
        self._lines.append(text)

    def finished(self) -> str:
        lines = list(self._lines)
        if self._law:
            lines.append(self._renderer.phrase("law_as_of", self.language, effective=self.form.effective))
        return self._renderer.with_numbers("\n".join(lines), self._used, self.form.call, self.language)

    def _place(self) -> str:
        place = self.text_of("place") if "place" in self.values else None
        if place is None or place not in self._library.places.places:
            return self._renderer.phrase("there", self.language)
        return self._library.places.places[place].name.in_(self.language)

    def _not_known(self) -> str:
        return self._renderer.phrase("not_known", self.language)
