"""From a cry for help to a place in the queue and the first safe words; and what goes to a counsellor's hands."""

import math
import time

from bot.core.language import Language
from bot.core.message import Inbound, PersonId
from bot.log import logger
from bot.service.answers import Answers, Form
from bot.service.talk import SAFE
from bot.service.turn import HUMAN, Call, CallNotKept, Said, Turn
from bot.store.connection import StoreAway
from bot.store.referral import Placed
from bot.store.referrals import Referrals
from bot.store.spool import SetAside, Spool

INSIST_S = 1.5
"""A store that restarts is back within this time; the person waits no longer before the spool takes over."""
PAUSE_S = 0.1
TOLD_WAIT_S = 2 * 3600
"""A longer wait is not told as a figure: it would say nothing of today."""


class Escalation:
    def __init__(self, answers: Answers, referrals: Referrals, spool: Spool) -> None:
        self._answers = answers
        self._referrals = referrals
        self._spool = spool

    def held(self, person: PersonId) -> bool:
        """True while a counsellor's lease on this person's referral runs."""
        referral = self._referrals.open_of(person)
        return referral is not None and referral.in_hands(time.time())

    def open(self, person: PersonId) -> bool:
        """True while the person has a referral, waiting or in a counsellor's hands."""
        return self._referrals.open_of(person) is not None

    def remark(self, turn: Turn, says: str) -> None:
        """A line of the screen's for the counsellor of an open referral; nothing happens without one."""
        self._referrals.append(_op("remark", turn.inbound), turn.person, "screen", says)

    def call(self, turn: Turn, call: Call) -> Said:
        """Opens or raises the person's referral and answers. Raises CallNotKept when that fails, whatever the cause."""
        try:
            placed = self._enqueue(turn, call)
            if turn.held:
                return Said((), turn.session)
            return self._human_asked(turn, placed) if call.answer == HUMAN else self._answered(turn, call, placed)
        except CallNotKept:
            raise
        except Exception as error:  # also a fault of ours: the spool keeps the call, the operation id keeps it single
            raise CallNotKept(call, turn.language) from error

    def relay(self, turn: Turn) -> bool:
        """A message for the counsellor who holds the conversation; False when it was resolved a moment ago."""
        line = self._referrals.append(
            _op("line", turn.inbound), turn.person, "person", _text(turn.inbound), turn.inbound.channel
        )
        return line is not None

    def note(self, turn: Turn, texts: tuple[str, ...]) -> None:
        """While the person waits for a human, the counsellor will want to read what the bot and she said."""
        line = self._referrals.append(
            _op("line", turn.inbound), turn.person, "person", _text(turn.inbound), turn.inbound.channel
        )
        if line is not None and texts:
            self._referrals.append(_op("bot", turn.inbound), turn.person, "bot", "\n".join(texts))

    def set_aside(self, inbound: Inbound, call: Call, language: Language, form: Form) -> tuple[str, str]:
        """The store is away: the call goes to the disk spool. The answer's id and text, which say what is true."""
        cry = SetAside(
            _op("call", inbound), inbound.channel, inbound.address, language, call.level, call.kinds, _text(inbound),
            call.reasons,
        )  # fmt: skip
        try:
            self._spool.put(f"{time.time_ns()}", cry)
            status = "set_aside"
            logger().critical("cry_for_help_set_aside", channel=inbound.channel, referral_level=call.level)
        except OSError as error:
            status = "not_saved"
            logger().critical("cry_for_help_not_saved", channel=inbound.channel, error=type(error).__name__)
        found, text = self._answers.answer(call.answer, language, form)
        said = self._answers.brief(status, language, form)
        return found, self._answers.cut_above(text, said, form.in_danger())[0]

    def _enqueue(self, turn: Turn, call: Call) -> Placed:
        """Insists for a moment: the operation id makes the repetition harmless."""
        end, province = time.monotonic() + INSIST_S, self._answers.province(turn.inbound.text)
        while True:
            try:
                return self._referrals.enqueue(
                    _op("call", turn.inbound), turn.person, turn.inbound.channel, turn.language, call.level,
                    call.kinds, _text(turn.inbound), call.reasons, province,
                )  # fmt: skip
            except StoreAway:
                if time.monotonic() > end:
                    raise
                time.sleep(PAUSE_S)

    def _human_asked(self, turn: Turn, placed: Placed) -> Said:
        when = self._answers.phrase("person_soon" if placed.present else "person_when_back", turn.language)
        called = self._answers.phrase("person_called", turn.language, when=when)
        text = self._answers.labelled(f"{called}{self._in_line(turn, placed)}", turn.language, turn.session.greeted)
        return Said((text,), turn.session.without_form().but(asked=None, greeted=True, unsure=0), HUMAN)

    def _in_line(self, turn: Turn, placed: Placed) -> str:
        """Her place, and how long people lately waited there; while nobody is on duty, when somebody will be."""
        if not placed.present:
            opens = self._answers.opens_again(turn.language)
            return f"\n{opens}" if opens else ""
        if not placed.place:
            return ""
        if placed.usual_wait_s is None or placed.usual_wait_s > TOLD_WAIT_S:
            return "\n" + self._answers.phrase("in_line", turn.language, place=placed.place)
        minutes = max(1, math.ceil(placed.usual_wait_s / 60))
        return "\n" + self._answers.phrase("in_line_wait", turn.language, place=placed.place, minutes=minutes)

    def _answered(self, turn: Turn, call: Call, placed: Placed) -> Said:
        if not placed.news:
            added = self._answers.phrase("added", turn.language)
            return Said((f"{added}{self._in_line(turn, placed)}",), turn.session, "system/added")
        found, text = self._answers.answer(call.answer, turn.language, turn.form)
        text = self._answers.with_police_sms(text, turn.inbound.text, turn.language, turn.form.in_danger())
        nobody = "escalated_nobody_quiet" if call.quiet else "escalated_nobody"
        status = self._answers.brief("escalated" if placed.present else nobody, turn.language, turn.form)
        question = self._answers.brief("ask_safe_to_write", turn.language, turn.form)
        first = self._answers.phrase("quiet_first", turn.language) if call.quiet else text
        body = self._answers.labelled(first, turn.language, turn.session.greeted)
        said, rest = self._answers.cut_above(body, f"{status}\n{question}", turn.form.in_danger())
        if call.quiet:  # what to do, and whom to call, once she can read it
            rest = (text,)
        logger().warning(
            "referral_opened",
            channel=turn.inbound.channel,
            referral_level=call.level,
            kinds=",".join(call.kinds),
            created=placed.created,
        )
        return Said(
            (said,),
            turn.session.without_form().but(
                asked=SAFE, options=(), offers=(), rest=rest, greeted=True, unsure=0, may_write=None
            ),
            found,
        )


def _op(step: str, inbound: Inbound) -> str:
    """The operation id of one step for a platform message: its retry does nothing twice."""
    return f"{step}:{inbound.channel}:{inbound.message_id}"


def _text(inbound: Inbound) -> str:
    return inbound.text or f"[{inbound.kind.value}]"
