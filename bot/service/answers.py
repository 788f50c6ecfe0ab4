"""Puts words together for a channel: which answer, in which form, cut to what the channel carries."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date

from bot.core.clock import Clock
from bot.core.content import Answer, Library
from bot.core.content.render import Renderer
from bot.core.content.results import Results
from bot.core.form_answers import stands
from bot.core.language import Language
from bot.core.normalise import normalise
from bot.core.shelter import CHINA
from bot.core.sms import fits_sms, fits_urgent_sms, split

WECHAT_BYTES = 2_000
"""Bytes of one WeChat text (the platform cuts at about 2,048)."""

HOTLINES = "help/hotlines"
LONGEST_NAME, SPARE = 24, 3
"""Characters of a reply that names one of the things offered, and what may stand beside the name; a longer one is a
message of its own."""


@dataclass(frozen=True, slots=True)
class Form:
    """How a channel wants its texts: ``style`` names the form of the answer files, ``fits`` the channel's limit."""

    style: str
    fits: Callable[[str], bool]
    roomy: bool
    """Whether a list of what else there is may follow a whole answer."""
    urgent: Callable[[str], bool]
    """What first words to somebody in danger may take, whatever they cost: they come in one piece."""

    def in_danger(self) -> "Form":
        """The same form for words to somebody in danger."""
        return replace(self, fits=self.urgent)


def fits_wechat(text: str) -> bool:
    return len(text.encode("utf-8", "surrogatepass")) <= WECHAT_BYTES


FORMS = {
    "text": Form("text", fits_wechat, roomy=True, urgent=fits_wechat),
    "sms": Form("sms", fits_sms, roomy=False, urgent=fits_urgent_sms),
}


class Answers:
    """Renders answers, safety answers, menus and computed texts in one language and form."""

    def __init__(self, library: Library, clock: Clock) -> None:
        self._clock = clock
        self.renew(library)

    def renew(self, library: Library) -> None:
        """Takes up other content; what is being said at this moment may still be put together from the old."""
        renderer, results, cases = Renderer(library), Results(library), _cases(library)
        self.library, self._renderer, self._results, self._cases = library, renderer, results, cases

    def today(self) -> date:
        return self._clock.now().date()

    def phrase(self, key: str, language: str, **values: object) -> str:
        return self._renderer.phrase(key, language, **values)

    def brief(self, key: str, language: str, form: Form) -> str:
        """A phrase in the form that fits the channel: its short twin where there is one."""
        short = f"{key}_{form.style}"
        return self.phrase(short if short in self.library.phrases else key, language)

    def answer(self, answer_id: str, language: str, form: Form) -> tuple[str, str]:
        """The id of the answer that was found for this id, and its text. Raises KeyError when there is none."""
        return self.written(self.library.answer(answer_id), language, form)

    def written(self, answer: Answer, language: str, form: Form) -> tuple[str, str]:
        """The id and the text of an answer."""
        return answer.id, self._renderer.answer(answer, language, form.style, self.today())

    def with_police_sms(self, text: str, words: str, language: str, form: Form) -> str:
        """First words to somebody in danger, with the whole police number for text messages of the place she names."""
        place = self.library.places.police_by_sms(normalise(words).text)
        if place is None:
            return text
        said = self.phrase("police_sms_here", language, place=place.name.in_(language), number=place.police_sms)
        longer = f"{text}\n{said}"
        return longer if form.fits(longer) else text

    def opens_again(self, language: Language) -> str:
        """When colleagues are on duty again, in the time of China; "" in their hours, and when nobody knows."""
        now, hours = self._clock.now(), self.library.hours
        opens = None if hours.open_at(now, language) else hours.next_opening(now, language)
        when = opens and opens.astimezone(CHINA).strftime("%Y-%m-%d %H:%M")
        return self.phrase("opens_again", language, when=when) if when else ""

    def province(self, words: str) -> str:
        """The code of the one province that somebody's words name, or a place in it; "" for none or several."""
        return self.library.places.province_in(normalise(words).text)

    def form_question(self, asking: str, language: str) -> str:
        """The question ``<form>/<field>`` with its numbered choices. KeyError when there is none."""
        form_id, _, field_id = asking.partition("/")
        asked = self.library.forms[form_id].field(field_id)
        lines = [asked.ask.in_(language).strip()]
        if asked.type in ("yes_no", "no_yes"):
            lines.append(self.phrase("yes_no_unknown", language))
        lines += [f"{number} {option.in_(language)}" for number, option in enumerate(asked.options, 1)]
        return "\n".join(lines)

    def form_result(self, form_id: str, slots: Mapping[str, str | float], language: str) -> str:
        """What a finished form says; a slot that is missing counts as not known. KeyError: no such form."""
        form = self.library.forms[form_id]
        values = {f.id: slots[form.slot(f)] for f in form.fields if form.slot(f) in slots}
        return self._results.text(form_id, values, language, self.today())

    def offers_after(self, answer_id: str) -> tuple[str, ...]:
        """Ids of the forms that this answer offers; one case of a topic offers those of the topic."""
        answer = self.library.answer(answer_id)
        about = {answer_id, answer_id.rpartition("/")[0]} if answer.case else {answer_id}
        return tuple(form.id for form in self.library.forms.values() if about & set(form.after))

    def cases_of(self, answer_id: str) -> tuple[str, ...]:
        """Ids of the finer answers below this one, each for one case."""
        return tuple(self._cases.get(answer_id, ()))

    def is_case(self, answer_id: str) -> bool:
        """Whether this is the answer for one case of a topic."""
        answer = self.library.answers.get(answer_id)
        return answer is not None and answer.case is not None

    def fitting(self, answer_id: str, words: str) -> str:
        """The one case of a topic that the words of a message tell of; the topic itself when none or several do."""
        cases = self._cases.get(answer_id)
        if not cases:
            return answer_id
        said = normalise(words).text
        told: dict[str, int] = {}
        for case, names in cases.items():
            found = [length for folded, length in names if stands(folded, said)]
            if found:
                told[case] = max(found)
        best = max(told.values(), default=0)
        longest = [case for case, length in told.items() if length == best]
        return longest[0] if len(longest) == 1 else answer_id

    def named(self, words: str, options: tuple[str, ...]) -> str | None:
        """The one option that a short reply names by its title or a keyword; None when none or several fit."""
        said = normalise(words).text
        if not 2 <= len(said) <= LONGEST_NAME:
            return None
        fitting = [option for option in options if self._is_called(option, said)]
        return fitting[0] if len(fitting) == 1 else None

    def _is_called(self, answer_id: str, said: str) -> bool:
        answer = self.library.answer(answer_id)
        names = (answer.title.zh, answer.title.en, *answer.keywords.zh, *answer.keywords.en)
        folded = [normalise(name).text for name in names]
        return any(
            said in name or (name in said and len(said) - len(name) <= SPARE) for name in folded if len(name) > 1
        )

    def numbers_abroad(self, words: str) -> str | None:
        """The answer with the numbers of the other country that a message names; None when it names none."""
        found = self.fitting(HOTLINES, words)
        return None if found == HOTLINES else found

    def is_law_of_china(self, answer_id: str) -> bool:
        """Whether an answer says what China's labour law gives, which helps nobody elsewhere."""
        answer = self.library.answers.get(answer_id)
        return answer is not None and answer.jurisdiction == "CN" and answer_id.startswith(("rights/", "wages/"))

    def may_be_judged(self, answer_id: str | None) -> bool:
        """Whether it makes sense to ask if an answer helped: not after a greeting, nor in danger."""
        return bool(answer_id) and answer_id in self.library.answers and not str(answer_id).startswith("talk/")

    def numbered(self, head: str, ids: tuple[str, ...], language: str, tail: str = "") -> str:
        """A question with numbered titles below it."""
        titles = [f"{n} {self._renderer.title(self.library.answer(i), language)}" for n, i in enumerate(ids, 1)]
        return "\n".join([head, *titles, *([tail] if tail else [])])

    def labelled(self, text: str, language: str, greeted: bool) -> str:
        """The first reply says that a machine answers (labelling measures for AI text, 2025)."""
        return text if greeted else f"{self.phrase('ai_label', language)}\n{text}".strip()

    def cut(self, text: str, form: Form, language: str, tail: str = "") -> tuple[str, tuple[str, ...]]:
        """The first piece that fits, with "reply 1 for more" under it, and the pieces that wait.

        ``tail``: numbers to choose from, which mean something below the last piece only.
        """
        whole = f"{text}\n{tail}" if tail else text
        if form.fits(whole):
            return whole, ()
        more = "\n" + self.phrase("more", language)
        pieces = split(text, lambda piece: form.fits(piece + more))
        if tail:
            last = f"{pieces[-1]}\n{tail}"
            pieces = [*pieces[:-1], last] if form.fits(last) else [*pieces, tail]
        if len(pieces) == 1:
            return pieces[0], ()
        return pieces[0] + more, tuple(pieces[1:])

    def cut_above(self, text: str, question: str, form: Form) -> tuple[str, tuple[str, ...]]:
        """The first piece that fits above a question that must not be cut off, and the pieces that wait."""
        if not text:
            return question, ()
        pieces = split(text, lambda piece: form.fits(f"{piece}\n{question}"))
        return f"{pieces[0]}\n{question}", tuple(pieces[1:])


def _cases(library: Library) -> dict[str, dict[str, list[tuple[str, int]]]]:
    """By topic, the answers for its cases and the words that tell of each: folded, with their length as written."""
    found: dict[str, dict[str, list[tuple[str, int]]]] = {}
    for answer in library.answers.values():
        if answer.case:
            words = (*answer.case.zh, *answer.case.en)
            names = [(normalise(word).text, len(word)) for word in words]
            found.setdefault(answer.id.rpartition("/")[0], {})[answer.id] = names
    return found
