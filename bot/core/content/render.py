"""From an answer to the words that are sent: figures, numbers with their dates, the number to call last."""

import re
from datetime import date

from bot.core.content.library import Library
from bot.core.content.model import PHRASE_NUMBER, PLACEHOLDER, Answer
from bot.core.content.review import may_be_sent
from bot.core.content.translations import SOURCES

GLOSSES = 3
"""Words explained below one answer."""
_DATES_ONE_BY_ONE = 3
"""Up to so many different dates are given number by number; beyond, as a span."""


class Renderer:
    """Pure: the same library, answer, language and day give the same text."""

    def __init__(self, library: Library) -> None:
        self._library = library

    def answer(self, answer: Answer, language: str, form: str, today: date) -> str:
        """The whole text of an answer, in English where it is not written in this language yet.

        ``form`` is ``text`` or ``sms``. One that may not be sent any more, or not yet, is replaced by a sentence that
        says so and by its number to call.
        """
        if not may_be_sent(answer, today):
            return self.with_numbers(self.phrase("withheld", language), [], answer.call, language)
        written = getattr(answer, form)
        language = language if language in written.languages else "en"
        body, used = self.filled(written.in_(language).strip())
        if not answer.is_safety:
            if answer.expired(today):
                body = self.phrase("expired", language) + "\n" + body
            body = "\n".join([body, *self._glosses(body, language, form), *self._law_as_of(answer, language, form)])
        return self.with_numbers(body, used, answer.call, language, short=form == "sms" and answer.is_safety)

    def _glosses(self, body: str, language: str, form: str) -> list[str]:
        """Lines that explain the words of offices and of the law which the text uses without explaining them."""
        if form != "text" or language not in SOURCES:
            return []
        folded = body.lower()
        found = []
        for term in self._library.terms.values():
            word, told = term.word.in_(language), getattr(term.told, language)
            if word in folded and not any(each in folded for each in told):
                found.append(self.phrase("gloss", language, term=word, means=term.means.in_(language)))
        return found[:GLOSSES]

    def _law_as_of(self, answer: Answer, language: str, form: str) -> list[str]:
        """The day of which the law and the figures in the text are, where it gives any."""
        used = {key for table, key in PLACEHOLDER.findall(getattr(answer, form).in_(language)) if table == "fig"}
        if not any(self._library.figures[key].source.startswith("law.") for key in used):
            return []
        return [self.phrase("law_as_of", language, effective=answer.effective)]

    def filled(self, text: str) -> tuple[str, list[str]]:
        """A text with its figures and numbers in place, and the hotlines that it names."""
        used = [key for table, key in PLACEHOLDER.findall(text) if table == "tel"]
        return PLACEHOLDER.sub(self._value, text), used

    def with_numbers(self, body: str, used: list[str], call: str | None, language: str, short: bool = False) -> str:
        """A text with the dates of its numbers below it, and the number to call alone on the last line."""
        named = [*used, call] if call else used
        lines = [body]
        if named:
            lines.append(self._dates(named, language, short))
        if call:
            lines.append(self._library.hotlines[call].number)
        return "\n".join(lines)

    def phrase(self, key: str, language: str, **values: object) -> str:
        """A sentence of the system; numbers in it bring their dates along."""
        text = self._library.phrases[key].in_(language).strip()
        used = PHRASE_NUMBER.findall(text)
        text = PHRASE_NUMBER.sub(lambda m: self._library.hotlines[m.group(1)].number, text)
        text = text.format(**values) if values else text
        return f"{text}\n{self._dates(used, language)}" if used else text

    def title(self, answer: Answer, language: str) -> str:
        return answer.title.in_(language)

    def _value(self, match: re.Match[str]) -> str:
        value = self._library.value(*match.groups())
        if value is None:  # the library checks every placeholder when it loads
            raise KeyError(match.group())
        return value

    def _dates(self, used: list[str], language: str, short: bool = False) -> str:
        """When the numbers were last seen; ``short``: only the oldest and the newest day, where there is no room."""
        undated = self._library.phrases["undated"].in_(language)
        by_date: dict[str, list[str]] = {}
        for key in dict.fromkeys(used):
            line = self._library.hotlines[key]
            by_date.setdefault(line.as_of, []).append(line.number)
        known = sorted(as_of for as_of in by_date if as_of != "undated")
        if short and known:
            span = known[0] if known[0] == known[-1] else f"{known[0]}~{known[-1]}"
            return self._library.phrases["numbers_as_of_sms"].in_(language).strip().format(dates=span)
        if len(known) > _DATES_ONE_BY_ONE:
            said = [f"{known[0]}–{known[-1]}"] if language == "zh" else [f"{known[0]} to {known[-1]}"]
        elif len(by_date) == 1 and known:
            said = known
        else:
            said = [f"{' '.join(by_date[as_of])} {as_of}" for as_of in known]
        if "undated" in by_date:
            said.append(f"{' '.join(by_date['undated'])} {undated}")
        dates = ("；" if language == "zh" else "; ").join(said)
        return self._library.phrases["numbers_as_of"].in_(language).strip().format(dates=dates)
