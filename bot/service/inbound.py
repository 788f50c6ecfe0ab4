"""One message's way: screened before anything that can fail, answered within its time, remembered.

The order is the design: fold and screen (memory only), then the store (de-duplication, one message of a person at a
time), then escalation, and only then the dialogue engine. Each later step may fail; what was found before it stands.
"""

import json
import time
import traceback
from dataclasses import dataclass, field, replace
from pathlib import Path

from bot.core.choices import reserved, yes_no_later
from bot.core.cipher import SealBroken
from bot.core.language import Language
from bot.core.message import Inbound, Kind, PersonId, Reply
from bot.core.normalise import normalise
from bot.core.policy import Course, course, final_level, second_opinion
from bot.core.screen import Screen, Verdict
from bot.core.screen.voice import changed
from bot.dialogue.client import Understanding
from bot.log import logger
from bot.service.answers import FORMS, Answers, Form
from bot.service.escalation import Escalation
from bot.service.joining import Joining
from bot.service.shelter import Shelter
from bot.service.talk import CHECK, CHECK_AGAIN, Talk
from bot.service.turn import Call, CallNotKept, Turn, call_for
from bot.store.connection import StoreAway
from bot.store.people import People, UnknownPerson
from bot.store.sessions import Session, Sessions
from bot.store.turns import Answered, Claimed, StillRunning, Turns
from bot.store.watch import Watch
from bot.store.windows import Windows

MARGIN_S = 0.5
"""A platform's retry waits for the first delivery's answer until so long before the platform gives up."""
ENGINE_S = 2.8
"""Kept free for the engine's deadline and the rest, out of what a message waits for the one before it."""
SHORTEST_WAIT_S = 0.5
FRAGMENTS_S = 15 * 60
"""Messages so close together may be one story in fragments."""
FRAGMENTS, FRAGMENT = 5, 240
"""How many messages are kept for that, and how many characters of each."""
VOICE_S = 48 * 3600
"""After words of danger it matters for so long whether the same person writes."""
SILENCE_S = 30 * 60
"""After the question whether she is safe, silence for so long calls a human."""
FORGOTTEN = "forgotten"
"""Remembered in place of a reply that must not be kept."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The reply, and for evaluation and metrics how it came about."""

    reply: Reply
    verdict: Verdict
    level: int
    answer: str | None = None
    understanding: Understanding | None = field(default=None, repr=False)


class InboundService:
    """Handles messages of every channel; safe to share between threads."""

    def __init__(
        self,
        screen: Screen,
        answers: Answers,
        talk: Talk,
        escalation: Escalation,
        people: People,
        sessions: Sessions,
        turns: Turns,
        shelter: Shelter,
        joining: Joining,
        watch: Watch,
        windows: Windows,
    ) -> None:
        self._screen = screen
        self._answers = answers
        self._talk = talk
        self._escalation = escalation
        self._people = people
        self._sessions = sessions
        self._turns = turns
        self._shelter = shelter
        self._joining = joining
        self._watch = watch
        self._windows = windows

    def handle(self, inbound: Inbound, style: str, patience_s: float = 4.5) -> Outcome:
        """Answers one authenticated message.

        ``style`` is the channel's form of answer (``text`` or ``sms``), ``patience_s`` how long its platform waits.
        Raises StillRunning when this message's first delivery, or the message before it, is not finished in time;
        never for a cry for help.
        """
        started = time.monotonic()
        verdict = self._screen(inbound.text if inbound.kind is Kind.TEXT else "")
        for fault in verdict.faults:
            logger().critical("screen_layer_failed", channel=inbound.channel, error=fault)
        form = FORMS[style]
        try:
            outcome = self._with_store(inbound, verdict, form, patience_s)
        except StillRunning:
            raise
        except CallNotKept as error:
            outcome = self._set_aside(inbound, verdict, error.call, error.language, form)
            if error.instead:
                outcome = replace(outcome, reply=Reply(error.instead), answer=None)
        except StoreAway as error:
            logger().critical("store_was_away", channel=inbound.channel, error=str(error), referral_level=verdict.level)
            outcome = self._without_store(inbound, verdict, form)
        except Exception as error:  # a fault of ours must not swallow a cry for help: the spool takes it
            logger().critical("message_failed", channel=inbound.channel, error=_where(error))
            outcome = self._without_store(inbound, verdict, form)
        logger().info(
            "message_answered",
            channel=inbound.channel,
            kind=inbound.kind.value,
            referral_level=outcome.level,
            answer=outcome.answer,
            took_ms=round((time.monotonic() - started) * 1000),
        )
        return outcome

    def _with_store(self, inbound: Inbound, verdict: Verdict, form: Form, patience_s: float) -> Outcome:
        claim = self._claim(inbound, verdict, patience_s)
        if isinstance(claim, Answered):
            person = self._people.name(inbound.channel, inbound.address)
            return Outcome(self._remembered(person, claim), verdict, verdict.level)
        # A cry for help goes before the message that is in work, after a moment: that one may be stuck.
        wait_s = SHORTEST_WAIT_S if verdict.escalates else max(SHORTEST_WAIT_S, patience_s - ENGINE_S)
        try:
            person = self._people.welcome(inbound.channel, inbound.address)
            self._windows.heard(person, inbound.channel, inbound.kind)
            with self._turns.alone(person, wait_s) as alone:
                if not alone and not verdict.escalates:
                    raise StillRunning
                outcome = self._answer(inbound, person, verdict, form, alone)
            self._remember(inbound, person, outcome.reply)
        except Exception:
            if claim is not None:
                self._give_back(inbound, claim)
            raise
        return outcome

    def _claim(self, inbound: Inbound, verdict: Verdict, patience_s: float) -> Claimed | Answered | None:
        """None for a cry for help whose first delivery does not end: operation ids keep it from counting twice."""
        try:
            return self._turns.begin(inbound.channel, inbound.message_id, patience_s - MARGIN_S)
        except StillRunning:
            if not verdict.escalates:
                raise
            return None

    def _answer(self, inbound: Inbound, person: PersonId, verdict: Verdict, form: Form, alone: bool) -> Outcome:
        session = self._sessions.load(person)
        language = _language(inbound, verdict, session)
        now = time.time()
        verdict = self._with_fragments(inbound, verdict, session, now)
        if verdict.check and self._escalation.open(person):
            verdict = replace(verdict, check=False)  # a human is coming: asking again could only hurt
        held = self._escalation.held(person)
        heard = session.but(spoken=language, before=_fragments(inbound, session, now))
        turn = Turn(inbound, person, verdict, heard, language, form, held, alone)
        apart = self._shelter.take(turn, now) or self._joining.take(turn)
        if apart:
            self._keep(turn, apart.session)
            return Outcome(Reply(apart.texts), verdict, verdict.level, apart.answer)
        self._listen_to_the_voice(turn, session, now)
        chosen = course(verdict, held)
        if chosen is Course.ESCALATE:
            return self._called(turn, call_for(verdict))
        if chosen is Course.RELAY and self._escalation.relay(turn):
            return Outcome(Reply(()), verdict, verdict.level)
        return self._talked(turn)

    def _with_fragments(self, inbound: Inbound, verdict: Verdict, session: Session, now: float) -> Verdict:
        """The verdict together with what she wrote before; who was asked lately is not asked again for that."""
        if not _tells(inbound, session):
            return verdict
        joined = self._screen.together(verdict, inbound.text, [text for _, text in _recent(session, now)])
        asked_lately = session.danger_at is not None and now - session.danger_at < FRAGMENTS_S
        return joined if joined.escalates or not asked_lately else verdict

    def _listen_to_the_voice(self, turn: Turn, before: Session, now: float) -> None:
        """After words of danger, a counsellor is told when somebody else may be writing."""
        if before.danger_at is None or now - before.danger_at > VOICE_S or turn.inbound.kind is not Kind.TEXT:
            return
        why = changed(normalise(turn.inbound.text).text, turn.verdict.language, before.spoken)
        if why:
            self._escalation.remark(turn, why)

    def _talked(self, turn: Turn) -> Outcome:
        """The bot answers; a human is called where the engine heard distress or the person asked for one."""
        said = self._talk.turn(turn)
        understanding = said.understanding
        if understanding is not None:
            turn = replace(turn, verdict=second_opinion(turn.verdict, understanding.hearing))
        if turn.verdict.escalates:
            return self._called(turn, call_for(turn.verdict), understanding)
        if said.call:
            return self._called(turn, said.call, understanding)
        if not said.erased:
            self._escalation.note(turn, said.texts)
            self._keep(turn, self._awaited(turn, said.session))
        topic = understanding.topic if understanding else said.answer
        level = final_level(turn.verdict, topic)
        return Outcome(Reply(said.texts), turn.verdict, level, said.answer, understanding)

    def _awaited(self, turn: Turn, session: Session) -> Session:
        """Whoever is asked whether she is safe is waited for: silence after that calls a human (the worker)."""
        now, asks = time.time(), session.asked in (CHECK, CHECK_AGAIN)
        try:
            if asks:
                self._watch.await_answer(turn.person, now + SILENCE_S)
            elif turn.session.asked in (CHECK, CHECK_AGAIN):
                self._watch.answered(turn.person)
        except StoreAway as error:  # what was decided is still said
            logger().error("silence_not_watched", error=str(error))
        return session.but(danger_at=now) if asks else session

    def _called(self, turn: Turn, call: Call, understanding: Understanding | None = None) -> Outcome:
        said = self._escalation.call(turn, call)
        self._keep(turn, self._awaited(turn, said.session.but(danger_at=time.time(), before=())))
        return Outcome(Reply(said.texts), turn.verdict, call.level, said.answer, understanding)

    def _keep(self, turn: Turn, session: Session) -> None:
        """A session that cannot be kept costs the thread of the talk; what was decided is still said."""
        if not turn.alone:
            return
        try:
            self._sessions.save(turn.person, session)
        except StoreAway as error:
            logger().error("session_not_kept", error=str(error))

    def _without_store(self, inbound: Inbound, verdict: Verdict, form: Form) -> Outcome:
        language = verdict.language
        if verdict.escalates:
            return self._set_aside(inbound, verdict, call_for(verdict), language, form)
        text = self._answers.phrase("store_away", language)
        return Outcome(Reply((text,)), verdict, verdict.level, "system/store_away")

    def _set_aside(self, inbound: Inbound, verdict: Verdict, call: Call, language: Language, form: Form) -> Outcome:
        answer, text = self._escalation.set_aside(inbound, call, language, form)
        return Outcome(Reply((text,)), verdict, call.level, answer)

    def _remember(self, inbound: Inbound, person: PersonId, reply: Reply) -> None:
        try:
            sealed = self._people.seal(person, json.dumps(reply.texts), "reply")
        except UnknownPerson:
            sealed = FORGOTTEN
        try:
            self._turns.finish(inbound.channel, inbound.message_id, sealed)
        except StoreAway as error:  # a retry is worked again; operation ids keep it from doing anything twice
            logger().error("reply_not_remembered", channel=inbound.channel, error=str(error))

    def _remembered(self, person: PersonId, claim: Answered) -> Reply:
        try:
            return Reply(tuple(json.loads(self._people.open(person, claim.sealed, "reply"))))
        except (SealBroken, UnknownPerson):
            return Reply(())  # erased since: silence, and nothing is done twice

    def _give_back(self, inbound: Inbound, claim: Claimed) -> None:
        try:
            self._turns.abandon(inbound.channel, inbound.message_id, claim)
        except StoreAway:
            logger().warning("claim_not_given_back", channel=inbound.channel)


def _tells(inbound: Inbound, session: Session) -> bool:
    """Whether a message can be a fragment of a story: one that may answer a question of ours is not."""
    return inbound.kind is Kind.TEXT and not session.form_open and session.asked is None


def _recent(session: Session, now: float) -> list[tuple[float, str]]:
    return [(at, text) for at, text in session.before if now - at < FRAGMENTS_S]


def _fragments(inbound: Inbound, session: Session, now: float) -> tuple[tuple[float, str], ...]:
    """What is remembered of her last messages, this one included."""
    if not _tells(inbound, session):
        return session.before
    return (*_recent(session, now), (now, inbound.text[:FRAGMENT]))[-FRAGMENTS:]


def _where(error: Exception) -> str:
    """The kind of an error and the line it came from; its text may hold a person's words and stays out."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} at {Path(last.filename).name}:{last.lineno}"


def _language(inbound: Inbound, verdict: Verdict, session: Session) -> Language:
    """The language of the answer: a chosen one stays, else the one she writes in, else the one she wrote in before."""
    if session.language is not None:
        return session.language
    text = inbound.text
    tells = inbound.kind is Kind.TEXT and any(c.isalpha() for c in text)
    short = reserved(text) is not None or yes_no_later(text) is not None
    if session.spoken is not None and (short or not tells):
        return session.spoken
    return verdict.language if tells else "zh"
