"""The ordinary conversation: open questions, reserved words, the dialogue engine, and the menu in its place."""

from dataclasses import replace

from bot.core.choices import Reserved, choice, plain_answer, reserved, yes_no_later
from bot.core.language import Language
from bot.core.message import Kind
from bot.core.policy import CALM_LEVEL, DISTRESS_ASK, PERSON_WANTED_LEVEL
from bot.dialogue.client import FALLBACK, Engine, EngineAway, Understanding
from bot.dialogue.keywords import KeywordMenu
from bot.log import logger
from bot.service.answers import Answers
from bot.service.turn import HUMAN, Call, Said, Turn
from bot.store.people import People
from bot.store.referrals import Referrals
from bot.store.sessions import Session

WHICH, MORE, CHECK, CHECK_AGAIN, SAFE = "which", "more", "check", "check_again", "safe"
"""Open questions: which of these, more of the text, are you safe (and once more), can you type safely."""
BEST = 3
NOT_OFFERED = frozenset({"talk/out_of_scope", "talk/goodbye", "talk/thanks", "talk/greet"})
KIND_PHRASES = {Kind.VOICE: "voice", Kind.PICTURE: "picture", Kind.LOCATION: "location", Kind.OTHER: "other_kind"}
SYSTEM_PHRASES = {"system/ask_place": "ask_place", "system/place_unknown": "place_unknown"}


class Talk:
    """Answers everything that is neither a cry for help nor in a counsellor's hands."""

    def __init__(
        self, answers: Answers, engine: Engine, keywords: KeywordMenu, people: People, referrals: Referrals
    ) -> None:
        self._answers = answers
        self._engine = engine
        self._keywords = keywords
        self._people = people
        self._referrals = referrals

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
        number = choice(text)
        if number is None:
            return None
        if asked == MORE and number == 1:
            return self._more(turn)
        if asked == WHICH and 1 <= number <= len(turn.session.options):
            return self._named(turn, turn.session.options[number - 1])
        return self._menu(turn, "menu") if asked == WHICH or not asked else None

    def _safe_to_write(self, turn: Turn, answer: int | None) -> Said | None:
        phrase = {1: "safe_yes", 2: "safe_no", 3: "safe_later"}.get(answer or 0)
        if phrase is None:
            return None
        left = turn.session.rest if answer == 1 else ()  # what did not fit beside the question
        return self._say(turn, [*left[:1], self._answers.phrase(phrase, turn.language)], f"system/{phrase}")

    def _checked(self, turn: Turn, answer: int | None) -> Said | None:
        """The answer to the gentle question. Anything but a plain yes calls a human."""
        if answer == 1:
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
        return self._say(turn, [rest[0]], "system/more", rest=rest[1:])

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
            return self._phrase(turn, "stopped")
        if word is Reserved.DELETE:
            return self._delete(turn)
        language: Language = "zh" if word is Reserved.CHINESE else "en"
        text = self._answers.phrase("language_is", language)
        return Said((text,), turn.session.but(language=language, asked=None), "system/language_is")

    def _delete(self, turn: Turn) -> Said:
        if self._referrals.open_of(turn.person):
            self._people.forget_talk(turn.person)
            return self._phrase(turn, "deleted_but_referral")
        self._people.erase(turn.person)
        return Said((self._answers.phrase("deleted", turn.language),), Session(), "system/deleted", erased=True)

    # The engine

    def _understood(self, turn: Turn) -> Said:
        try:
            understanding = self._engine.understand(turn.person, turn.inbound.text)
        except EngineAway as error:
            logger().error("engine_was_away", channel=turn.inbound.channel, error=str(error))
            return self._without_engine(turn)
        asks = turn.verdict.check or understanding.hearing.share >= DISTRESS_ASK
        if HUMAN in understanding.answers:
            return Said((), turn.session, HUMAN, understanding, call=_person_wanted())
        if understanding.unsure or not understanding.answers:
            return self._unsure(turn, understanding, asks)
        texts, last = [], None
        for answer_id in understanding.answers:
            last, text = self._decided(turn, answer_id, understanding)
            texts.append(text)
        answered = last if len(understanding.answers) == 1 else understanding.answers[0]
        return self._say(turn, texts, answered, understanding, check=asks)

    def _decided(self, turn: Turn, answer_id: str, understanding: Understanding) -> tuple[str, str]:
        """The id and the text of one answer that the engine chose."""
        if answer_id in SYSTEM_PHRASES:
            return answer_id, self._answers.phrase(SYSTEM_PHRASES[answer_id], turn.language)
        if answer_id == "wages/minimum_wage" and understanding.place:
            return answer_id, self._answers.minimum_wage(understanding.place, turn.language)
        if answer_id.startswith("safety/") and understanding.topic:
            answer_id = understanding.topic  # heard, but not surely: the question is asked, the topic answered
        return self._answers.answer(answer_id, turn.language, turn.form)

    def _unsure(self, turn: Turn, understanding: Understanding, asks: bool) -> Said:
        """First "did you mean" with the best three; when that fails too, the menu and a person."""
        if asks:
            return self._say(turn, [], "system/check", understanding, check=True)
        if turn.session.unsure:
            return self._menu(turn, "unsure_again", understanding)
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
        return self._say(turn, [text], found, check=turn.verdict.check)

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
    ) -> Said:
        """Puts texts together, labels the first reply, cuts it to the channel, and asks the gentle question."""
        body = self._answers.labelled("\n\n".join(texts), turn.language, turn.session.greeted)
        if check:
            question = self._answers.phrase("check_question", turn.language)
            first, left = self._answers.cut_above(body, question, turn.form)
            asked = CHECK_AGAIN if turn.session.asked == CHECK else CHECK
            session = turn.session.but(asked=asked, options=(), rest=left, greeted=True, unsure=0)
            return Said((first,), session, answer, understanding)
        first, left = self._answers.cut(body, turn.form, turn.language)
        left = (*left, *rest)
        if rest and not first.endswith(self._answers.phrase("more", turn.language)):
            first = f"{first}\n{self._answers.phrase('more', turn.language)}"
        session = turn.session.but(asked=MORE if left else None, options=(), rest=left, greeted=True, unsure=0)
        return Said((first,), session, answer, understanding)


def _person_wanted() -> Call:
    return Call(PERSON_WANTED_LEVEL, (), ("the person asked for a human",), HUMAN)
