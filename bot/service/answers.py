"""Puts words together for a channel: which answer, in which form, cut to what the channel carries."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from bot.core.clock import Clock
from bot.core.content import Answer, Library
from bot.core.content.render import Renderer
from bot.core.content.results import Results
from bot.core.normalise import normalise
from bot.core.sms import fits_sms, split

WECHAT_BYTES = 2_000
"""Bytes of one WeChat text (the platform cuts at about 2,048)."""

LONGEST_NAME, SPARE = 24, 3
"""Characters of a reply that names one of the things offered, and what may stand beside the name; a longer one is a
message of its own."""


@dataclass(frozen=True, slots=True)
class Form:
    """How a channel wants its texts: ``style`` names the form of the answer files, ``fits`` the channel's limit."""

    style: str
    fits: Callable[[str], bool]


def fits_wechat(text: str) -> bool:
    return len(text.encode("utf-8", "surrogatepass")) <= WECHAT_BYTES


FORMS = {"text": Form("text", fits_wechat), "sms": Form("sms", fits_sms)}


class Answers:
    """Renders answers, safety answers, menus and computed texts in one language and form."""

    def __init__(self, library: Library, clock: Clock) -> None:
        self.library = library
        self._renderer = Renderer(library)
        self._results = Results(library)
        self._clock = clock

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
        """Ids of the forms that this answer offers."""
        return tuple(form.id for form in self.library.forms.values() if answer_id in form.after)

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

    def numbered(self, head: str, ids: tuple[str, ...], language: str, tail: str = "") -> str:
        """A question with numbered titles below it."""
        titles = [f"{n} {self._renderer.title(self.library.answer(i), language)}" for n, i in enumerate(ids, 1)]
        return "\n".join([head, *titles, *([tail] if tail else [])])

    def labelled(self, text: str, language: str, greeted: bool) -> str:
        """The first reply says that a machine answers (labelling measures for AI text, 2025)."""
        return text if greeted else f"{self.phrase('ai_label', language)}\n{text}".strip()

    def cut(self, text: str, form: Form, language: str) -> tuple[str, tuple[str, ...]]:
        """The first piece that fits, with "reply 1 for more" under it, and the pieces that wait."""
        if form.fits(text):
            return text, ()
        more = "\n" + self.phrase("more", language)
        pieces = split(text, lambda piece: form.fits(piece + more))
        return pieces[0] + more, tuple(pieces[1:])

    def cut_above(self, text: str, question: str, form: Form) -> tuple[str, tuple[str, ...]]:
        """The first piece that fits above a question that must not be cut off, and the pieces that wait."""
        if not text:
            return question, ()
        pieces = split(text, lambda piece: form.fits(f"{piece}\n{question}"))
        return f"{pieces[0]}\n{question}", tuple(pieces[1:])
