"""The ordinary conversation: open questions, reserved words, the dialogue engine, and the menu in its place."""

from dataclasses import replace

from bot.core.choices import (
    MOST_CHOICES,
    Reserved,
    choice,
    helped,
    ordinal,
    plain_answer,
    reserved,
    wants_more,
    yes_no_later,
)
from bot.core.language import ANSWERED, Language, named_language
from bot.core.message import Kind
from bot.core.policy import CALM_LEVEL, DISTRESS_ASK, PERSON_WANTED_LEVEL
from bot.dialogue.client import FALLBACK, FORM, Engine, EngineAway, Understanding
from bot.dialogue.keywords import KeywordMenu
from bot.log import logger
from bot.service.answers import Answers
from bot.service.turn import HUMAN, Call, Said, Turn
from bot.store.counts import Counts
from bot.store.people import People
from bot.store.referrals import Referrals
from bot.store.sessions import Session

WHICH, MORE, OFFER, CHECK, CHECK_AGAIN, SAFE = "which", "more", "offer", "check", "check_again", "safe"
"""Open questions: which of these, more of the text, shall we go on with this, are you safe (and once more), can you
type safely."""
BEST = 3
HELPED = "helped/"
"""What the last answer offers beside others: to say whether it helped, as ``helped/yes/<answer id>``."""
NOT_OFFERED = frozenset({"talk/out_of_scope", "talk/goodbye", "talk/thanks", "talk/greet"})
KIND_PHRASES = {Kind.VOICE: "voice", Kind.PICTURE: "picture", Kind.LOCATION: "location", Kind.OTHER: "other_kind"}
SYSTEM_PHRASES = {"system/form_left": "form_left", "system/form_unclear": "form_unclear", "system/stopped": "stopped"}


class Talk:
    """Answers everything that is neither a cry for help nor in a counsellor's hands."""

    def __init__(
        self,
        answers: Answers,
        engine: Engine,
        keywords: KeywordMenu,
        people: People,
        referrals: Referrals,
        unanswered: Counts,
        helped: Counts,
    ) -> None:
        self._answers = answers
        self._engine = engine
        self._keywords = keywords
        self._people = people
        self._referrals = referrals
        self._unanswered = unanswered
        self._helped = helped

    def turn(self, turn: Turn) -> Said:
        """The answer to one message."""
        if turn.inbound.kind is not Kind.TEXT:
            return self._other_kind(turn)
        if not turn.inbound.text.strip():
            return self._phrase(turn, "empty")
        answered = self._open_question(turn)
        if answered:
            return answered
        if turn.session.asked == CHECK:
            # She wrote of something else: that is answered, and the question asked once more.
            turn = replace(turn, verdict=replace(turn.verdict, check=True))
        return self._reserved(turn) or self._understood(turn)

    # What is not text

    def _other_kind(self, turn: Turn) -> Said:
        kind = turn.inbound.kind
        if kind is Kind.SUBSCRIBE:
            return self._say(turn, [self._answers.phrase("welcome", turn.language)], "system/welcome")
        if kind is Kind.MENU_CLICK:
            return self._named(turn, turn.inbound.text)
        if kind is Kind.UNSUBSCRIBE:
            return Said((), turn.session)
        return self._phrase(turn, KIND_PHRASES[kind])

    # Answers to what we asked

    def _open_question(self, turn: Turn) -> Said | None:
        asked, text = turn.session.asked, turn.inbound.text
        if asked == SAFE:
            return self._safe_to_write(turn, plain_answer(text))
        if asked in (CHECK, CHECK_AGAIN):
            return self._checked(turn, 2 if reserved(text) is Reserved.STOP else yes_no_later(text))
        if wants_more(text) and turn.session.rest:
            return self._more(turn)
        if turn.session.form_open:
            return None  # a number answers the form's question
        number = choice(text)
        return self._answer_in_words(turn) if number is None else self._answer_by_number(turn, number)

    def _answer_by_number(self, turn: Turn, number: int) -> Said | None:
        asked = turn.session.asked
        earlier = ordinal(turn.inbound.text)
        if earlier and earlier <= len(turn.session.options):
            return self._named(turn, turn.session.options[earlier - 1])
        if asked == MORE and number == 1:
            return self._more(turn)
        if asked == OFFER and 1 <= number <= len(turn.session.offers):
            return self._taken(turn, turn.session.offers[number - 1])
        if asked == WHICH and 1 <= number <= len(turn.session.options):
            return self._named(turn, turn.session.options[number - 1])
        if asked == WHICH and number == 0 and turn.session.unsure:
            self._unanswered.add(turn.session.options[0])
        return self._menu(turn, "menu") if asked in (WHICH, OFFER) or not asked else None

    def _answer_in_words(self, turn: Turn) -> Said | None:
        """A choice by name, or a yes to the one thing offered."""
        asked, text, session = turn.session.asked, turn.inbound.text, turn.session
        if asked == WHICH:
            named = self._answers.named(text, session.options)
            return self._named(turn, named) if named else None
        if asked == OFFER:
            return self._offer_in_words(turn)
        return None

    def _offer_in_words(self, turn: Turn) -> Said | None:
        """One of the cases offered, by name; a yes or no to the one thing offered, or to whether it helped."""
        text, offers = turn.inbound.text, turn.session.offers
        judged = [offer for offer in offers if offer.startswith(HELPED)]
        others = tuple(offer for offer in offers if not offer.startswith((HELPED, FORM)))
        named = self._answers.named(text, others)
        if named:
            return self._named(turn, named)
        said = helped(text) if judged else None
        if said is not None:
            return self._taken(turn, judged[said - 1])
        answer = plain_answer(text)
        if answer == 2 and (len(offers) > len(judged) or not judged):
            return self._phrase(turn, "offer_declined")
        asked = [offer for offer in offers if offer not in judged and not self._answers.is_case(offer)]
        if len(asked) > 1 or answer not in (1, 2):
            return None
        return self._taken(turn, (asked or judged)[0 if asked else answer - 1])

    def _taken(self, turn: Turn, offer: str) -> Said:
        """What was offered and accepted: a form, another answer; or what she says of the last one."""
        if offer.startswith(HELPED):
            said, _, answer_id = offer.removeprefix(HELPED).partition("/")
            self._helped.add(f"{answer_id} {said}")
            return self._phrase(turn, f"helped_{said}")
        if not offer.startswith(FORM):
            return self._named(turn, offer)
        try:
            understanding = self._engine.begin(turn.person, offer.removeprefix(FORM))
        except EngineAway as error:
            return self._engine_away(turn, error)
        taken = replace(turn, session=turn.session.but(offers=()))  # whatever it says now is said, not offered anew
        return self._decided(taken, understanding, asks=False)

    def _safe_to_write(self, turn: Turn, answer: int | None) -> Said | None:
        phrase = {1: "safe_yes", 2: "safe_no", 3: "safe_later"}.get(answer or 0)
        if phrase is None:
            return None
        turn = replace(turn, session=turn.session.but(may_write=answer == 1))
        left = turn.session.rest if answer == 1 else ()  # what did not fit beside the question
        return self._say(turn, [*left[:1], self._answers.phrase(phrase, turn.language)], f"system/{phrase}")

    def _checked(self, turn: Turn, answer: int | None) -> Said | None:
        """The answer to the gentle question. Anything but a plain yes calls a human."""
        if answer == 1:
            turn = replace(turn, session=turn.session.but(before=()))  # what led to the question is settled
            safe = self._answers.phrase("check_safe", turn.language)
            if turn.session.rest:
                return self._say(turn, [safe, turn.session.rest[0]], "system/check_safe", rest=turn.session.rest[1:])
            return self._say(turn, [safe], "system/check_safe")
        if answer in (2, 3):
            said = "not safe" if answer == 2 else "not sure"
            reason = f"asked whether she is safe, the person answered: {said}"
            call = Call(CALM_LEVEL, turn.verdict.kinds, (reason, *turn.verdict.reasons), "safety/asked")
            return Said((), turn.session, call=call)
        return None

    def _more(self, turn: Turn) -> Said:
        rest = turn.session.rest
        if not rest:
            return self._phrase(turn, "more_done")
        return self._say(turn, [rest[0]], "system/more", rest=rest[1:], offered=turn.session.offers)

    # Reserved words

    def _reserved(self, turn: Turn) -> Said | None:
        word = reserved(turn.inbound.text)
        if word is None or (word is Reserved.MENU and turn.verdict.check):  # "help" may be a cry
            return None
        if word is Reserved.HUMAN:
            return self._named(turn, HUMAN)
        if word is Reserved.MENU:
            return self._menu(turn, "menu")
        if word is Reserved.STOP:
            if turn.session.form_open:
                return None  # leaves the form, which the engine does
            return self._phrase(turn, "stopped")
        if word is Reserved.DELETE:
            return self._delete(turn)
        return self._speak(turn, "zh" if word is Reserved.CHINESE else "en")

    def _speak(self, turn: Turn, language: Language, understanding: Understanding | None = None) -> Said:
        """From now on in this language; one that has no answers yet is kept, and English said to be its stand-in."""
        phrase = "language_is" if language in ANSWERED else "language_understood"
        session = turn.session.but(language=language, asked=None)
        return Said((self._answers.phrase(phrase, language),), session, f"system/{phrase}", understanding)

    def _delete(self, turn: Turn) -> Said:
        if self._referrals.open_of(turn.person):
            self._people.forget_talk(turn.person)
            return self._phrase(turn, "deleted_but_referral")
        self._people.erase(turn.person)
        return Said((self._answers.phrase("deleted", turn.language),), Session(), "system/deleted", erased=True)

    # The engine

    def _understood(self, turn: Turn) -> Said:
        try:
            understanding = self._engine.understand(turn.person, turn.inbound.text, turn.session.form_to_leave)
        except EngineAway as error:
            return self._engine_away(turn, error)
        asks = turn.verdict.check or understanding.hearing.share >= DISTRESS_ASK
        if HUMAN in understanding.answers:
            return Said((), turn.session.without_form(), HUMAN, understanding, call=_person_wanted())
        wanted = named_language(turn.inbound.text) if understanding.answers == ("talk/language",) else None
        if wanted and not asks:
            return self._speak(turn, wanted, understanding)
        if understanding.unsure or not understanding.answers:
            return self._unsure(replace(turn, session=turn.session.but(form=None)), understanding, asks)
        return self._decided(turn, understanding, asks)

    def _engine_away(self, turn: Turn, error: EngineAway) -> Said:
        logger().error("engine_was_away", channel=turn.inbound.channel, error=str(error))
        return self._without_engine(turn)

    def _decided(self, turn: Turn, understanding: Understanding, asks: bool) -> Said:
        """Everything that the engine decided to say: answers, and the question or the result of a form."""
        begins = understanding.asking is not None and not turn.session.form_open
        turn = replace(turn, session=turn.session.but(form=understanding.asking))
        texts, last = [], None
        for answer_id in understanding.answers:
            if answer_id == f"{FORM}{understanding.asking}":
                break
            last, text = self._text_of(turn, answer_id, understanding)
            texts.append(text)
        answered = last if len(understanding.answers) == 1 else understanding.answers[0]
        if understanding.asking:
            texts += self._form_opening(turn, understanding.asking) if begins else []
            if last and not begins and not asks:
                texts.append(self._answers.phrase("form_goes_on", turn.language))
            return self._say(turn, texts, answered or f"{FORM}{understanding.asking}", understanding, asks)
        offers = (*self._after(answered or "", turn), *self._abroad(answered or "", turn), *self._also(understanding))
        if offers and offers == turn.session.offers[: len(offers)] and not asks:
            return self._taken(turn, offers[0])  # the same answer again would not help: on to the form
        return self._say(turn, texts, answered, understanding, asks, offers=offers)

    def _after(self, answer_id: str, turn: Turn) -> tuple[str, ...]:
        """What an answer offers to go on with: its forms, and where there is room for a list the cases of its topic."""
        if answer_id not in self._answers.library.answers:
            return ()
        forms = tuple(FORM + form for form in self._answers.offers_after(answer_id))
        return (*forms, *(self._answers.cases_of(answer_id) if turn.form.roomy else ()))

    def _abroad(self, answer_id: str, turn: Turn) -> tuple[str, ...]:
        """The numbers of another country that the message names, below an answer about China's law."""
        there = self._answers.numbers_abroad(turn.inbound.text)
        return (there,) if there and self._answers.is_law_of_china(answer_id) else ()

    def _also(self, understanding: Understanding) -> tuple[str, ...]:
        """The second question of a message that asks two things."""
        return (understanding.also,) if understanding.also and self._offered(understanding.also) else ()

    def _form_opening(self, turn: Turn, asking: str) -> list[str]:
        form = self._answers.library.forms[asking.partition("/")[0]]
        if len(form.fields) == 1:
            return []
        title = form.title.in_(turn.language)
        return [self._answers.phrase("form_begins", turn.language, title=title, count=len(form.fields))]

    def _text_of(self, turn: Turn, answer_id: str, understanding: Understanding) -> tuple[str, str]:
        """The id and the text of one answer that the engine chose."""
        if answer_id in SYSTEM_PHRASES:
            return answer_id, self._answers.phrase(SYSTEM_PHRASES[answer_id], turn.language)
        if answer_id.startswith(FORM):
            form = answer_id.removeprefix(FORM)
            return answer_id, self._answers.form_result(form, understanding.slots, turn.language)
        if answer_id.startswith("safety/") and understanding.topic:
            answer_id = understanding.topic  # heard, but not surely: the question is asked, the topic answered
        answer_id = self._answers.fitting(answer_id, turn.inbound.text)
        found, text = self._answers.answer(answer_id, turn.language, turn.form)
        if self._answers.is_law_of_china(found) and self._answers.numbers_abroad(turn.inbound.text):
            text = f"{self._answers.phrase('law_of_china', turn.language)}\n{text}"
        return found, text

    def _unsure(self, turn: Turn, understanding: Understanding, asks: bool) -> Said:
        """First "did you mean" with the best three; when that fails too, the menu and a person."""
        if asks:
            return self._say(turn, [], "system/check", understanding, check=True)
        if turn.session.unsure:
            return self._menu(turn, "unsure_again", understanding)
        if understanding.topic:
            self._unanswered.add(understanding.topic)
        best = [topic for topic, _ in understanding.ranking if self._offered(topic)][:BEST]
        if not best:
            return self._menu(turn, "unsure_again", understanding)
        head = self._answers.phrase("did_you_mean", turn.language)
        tail = self._answers.phrase("did_you_mean_none", turn.language)
        text = self._answers.numbered(head, tuple(best), turn.language, tail)
        session = turn.session.but(unsure=turn.session.unsure + 1)
        return self._ask(turn, session, text, WHICH, tuple(best), FALLBACK, understanding)

    def _offered(self, topic: str) -> bool:
        return topic not in NOT_OFFERED and topic in self._answers.library.answers

    def _without_engine(self, turn: Turn) -> Said:
        if turn.verdict.check:
            return self._say(turn, [], "system/check", check=True)
        options = tuple(self._keywords.topics(turn.inbound.text)) or self._answers.library.menu
        head = self._answers.phrase("engine_away", turn.language)
        tail = self._answers.phrase("engine_away_numbers", turn.language)
        text = self._answers.numbered(head, options, turn.language, tail)
        return self._ask(turn, turn.session, text, WHICH, options, "system/engine_away")

    # Saying it

    def _named(self, turn: Turn, answer_id: str) -> Said:
        """An answer chosen by its id: from a menu, an offer, or a click."""
        if answer_id == HUMAN:
            return Said((), turn.session, answer_id, call=_person_wanted())
        if answer_id == "talk/menu":
            return self._menu(turn, "menu")
        try:
            found, text = self._answers.answer(answer_id, turn.language, turn.form)
        except KeyError:  # a menu button of an earlier version
            return self._menu(turn, "menu")
        return self._say(turn, [text], found, check=turn.verdict.check, offers=self._after(found, turn))

    def _menu(self, turn: Turn, phrase: str, understanding: Understanding | None = None) -> Said:
        menu = self._answers.library.menu
        text = self._answers.numbered(self._answers.phrase(phrase, turn.language), menu, turn.language)
        return self._ask(turn, turn.session.but(unsure=0), text, WHICH, menu, "system/menu", understanding)

    def _phrase(self, turn: Turn, key: str) -> Said:
        """A phrase of the system; with a screen that says check, the gentle question comes with it."""
        return self._say(turn, [self._answers.phrase(key, turn.language)], f"system/{key}", check=turn.verdict.check)

    def _ask(
        self,
        turn: Turn,
        session: Session,
        text: str,
        question: str,
        options: tuple[str, ...],
        answer: str,
        understanding: Understanding | None = None,
    ) -> Said:
        if turn.verdict.check:
            return self._say(turn, [], "system/check", understanding, check=True)
        text = self._answers.labelled(text, turn.language, turn.session.greeted)
        session = session.but(asked=question, options=options, rest=(), greeted=True)
        return Said((text,), session, answer, understanding)

    def _say(
        self,
        turn: Turn,
        texts: list[str],
        answer: str | None,
        understanding: Understanding | None = None,
        check: bool = False,
        rest: tuple[str, ...] = (),
        offers: tuple[str, ...] = (),
        offered: tuple[str, ...] = (),
    ) -> Said:
        """Puts texts together, labels the first reply, cuts it to the channel, and adds the question that is open.

        Only one question stands at the end of a message: the gentle one before a form's, a form's before an offer.
        ``offers`` are said below the texts, ``offered`` stand in the pieces that waited already.
        """
        body = self._answers.labelled("\n\n".join(texts), turn.language, turn.session.greeted)
        session = turn.session.but(options=self._options_kept(turn), offers=(), greeted=True, unsure=0)
        if check:
            question = self._answers.phrase("check_question", turn.language)
            first, left = self._answers.cut_above(body, question, turn.form)
            asked = CHECK_AGAIN if turn.session.asked == CHECK else CHECK
            return Said((first,), session.but(asked=asked, rest=left), answer, understanding)
        if session.form_open:
            question = self._answers.form_question(session.form or "", turn.language)
            first, left = self._answers.cut_above(body, question, turn.form)
            return Said((first,), session.but(asked=None, rest=left), answer, understanding)
        tail, offers = self._tail(turn, body, answer if texts else None, offers)
        first, left = self._answers.cut(body, turn.form, turn.language, tail)
        left = (*left, *rest)
        if rest and not first.endswith(self._answers.phrase("more", turn.language)):
            first = f"{first}\n{self._answers.phrase('more', turn.language)}"
        offers = offers or offered
        open_now = MORE if left else OFFER if offers else None
        return Said((first,), session.but(asked=open_now, rest=left, offers=offers), answer, understanding)

    def _tail(self, turn: Turn, body: str, answer: str | None, offers: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
        """What stands below a text and is answered by number: what it offers, and whether it helped.

        The latter is left out where it alone would make one message into two, or where the digits run out.
        """
        offers = offers[:MOST_CHOICES]
        lines = [self._offer_line(turn, offer, n) for n, offer in enumerate(offers, 1)]
        if answer is None or not self._answers.may_be_judged(answer) or len(offers) + 2 > MOST_CHOICES:
            return "\n".join(lines), offers
        numbers = {"yes": len(offers) + 1, "no": len(offers) + 2}
        asking = [*lines, self._answers.phrase("helped_question", turn.language, **numbers)]
        fits = turn.form.fits
        if fits("\n".join([body, *lines])) and not fits("\n".join([body, *asking])):
            return "\n".join(lines), offers
        return "\n".join(asking), (*offers, f"{HELPED}yes/{answer}", f"{HELPED}no/{answer}")

    def _options_kept(self, turn: Turn) -> tuple[str, ...]:
        """A list that was offered can still be named ("the second one") after one of it was read."""
        return turn.session.options if turn.session.asked == WHICH else ()

    def _offer_line(self, turn: Turn, offer: str, number: int) -> str:
        if offer.startswith(FORM):
            title = self._answers.library.forms[offer.removeprefix(FORM)].title.in_(turn.language)
            return self._answers.phrase("offer_form", turn.language, title=title, number=number)
        title = self._answers.library.answer(offer).title.in_(turn.language)
        phrase = "offer_case" if self._answers.is_case(offer) else "offer_answer"
        return self._answers.phrase(phrase, turn.language, title=title, number=number)


def _person_wanted() -> Call:
    return Call(PERSON_WANTED_LEVEL, (), ("the person asked for a human",), HUMAN)
