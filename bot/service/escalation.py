"""From a cry for help to a place in the queue and the first safe words; and what goes to a counsellor's hands."""

import time

from bot.core.language import Language
from bot.core.message import Inbound, PersonId
from bot.core.policy import safety_answer
from bot.core.screen import Verdict
from bot.log import logger
from bot.service.answers import Answers, Form
from bot.service.talk import SAFE
from bot.service.turn import Call, Said, Turn
from bot.store.connection import StoreAway
from bot.store.referrals import Placed, Referrals
from bot.store.spool import SetAside, Spool

INSIST_S = 1.5
"""A store that restarts is back within this time; the person waits no longer before the spool takes over."""
PAUSE_S = 0.1


class Escalation:
    def __init__(self, answers: Answers, referrals: Referrals, spool: Spool) -> None:
        self._answers = answers
        self._referrals = referrals
        self._spool = spool

    def held(self, person: PersonId) -> bool:
        referral = self._referrals.open_of(person)
        return referral is not None and referral.state == "claimed"

    def cry(self, turn: Turn) -> Said:
        """Opens or raises the person's referral and gives the safety answer. Raises StoreAway when it cannot."""
        placed = self._enqueue(turn, turn.verdict.level, turn.verdict.kinds, turn.verdict.reasons)
        if turn.held:
            return Said((), turn.session)
        return self._answered(turn, safety_answer(turn.verdict.kinds), placed)

    def called(self, turn: Turn, call: Call) -> Said:
        """Opens a referral because the person asked for a human, or did not say that she is safe."""
        placed = self._enqueue(turn, call.level, turn.verdict.kinds, (call.reason, *turn.verdict.reasons))
        if call.answer != "talk/human":
            return self._answered(turn, call.answer, placed)
        when = self._answers.phrase("person_soon" if placed.present else "person_when_back", turn.language)
        text = self._labelled(turn, self._answers.phrase("person_called", turn.language, when=when))
        return Said((text,), turn.session.but(asked=None, greeted=True, unsure=0), "talk/human")

    def relay(self, turn: Turn) -> None:
        """A message for the counsellor who holds the conversation."""
        self._referrals.append(_op(turn.inbound), turn.person, "person", _text(turn.inbound))

    def note(self, turn: Turn, texts: tuple[str, ...]) -> None:
        """While the person waits for a human, the counsellor will want to read what the bot and she said."""
        if self._referrals.append(_op(turn.inbound), turn.person, "person", _text(turn.inbound)) and texts:
            self._referrals.append(f"{_op(turn.inbound)}:bot", turn.person, "bot", "\n".join(texts))

    def without_store(self, inbound: Inbound, verdict: Verdict, language: Language, form: Form) -> tuple[str, str]:
        """The store is away: the cry goes to the disk spool. The answer's id and text, which say what is true."""
        answer = safety_answer(verdict.kinds)
        cry = SetAside(
            _op(inbound), inbound.channel, inbound.address, language, verdict.level, verdict.kinds, inbound.text,
            verdict.reasons,
        )  # fmt: skip
        try:
            self._spool.put(f"{time.time_ns()}", cry)
            status = "set_aside"
            logger().critical("cry_for_help_set_aside", channel=inbound.channel, referral_level=verdict.level)
        except OSError as error:
            status = "not_saved"
            logger().critical("cry_for_help_not_saved", channel=inbound.channel, error=type(error).__name__)
        found, text = self._answers.answer(answer, language, form)
        return found, self._answers.cut_above(text, self._answers.phrase(status, language), form)[0]

    def _enqueue(self, turn: Turn, level: int, kinds: tuple[str, ...], reasons: tuple[str, ...]) -> Placed:
        """Insists for a moment: the operation id makes the repetition harmless."""
        end = time.monotonic() + INSIST_S
        while True:
            try:
                return self._referrals.enqueue(
                    _op(turn.inbound), turn.person, turn.inbound.channel, turn.language, level, kinds,
                    _text(turn.inbound), reasons,
                )  # fmt: skip
            except StoreAway:
                if time.monotonic() > end:
                    raise
                time.sleep(PAUSE_S)

    def _answered(self, turn: Turn, answer_id: str, placed: Placed) -> Said:
        if not placed.news:
            text = self._answers.phrase("added", turn.language)
            return Said((text,), turn.session, "system/added")
        found, text = self._answers.answer(answer_id, turn.language, turn.form)
        nobody = "escalated_nobody_sms" if turn.form.style == "sms" else "escalated_nobody"
        status = self._answers.phrase("escalated" if placed.present else nobody, turn.language)
        question = self._answers.phrase("ask_safe_to_write", turn.language)
        text, rest = self._answers.cut_above(self._labelled(turn, text), f"{status}\n{question}", turn.form)
        logger().warning(
            "referral_opened",
            channel=turn.inbound.channel,
            referral_level=turn.verdict.level,
            kinds=",".join(turn.verdict.kinds),
            created=placed.created,
        )
        return Said((text,), turn.session.but(asked=SAFE, options=(), rest=rest, greeted=True, unsure=0), found)

    def _labelled(self, turn: Turn, text: str) -> str:
        if turn.session.greeted:
            return text
        return f"{self._answers.phrase('ai_label', turn.language)}\n{text}"


def _op(inbound: Inbound) -> str:
    """The operation id of a platform message: its retry opens nothing twice."""
    return f"{inbound.channel}:{inbound.message_id}"


def _text(inbound: Inbound) -> str:
    return inbound.text or f"[{inbound.kind.value}]"
