"""The table of what is done with a message: danger comes before everything, and a second opinion never calms."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.content import load_library
from bot.core.policy import (
    DISTRESS_ASK,
    DISTRESS_SURE,
    RIGHTS_BREACH,
    SAFETY_ORDER,
    Course,
    Hearing,
    course,
    final_level,
    safety_answer,
    second_opinion,
)
from bot.core.screen import KINDS, Verdict
from bot.wiring import CONTENT

CALM = Verdict(4, False, (), (), "zh")
UNSURE = Verdict(4, True, ("violence",), ("says “打”",), "zh")
URGENT = Verdict(1, False, ("violence",), ("says “他打我”",), "zh")
VERDICTS = st.sampled_from([CALM, UNSURE, URGENT, Verdict(2, False, ("suicide",), (), "en")])
HEARINGS = st.builds(Hearing, st.floats(0, 1), st.sampled_from([None, *KINDS]))


@pytest.mark.parametrize("held", [False, True])
@pytest.mark.parametrize("level", [1, 2])
def test_danger_is_escalated_whoever_holds_the_conversation(level: int, held: bool) -> None:
    assert course(Verdict(level, False, ("threat",), (), "zh"), held) is Course.ESCALATE


@pytest.mark.parametrize("verdict", [CALM, UNSURE])
def test_a_counsellor_who_holds_the_conversation_gets_the_message(verdict: Verdict) -> None:
    assert course(verdict, held=True) is Course.RELAY


@pytest.mark.parametrize("verdict", [CALM, UNSURE])
def test_everything_else_is_answered(verdict: Verdict) -> None:
    assert course(verdict, held=False) is Course.ANSWER


@pytest.mark.parametrize("hearing", [Hearing(DISTRESS_ASK - 0.01, "violence"), Hearing(0.99, None)])
def test_an_engine_that_hears_nothing_changes_nothing(hearing: Hearing) -> None:
    assert second_opinion(UNSURE, hearing) is UNSURE


def test_an_engine_that_thinks_of_distress_asks_the_gentle_question() -> None:
    verdict = second_opinion(CALM, Hearing(DISTRESS_ASK, "confinement"))
    assert (verdict.level, verdict.check, verdict.kinds) == (4, True, ("confinement",))


def test_an_engine_that_surely_hears_distress_escalates() -> None:
    verdict = second_opinion(CALM, Hearing(DISTRESS_SURE, "confinement"))
    assert (verdict.level, verdict.check, verdict.escalates) == (2, False, True)


def test_where_the_screen_s_own_reader_found_nothing_the_engine_only_asks() -> None:
    calm = second_opinion(replace(CALM, read=True), Hearing(0.99, "confinement"))
    unsure = second_opinion(replace(UNSURE, read=True), Hearing(0.99, "confinement"))
    assert ((calm.level, calm.check), unsure.level) == ((4, True), 2)


def test_the_engine_s_opinion_is_a_reason_that_a_counsellor_can_read() -> None:
    verdict = second_opinion(UNSURE, Hearing(0.8, "suicide"))
    assert verdict.reasons == ("says “打”", "the dialogue engine hears suicide (80 %)")


def test_a_kind_that_both_hear_is_named_once() -> None:
    assert second_opinion(UNSURE, Hearing(0.8, "violence")).kinds == ("violence",)


@given(VERDICTS, HEARINGS)
def test_a_second_opinion_never_makes_a_message_less_urgent(verdict: Verdict, hearing: Hearing) -> None:
    assert second_opinion(verdict, hearing).level <= verdict.level


@given(VERDICTS, HEARINGS)
def test_a_second_opinion_forgets_no_kind_and_no_reason(verdict: Verdict, hearing: Hearing) -> None:
    second = second_opinion(verdict, hearing)
    assert second.kinds[: len(verdict.kinds)] == verdict.kinds
    assert second.reasons[: len(verdict.reasons)] == verdict.reasons


@given(VERDICTS, HEARINGS)
def test_the_gentle_question_is_dropped_only_for_a_human(verdict: Verdict, hearing: Hearing) -> None:
    second = second_opinion(verdict, hearing)
    assert second.escalates or second.check or not verdict.check


def test_every_kind_of_distress_has_a_place_in_the_order_of_safety_answers() -> None:
    assert sorted(SAFETY_ORDER) == sorted(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_a_single_kind_gets_its_own_safety_answer(kind: str) -> None:
    assert safety_answer((kind,)) == f"safety/{kind}"


@pytest.mark.parametrize(
    ("kinds", "answer"),
    [
        (("violence", "third_party"), "safety/third_party"),
        (("violence", "child_at_risk"), "safety/child_at_risk"),
        (("confinement", "suicide"), "safety/suicide"),
        ((), "safety/asked"),
    ],
)
def test_of_several_kinds_the_one_with_the_most_special_advice_is_answered(kinds: tuple[str, ...], answer: str) -> None:
    assert safety_answer(kinds) == answer


@pytest.mark.parametrize(
    ("verdict", "topic", "level"),
    [
        (URGENT, "wages/unpaid", 1),
        (CALM, "wages/unpaid", 3),
        (CALM, "talk/human", 3),
        (CALM, "wages/piece_rate", 4),
        (CALM, None, 4),
    ],
)
def test_the_level_is_the_screen_s_else_that_of_the_topic(verdict: Verdict, topic: str | None, level: int) -> None:
    assert final_level(verdict, topic) == level


def test_every_topic_of_a_breach_of_rights_has_an_answer() -> None:
    assert set(load_library(CONTENT).answers) >= RIGHTS_BREACH
