"""The watched phone: a safe word, replies as of a stranger until it comes, and hours in which messages may be sent."""

from dataclasses import replace

from bot.core import shelter
from bot.core.message import Kind
from bot.core.shelter import Wish
from bot.log import logger
from bot.service.answers import Answers
from bot.service.escalation import Escalation
from bot.service.talk import SAFE
from bot.service.turn import Call, CallNotKept, Said, Turn, call_for

DANGER_LATELY_S = 7 * 24 * 3600
"""After words of danger "wrong number" is taken as a signal for so long; from anybody else it is what it says."""
STRANGER = ("wrong_number_1", "wrong_number_2", "wrong_number_3")
"""What a stranger would answer, in turn, so that the same words do not come twice in a row."""
HIDES = "She wrote “wrong number”: others may see the phone. Replies are a stranger's; yours wait until her safe word."
BACK = "Her safe word came: she is at the phone again. Ask a plain question first."


class Shelter:
    """Takes the messages that belong to this mode before anything else answers them."""

    def __init__(self, answers: Answers, escalation: Escalation) -> None:
        self._answers = answers
        self._escalation = escalation

    def take(self, turn: Turn, now: float) -> Said | None:
        """What is said to a message that belongs here; None for every other. Raises CallNotKept."""
        if turn.session.hidden:
            return self._back(turn) if self._is_word(turn) else self._stranger(turn)
        if turn.inbound.kind is not Kind.TEXT:
            return None
        wish = shelter.wish(turn.inbound.text)
        if wish is not None:
            return self._granted(turn, wish, now)
        return self._back(turn) if turn.session.safe_word and self._is_word(turn) else None

    def _is_word(self, turn: Turn) -> bool:
        return turn.inbound.kind is Kind.TEXT and shelter.is_the_word(turn.inbound.text, turn.session.safe_word)

    def _granted(self, turn: Turn, wish: Wish, now: float) -> Said | None:
        session = turn.session
        if wish.what == "wrong_number":
            return self._hide(turn) if self._needs_hiding(turn, now) else None
        if wish.what == "word":
            return self._say(replace(turn, session=session.but(safe_word=wish.word)), "safe_word_set")
        if wish.what in ("hours", "no_hours"):
            told = replace(turn, session=session.but(safe_hours=wish.hours))
            start, end = wish.hours or (0, 0)
            return self._say(told, "safe_hours_set" if wish.hours else "safe_hours_off", start=start, end=end)
        return self._say(turn, "safe_word_bad")

    def _needs_hiding(self, turn: Turn, now: float) -> bool:
        lately = turn.session.danger_at is not None and now - turn.session.danger_at < DANGER_LATELY_S
        return lately or turn.session.safe_word is not None or self._escalation.open(turn.person)

    def _hide(self, turn: Turn) -> Said:
        self._escalation.remark(turn, HIDES)
        logger().info("wrong_number_mode", channel=turn.inbound.channel)
        return self._as_stranger(replace(turn, session=turn.session.without_form().but(hidden=True, unsure=0)))

    def _back(self, turn: Turn) -> Said:
        self._escalation.remark(turn, BACK)
        said = self._say(replace(turn, session=turn.session.but(hidden=False)), "safe_word_back")
        return replace(said, session=said.session.but(asked=SAFE))

    def _stranger(self, turn: Turn) -> Said:
        """She, or somebody else, writes while others may be reading: humans are told, the phone shows nothing."""
        said = self._as_stranger(turn)
        if turn.verdict.escalates:
            self._call_quietly(turn, call_for(turn.verdict), said)
        else:
            self._escalation.note(turn, ())
        return said

    def _call_quietly(self, turn: Turn, call: Call, said: Said) -> None:
        try:
            self._escalation.call(turn, call)
        except CallNotKept as error:
            error.instead = said.texts
            raise

    def _as_stranger(self, turn: Turn) -> Said:
        key = STRANGER[turn.session.unsure % len(STRANGER)]
        session = turn.session.but(unsure=turn.session.unsure + 1, asked=None, options=(), offers=(), rest=())
        return Said((self._answers.phrase(key, turn.language),), session, f"system/{key}")

    def _say(self, turn: Turn, key: str, **values: object) -> Said:
        session = turn.session.but(asked=None, rest=(), unsure=0, greeted=True)
        return Said((self._answers.phrase(key, turn.language, **values),), session, f"system/{key}")
