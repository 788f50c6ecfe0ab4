"""What the console shows to those who keep the answers true: which help, which are due, what nobody understood."""

from collections.abc import Callable
from dataclasses import dataclass

from bot.core.content.review import Standing, standings
from bot.service.answers import Answers
from bot.store.counts import Counts


@dataclass(frozen=True, slots=True)
class Row:
    """One answer, with how often people said this month that it helped, and that it did not."""

    standing: Standing
    yes: int
    no: int
    asked_for: int
    """Messages taken for its topic without being sure."""

    @property
    def share(self) -> int | None:
        """Per cent of those who said anything that it helped; None when nobody did."""
        said = self.yes + self.no
        return round(100 * self.yes / said) if said else None


@dataclass(frozen=True, slots=True)
class Overview:
    month: str
    rows: list[Row]
    problem: str | None
    """Why the content files as they stand are not in use."""


class Editorial:
    """``problem`` tells what is wrong with the content files as they stand, if anything."""

    def __init__(self, answers: Answers, helped: Counts, unanswered: Counts, problem: Callable[[], str | None]) -> None:
        self._answers = answers
        self._helped = helped
        self._unanswered = unanswered
        self._problem = problem

    def overview(self) -> Overview:
        """Answers that need somebody first; then those that helped least."""
        month = self._helped.month()
        helped, unsure = self._helped.of(month), self._unanswered.of(month)
        rows = [
            Row(
                standing,
                helped.get(f"{standing.answer.id} yes", 0),
                helped.get(f"{standing.answer.id} no", 0),
                unsure.get(standing.answer.id, 0),
            )
            for standing in standings(self._answers.library, self._answers.today())
        ]
        rows.sort(key=lambda row: (row.standing.state == "published", -row.no, -row.asked_for))
        return Overview(month, rows, self._problem())
