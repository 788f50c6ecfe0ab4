"""What people write is answered in their language, taken up where it was left, and brings a human when it must."""

import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import responses

from bot.core.hours import Hours
from bot.core.message import CounsellorId, Kind
from bot.core.shelter import CHINA
from bot.service.answers import FORMS
from bot.settings import Settings
from bot.store.embedded import EmbeddedStore
from bot.store.joining import Joining as Codes
from bot.store.people import UnknownPerson
from bot.store.referral import Claim
from bot.store.turns import StillRunning
from bot.wiring import Site
from tests.people_who_write import (
    CRY,
    ENGLISH_CRY,
    PAY,
    QUESTION,
    UNSURE,
    EngineStub,
    Person,
    decided,
    phrase,
    site_on,
)

LI = CounsellorId("counsellor-li")
HEARS_DISTRESS = decided("wages/unpaid", ranking={"distress/confinement": 0.8, "ask/wages.unpaid": 0.2})
SUSPECTS_DISTRESS = decided("wages/unpaid", ranking={"ask/wages.unpaid": 0.5, "distress/confinement": 0.5})
UNSURE_AND_SUSPECTS = decided("system/did_you_mean", ranking={"distress/suicide": 0.5, "ask/wages.unpaid": 0.3})
WANTS_PERSON = decided("talk/human", ranking={"ask/talk.human": 0.9})


@pytest.fixture
def site(settings: Settings) -> Iterator[Site]:
    with site_on(settings) as site:
        yield site


@pytest.fixture
def engine() -> Iterator[EngineStub]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as web:
        yield EngineStub(web)


@pytest.fixture
def mei(site: Site, engine: EngineStub) -> Person:
    """She writes by WeChat."""
    return Person(site)


@pytest.fixture
def sok(site: Site, engine: EngineStub) -> Person:
    """He writes by SMS."""
    return Person(site, "sms", "sms", "+85512345678")


def take(site: Site, person: Person) -> Claim:
    assert person.referral is not None
    claim = site.referrals.claim(f"claim {person.referral.id}", LI, person.referral.id)
    assert claim is not None
    return claim


def level(person: Person) -> int | None:
    return person.referral.level if person.referral else None


# Language


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("老板不发工资", "zh"),
        ("laoban bu fa gongzi zenme ban", "zh"),
        ("my boss has not paid me", "en"),
        ("chủ không trả lương cho tôi", "vi"),
        ("นายจ้างไม่จ่ายเงิน", "th"),
    ],
)
def test_the_answer_comes_in_the_language_of_the_message(
    mei: Person, engine: EngineStub, text: str, language: str
) -> None:
    engine.says(PAY)
    whole = mei.site.answers.answer("wages/unpaid", language, FORMS["text"])[1]
    label = mei.site.answers.phrase("ai_label", language)
    assert mei.says(text).startswith(f"{label}\n{whole[:40]}")


def test_a_chosen_language_stays(mei: Person, engine: EngineStub) -> None:
    engine.says(PAY)
    mei.says("English")
    assert mei.site.answers.answer("wages/unpaid", "en", FORMS["text"])[1] in mei.says(QUESTION)


def test_a_chosen_language_can_be_changed_back(mei: Person) -> None:
    mei.says("English")
    assert mei.says("中文") == phrase(mei.site, "language_is", "zh")


def test_a_number_is_answered_in_the_language_of_the_talk(mei: Person) -> None:
    mei.says(ENGLISH_CRY)
    assert mei.says("1") == phrase(mei.site, "safe_yes", "en")


def test_a_stop_word_is_answered_in_the_language_of_the_talk(mei: Person) -> None:
    mei.says(CRY)
    assert mei.says("STOP") == phrase(mei.site, "stopped", "zh")


def test_a_voice_message_is_answered_in_the_language_of_the_talk(mei: Person, engine: EngineStub) -> None:
    engine.says(PAY)
    mei.says("my boss has not paid me")
    assert mei.does(Kind.VOICE) == phrase(mei.site, "voice", "en")


# The label of a machine


@pytest.mark.parametrize("first", [QUESTION, CRY, "人工", "菜单", "1", "取消"])
def test_the_first_reply_says_that_a_machine_answers_and_the_next_does_not(
    mei: Person, engine: EngineStub, first: str
) -> None:
    engine.says(PAY)
    label = phrase(mei.site, "ai_label")
    assert mei.says(first).startswith(label)
    assert label not in mei.says("菜单")


@pytest.mark.parametrize("kind", [Kind.SUBSCRIBE, Kind.VOICE, Kind.PICTURE, Kind.LOCATION, Kind.OTHER])
def test_a_first_reply_to_what_is_no_text_is_labelled_too(mei: Person, kind: Kind) -> None:
    assert mei.does(kind).startswith(phrase(mei.site, "ai_label"))


# Kinds of messages


@pytest.mark.parametrize(
    ("kind", "key"),
    [
        (Kind.SUBSCRIBE, "welcome"),
        (Kind.VOICE, "voice"),
        (Kind.PICTURE, "picture"),
        (Kind.LOCATION, "location"),
        (Kind.OTHER, "other_kind"),
    ],
)
def test_what_cannot_be_read_is_answered_honestly(mei: Person, engine: EngineStub, kind: Kind, key: str) -> None:
    assert phrase(mei.site, key) in mei.does(kind)
    assert engine.asked == 0


def test_an_empty_message_is_answered(mei: Person, engine: EngineStub) -> None:
    assert phrase(mei.site, "empty") in mei.says(" \n")
    assert engine.asked == 0


def test_a_menu_button_gives_its_answer_without_the_engine(mei: Person, engine: EngineStub) -> None:
    assert mei.site.answers.answer("wages/unpaid", "zh", FORMS["text"])[1] in mei.does(Kind.MENU_CLICK, "wages/unpaid")
    assert engine.asked == 0


def test_a_menu_button_of_an_earlier_version_gives_the_menu(mei: Person) -> None:
    assert phrase(mei.site, "menu") in mei.does(Kind.MENU_CLICK, "wages/of_2019")


def test_unfollowing_gets_no_reply(mei: Person) -> None:
    assert mei.does(Kind.UNSUBSCRIBE) == ""


def test_a_place_gives_its_minimum_wage(mei: Person, engine: EngineStub) -> None:
    engine.says(decided("form/minimum_wage", ranking={"inform_place": 0.9}, place="GD.dongguan"))
    assert mei.site.answers.form_result("minimum_wage", {"place": "GD.dongguan"}, "zh") in mei.says("东莞")


# Did you mean


@pytest.mark.parametrize("reply", ["2", "２", "二", "第二个", "选2", "two", "the second one"])
def test_did_you_mean_is_answered_by_number_or_word(mei: Person, engine: EngineStub, reply: str) -> None:
    engine.says(UNSURE)
    mei.says("那个事")
    assert mei.outcome(reply).answer == "wages/unpaid"


def test_did_you_mean_offers_the_best_three_and_no_small_talk(mei: Person, engine: EngineStub) -> None:
    engine.says(UNSURE)
    ids = ("rights/written_contract", "wages/unpaid", "help/legal_aid")
    titles = [f"{n} {mei.site.library.answer(i).title.zh}" for n, i in enumerate(ids, 1)]
    assert [line for line in mei.says("那个事").splitlines() if line[:1].isdigit()] == titles


@pytest.mark.parametrize("reply", ["0", "4", "9", "都不是"])
def test_none_of_these_gives_the_menu(mei: Person, engine: EngineStub, reply: str) -> None:
    engine.says(UNSURE)
    mei.says("那个事")
    assert phrase(mei.site, "menu") in mei.says(reply)


def test_a_second_failure_gives_the_menu_and_a_way_to_a_person(mei: Person, engine: EngineStub) -> None:
    engine.says(UNSURE)
    mei.says("那个事")
    said = mei.says("就是那个")
    assert phrase(mei.site, "unsure_again") in said
    assert "人工" in said
    assert "1 " in said


def test_being_understood_between_two_failures_counts_them_anew(mei: Person, engine: EngineStub) -> None:
    engine.says(UNSURE, PAY, UNSURE)
    mei.says("那个事")
    mei.says("干了半年一分钱没见到")
    assert phrase(mei.site, "did_you_mean") in mei.says("那个事")


def test_other_words_after_an_offer_are_understood_anew(mei: Person, engine: EngineStub) -> None:
    engine.says(UNSURE, PAY)
    mei.says("那个事")
    assert mei.outcome(QUESTION).answer == "wages/unpaid"


@pytest.mark.parametrize("ranking", [{}, {"ask/talk.greet": 0.3}])
def test_did_you_mean_always_has_something_to_choose(
    mei: Person, engine: EngineStub, ranking: dict[str, float]
) -> None:
    engine.says(decided("system/did_you_mean", ranking=ranking))
    assert "1 " in mei.says("嗯哪")


def test_a_number_out_of_the_blue_gives_the_menu(mei: Person, engine: EngineStub) -> None:
    assert phrase(mei.site, "menu") in mei.says("5")
    assert engine.asked == 0


def test_a_number_chooses_from_the_menu(mei: Person) -> None:
    mei.says("菜单")
    assert mei.outcome("1").answer == mei.site.library.menu[0]


# The gentle question


@pytest.mark.parametrize("heard", [SUSPECTS_DISTRESS, UNSURE_AND_SUSPECTS], ids=["with an answer", "unsure"])
def test_a_suspicion_of_the_engine_asks_the_gentle_question(
    mei: Person, engine: EngineStub, heard: dict[str, object]
) -> None:
    engine.says(heard)
    assert mei.says("我们晚上都在宿舍").endswith(phrase(mei.site, "check_question"))
    assert mei.referral is None


def test_a_suspicion_of_the_screen_asks_the_gentle_question(mei: Person, engine: EngineStub) -> None:
    engine.says(PAY)
    assert mei.says("boss took my passport").endswith(phrase(mei.site, "check_question", "en"))


def test_a_suspicion_asks_the_gentle_question_without_the_engine_too(mei: Person) -> None:
    assert mei.says("boss took my passport").endswith(phrase(mei.site, "check_question", "en"))


def test_who_waits_for_a_human_already_is_not_asked(mei: Person, engine: EngineStub) -> None:
    engine.says(PAY)
    mei.says("他打我")
    mei.says("1")
    assert not mei.says("boss took my passport").endswith(phrase(mei.site, "check_question", "en"))


def test_what_was_asked_is_answered_above_the_gentle_question(mei: Person, engine: EngineStub) -> None:
    engine.says(SUSPECTS_DISTRESS)
    assert "12333" in mei.says("我们晚上都在宿舍")


@pytest.mark.parametrize("reply", ["1", "安全", "没事"])
def test_who_is_safe_goes_on(mei: Person, engine: EngineStub, reply: str) -> None:
    engine.says(SUSPECTS_DISTRESS)
    mei.says("我们晚上都在宿舍")
    assert phrase(mei.site, "check_safe") in mei.says(reply)
    assert mei.referral is None


@pytest.mark.parametrize("reply", ["2", "3", "不安全", "没有", "不好说", "not safe"])
def test_who_is_not_safe_or_not_sure_gets_a_person(mei: Person, engine: EngineStub, reply: str) -> None:
    engine.says(SUSPECTS_DISTRESS)
    mei.says("我们晚上都在宿舍")
    assert "12110" in mei.says(reply)
    assert level(mei) in {1, 2}


@pytest.mark.parametrize("reply", ["没", "不太安全", "有点怕", "not really"])
def test_a_no_in_other_words_gets_a_person_too(mei: Person, engine: EngineStub, reply: str) -> None:
    engine.says(SUSPECTS_DISTRESS, decided("talk/greet", ranking={"ask/talk.greet": 0.9}))
    mei.says("我们晚上都在宿舍")
    mei.says(reply)
    assert level(mei) == 2


# Is it safe to write


@pytest.mark.parametrize(
    ("reply", "key"),
    [("1", "safe_yes"), ("方便", "safe_yes"), ("2", "safe_no"), ("不方便", "safe_no"), ("3", "safe_later")],
)
def test_whether_writing_is_safe_is_asked_and_the_answer_respected(mei: Person, reply: str, key: str) -> None:
    assert mei.says(CRY).endswith(phrase(mei.site, "ask_safe_to_write"))
    assert mei.says(reply) == phrase(mei.site, key)


@pytest.mark.parametrize("reply", ["1", "2", "3"])
def test_whatever_she_answers_her_place_in_the_queue_stays(mei: Person, reply: str) -> None:
    mei.says(CRY)
    mei.says(reply)
    assert (level(mei), mei.transcript[-2:]) == (1, [("person", reply), ("bot", mei.transcript[-1][1])])


# Cries for help


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (CRY, "confinement"),
        ("救命", "violence"),
        ("他打我", "violence"),
        ("不想活了", "suicide"),
        ("jiu ming", "violence"),
        (ENGLISH_CRY, "suicide"),
        ("help me they locked me in the room", "confinement"),
    ],
)
def test_a_cry_for_help_needs_no_engine(mei: Person, engine: EngineStub, text: str, kind: str) -> None:
    assert "110" in mei.says(text)
    assert mei.referral is not None
    assert kind in mei.referral.kinds
    assert engine.asked == 0


def test_the_counsellor_reads_her_words_and_the_reasons(mei: Person) -> None:
    mei.says(CRY)
    assert [who for who, _ in mei.transcript] == ["person", "screen"]
    assert mei.transcript[0][1] == CRY


def test_nobody_on_duty_is_said_at_once(mei: Person) -> None:
    assert phrase(mei.site, "escalated_nobody") in mei.says(CRY)


def test_somebody_on_duty_is_said_too(mei: Person) -> None:
    mei.site.staff.be_present(LI)
    assert phrase(mei.site, "escalated") in mei.says(CRY)


def test_a_graver_message_raises_the_referral(mei: Person) -> None:
    mei.says("不想活了")
    mei.says(CRY)
    assert level(mei) == 1
    assert len(mei.site.referrals.waiting()) == 1


def test_the_same_cry_again_joins_the_referral_and_repeats_no_numbers(mei: Person) -> None:
    mei.says(CRY)
    assert mei.says(CRY) == phrase(mei.site, "added")
    assert len(mei.site.referrals.waiting()) == 1


def test_what_she_writes_while_waiting_is_noted_with_the_answer(mei: Person, engine: EngineStub) -> None:
    engine.says(PAY)
    mei.says(CRY)
    mei.says(QUESTION)
    assert [who for who, _ in mei.transcript[2:]] == ["person", "bot"]


def test_the_engine_surely_hearing_distress_escalates(mei: Person, engine: EngineStub) -> None:
    engine.says(HEARS_DISTRESS)
    mei.says("我们晚上都在宿舍")
    assert level(mei) == 2


def test_a_danger_that_she_did_not_name_is_not_named_on_her_phone(mei: Person, engine: EngineStub) -> None:
    engine.says(HEARS_DISTRESS)
    first = mei.says("我们晚上都在宿舍")
    assert phrase(mei.site, "quiet_first", "zh") in first
    assert not any(number in first for number in ("110", "12110"))
    assert "12110" in mei.says("1"), "what to do comes when she says that she can read it"
    assert mei.referral is not None
    assert (mei.referral.level, mei.referral.kinds) == (2, ("confinement",))


def test_the_engine_surely_hearing_distress_escalates_even_when_it_is_unsure(mei: Person, engine: EngineStub) -> None:
    engine.says(decided("system/did_you_mean", ranking={"distress/suicide": 0.75, "ask/wages.unpaid": 0.2}))
    mei.says("我们晚上都在宿舍")
    assert level(mei) == 2


def test_distress_spread_over_kinds_is_added_up(mei: Person, engine: EngineStub) -> None:
    shares = {"distress/confinement": 0.3, "distress/violence": 0.25, "distress/threat": 0.2, "ask/wages.unpaid": 0.25}
    engine.says(decided("wages/unpaid", ranking=shares))
    mei.says("我们晚上都在宿舍")
    assert level(mei) == 2


# A process that dies, a store that dies


def forget_answer(person: Person, id_: str) -> None:
    """As if the process had died before it remembered the reply, and its claim had run out."""
    store = person.site.store
    store.forget("seen", person.channel, store.keys.digest(id_))


def test_a_cry_handled_twice_by_a_process_that_died_opens_one_referral(mei: Person) -> None:
    mei.says(CRY, "77")
    forget_answer(mei, "77")
    mei.says(CRY, "77")
    assert mei.referral is not None
    assert (len(mei.site.referrals.waiting()), mei.referral.lines) == (1, 2)


def test_distress_heard_on_the_second_try_is_not_lost_to_the_note_of_the_first(mei: Person, engine: EngineStub) -> None:
    engine.says(WANTS_PERSON, PAY, HEARS_DISTRESS)
    mei.says("找个人说话")
    mei.says("我们晚上都在宿舍", "77")
    forget_answer(mei, "77")
    mei.says("我们晚上都在宿舍", "77")
    assert level(mei) == 2


@pytest.fixture
def frail(settings: Settings, tmp_path: Path) -> Iterator[tuple[Site, EmbeddedStore]]:
    """A site whose store can be ended in the middle of a message."""
    store = EmbeddedStore(tmp_path / "frail")
    with store, site_on(settings.model_copy(update={"redis_url": store.url})) as site:
        yield site, store


def dying(store: EmbeddedStore, answer: object) -> Callable[[object], tuple[int, dict[str, str], str]]:
    """The engine answers, and meanwhile the store is gone."""

    def callback(_: object) -> tuple[int, dict[str, str], str]:
        assert store.process is not None
        store.process.kill()
        store.process.wait()
        return 200, {}, json.dumps(answer)

    return callback


def test_a_store_that_dies_in_the_middle_still_leaves_numbers(
    frail: tuple[Site, EmbeddedStore], engine: EngineStub
) -> None:
    site, store = frail
    engine.does(dying(store, PAY))
    assert "110" in Person(site).says(QUESTION)


@pytest.mark.parametrize("answer", [HEARS_DISTRESS, WANTS_PERSON], ids=["distress", "wants a person"])
def test_a_call_found_by_the_engine_is_set_aside_when_the_store_dies(
    frail: tuple[Site, EmbeddedStore], engine: EngineStub, answer: dict[str, object]
) -> None:
    site, store = frail
    engine.does(dying(store, answer))
    Person(site).says("我们晚上都在宿舍")
    assert site.spool.count() == 1


# A person is asked for


@pytest.mark.parametrize("text", ["人工", "转人工", "human", "HUMAN!"])
def test_asking_for_a_person_calls_one_without_the_engine(mei: Person, engine: EngineStub, text: str) -> None:
    mei.says(text)
    assert (level(mei), engine.asked) == (3, 0)


def test_asking_for_a_person_in_other_words_calls_one(mei: Person, engine: EngineStub) -> None:
    engine.says(WANTS_PERSON)
    mei.says("能不能找个活人跟我说")
    assert level(mei) == 3


@pytest.mark.parametrize(("present", "key"), [(True, "person_soon"), (False, "person_when_back")])
def test_who_asks_for_a_person_is_told_the_truth_about_when(mei: Person, present: bool, key: str) -> None:
    if present:
        mei.site.staff.be_present(LI)
    assert phrase(mei.site, "person_called", when=phrase(mei.site, key)) in mei.says("人工")


# A counsellor holds the conversation


@pytest.mark.parametrize("text", ["我在三楼", "1", "菜单", "STOP", "删除", "人工"])
def test_the_bot_is_silent_and_passes_everything_on_while_a_counsellor_talks(
    mei: Person, engine: EngineStub, text: str
) -> None:
    mei.says(CRY)
    take(mei.site, mei)
    assert mei.says(text) == ""
    assert mei.transcript[-1] == ("person", text)
    assert engine.asked == 0


def test_a_picture_sent_to_a_counsellor_is_noted_and_gets_no_reply(mei: Person) -> None:
    mei.says(CRY)
    take(mei.site, mei)
    assert mei.does(Kind.PICTURE) == ""
    assert mei.transcript[-1] == ("person", "[picture]")


def test_a_cry_to_a_counsellor_raises_the_level_and_gets_no_reply_of_the_bot(mei: Person) -> None:
    mei.says("不想活了")
    take(mei.site, mei)
    assert mei.says(CRY) == ""
    assert level(mei) == 1


def test_a_retry_of_a_relayed_message_is_not_doubled(mei: Person) -> None:
    mei.says(CRY)
    take(mei.site, mei)
    mei.says("我在三楼", "88")
    mei.says("我在三楼", "88")
    assert [text for _, text in mei.transcript].count("我在三楼") == 1


def test_the_bot_speaks_again_when_the_counsellor_has_ended(mei: Person, engine: EngineStub) -> None:
    engine.says(PAY)
    mei.says(CRY)
    mei.site.referrals.resolve("end", take(mei.site, mei), "helped", "再见")
    assert "12333" in mei.says(QUESTION)


def test_the_bot_speaks_again_when_the_conversation_goes_back_to_the_queue(mei: Person, engine: EngineStub) -> None:
    engine.says(PAY)
    mei.says(CRY)
    mei.site.referrals.transfer("back", take(mei.site, mei), None)
    assert "12333" in mei.says(QUESTION)


def test_a_cry_soon_after_the_end_opens_the_referral_again(mei: Person) -> None:
    mei.says(CRY)
    first = take(mei.site, mei)
    mei.site.referrals.resolve("end", first, "helped", "再见")
    mei.says(CRY)
    assert mei.referral is not None
    assert (mei.referral.id, mei.referral.state) == (first.referral, "waiting")


# Place in line, and two channels of one person


def on_duty(site: Site) -> None:
    site.store.client.zadd(site.store.keys("staff", "present"), {"c1": 1e15})


def test_who_writes_again_hears_her_place_and_how_long_others_waited(mei: Person) -> None:
    on_duty(mei.site)
    mei.site.store.client.hset(mei.site.store.keys("waits"), mapping={"1:mean": 200_000, "1:count": 9})
    mei.says(CRY)
    again = mei.says(CRY)
    assert phrase(mei.site, "in_line_wait", place=1, minutes=4) in again


@pytest.mark.parametrize("mean", [None, 9_000_000])
def test_without_an_honest_figure_only_the_place_is_told(mei: Person, mean: int | None) -> None:
    on_duty(mei.site)
    if mean:
        mei.site.store.client.hset(mei.site.store.keys("waits"), mapping={"1:mean": mean, "1:count": 9})
    mei.says(CRY)
    assert mei.says(CRY).endswith(phrase(mei.site, "in_line", place=1))


def test_no_place_is_told_while_nobody_is_on_duty(mei: Person) -> None:
    mei.says(CRY)
    assert mei.says(CRY) == phrase(mei.site, "added")


def test_outside_the_hours_of_duty_it_is_told_when_they_begin(mei: Person) -> None:
    tomorrow = (datetime.now(CHINA) + timedelta(days=1)).date()
    closed = Hours(ZoneInfo("Asia/Shanghai"), ((),) * 7, {tomorrow: ((9 * 60, 12 * 60),)})
    before = mei.site.answers.library
    mei.site.answers.renew(replace(before, hours=closed))
    told = phrase(mei.site, "opens_again", when=f"{tomorrow} 09:00")
    try:
        mei.says(CRY)
        assert told in mei.says(CRY)
    finally:
        mei.site.answers.renew(before)


def test_a_code_sent_from_another_phone_joins_it(mei: Person) -> None:
    mei.says(CRY)
    claim = take(mei.site, mei)
    code = Codes(mei.site.store).offer("offer", claim)
    phone = Person(mei.site, "sms", "sms", "+85512345678")
    assert phone.says(f"Anlu {code}") == phrase(mei.site, "joined", "en")
    assert phone.referral is not None
    assert phone.referral.id == claim.referral


def test_a_code_that_is_none_is_a_message_like_any_other(mei: Person, engine: EngineStub) -> None:
    engine.says(PAY)
    assert mei.says("安路 123456") != phrase(mei.site, "joined")
    assert engine.asked == 1


# More


TWO = decided("rights/union", "rights/written_contract", ranking={"ask/rights.union": 0.9})


def bare(text: str, site: Site) -> str:
    """The text without white space, label and "reply 1 for more"."""
    for key in ("more", "ai_label"):
        text = text.replace(phrase(site, key), "")
    return "".join(text.split())


def test_what_does_not_fit_comes_piece_by_piece_and_whole(sok: Person, engine: EngineStub) -> None:
    engine.says(TWO)
    pieces = [sok.says(QUESTION)]
    while pieces[-1].endswith(phrase(sok.site, "more")) and len(pieces) < 9:
        pieces.append(sok.says("1"))
    whole = [sok.site.answers.answer(i, "zh", FORMS["sms"])[1] for i in ("rights/union", "rights/written_contract")]
    assert len(pieces) > 1
    asked = bare(phrase(sok.site, "helped_question", yes=1, no=2), sok.site)
    assert bare("".join(pieces), sok.site) == bare("".join(whole), sok.site) + asked
    assert all(FORMS["sms"].fits(piece) for piece in pieces)


def test_after_the_last_piece_a_one_is_a_number_again(sok: Person, engine: EngineStub) -> None:
    engine.says(TWO)
    said = sok.says(QUESTION)
    while said.endswith(phrase(sok.site, "more")):
        said = sok.says("1")
    assert sok.says("1") == phrase(sok.site, "helped_yes")
    assert phrase(sok.site, "menu") in sok.says("1")


def test_the_gentle_question_keeps_what_did_not_fit(sok: Person, engine: EngineStub) -> None:
    engine.says({**TWO, "ranking": SUSPECTS_DISTRESS["ranking"]})
    sok.says("我们晚上都在宿舍")
    said = sok.says("1")
    assert phrase(sok.site, "check_safe") in said
    assert len(said) > len(phrase(sok.site, "check_safe"))


@pytest.mark.parametrize("language", ["zh", "en"])
def test_no_reply_is_longer_than_its_channel_carries(sok: Person, engine: EngineStub, language: str) -> None:
    engine.says(UNSURE)
    sok.says({"zh": "中文", "en": "English"}[language])
    texts = ["nnn", "nnn", "人工", "菜单", "STOP", "救命", "不想活了", "2", "删除"]
    assert [text for text in texts if not FORMS["sms"].fits(sok.says(text) or "-")] == []


# Words with a meaning of their own


@pytest.mark.parametrize("word", ["STOP", "END", "quit", "Cancel", "退订", "取消", "结束。"])
def test_a_stop_word_does_not_drop_a_person(sok: Person, engine: EngineStub, word: str) -> None:
    engine.says(PAY)
    sok.says(CRY)
    assert sok.outcome(word).answer == "system/stopped"
    assert level(sok) == 1
    assert sok.outcome(QUESTION).answer == "wages/unpaid"


def test_a_stop_word_is_shown_to_the_counsellor(sok: Person) -> None:
    sok.says(CRY)
    sok.says("END")
    assert ("person", "END") in sok.transcript


def test_menu_gives_the_menu_without_the_engine(mei: Person, engine: EngineStub) -> None:
    assert phrase(mei.site, "menu") in mei.says("菜单")
    assert engine.asked == 0


# Delete


def test_delete_erases_and_says_so(mei: Person, engine: EngineStub) -> None:
    engine.says(PAY)
    mei.says(QUESTION)
    assert mei.says("删除") == phrase(mei.site, "deleted")
    with pytest.raises(UnknownPerson):
        mei.site.people.address(mei.id)


def test_delete_makes_what_was_written_unreadable(mei: Person) -> None:
    mei.says(CRY)
    referral = mei.referral
    assert referral is not None
    mei.site.referrals.resolve("end", take(mei.site, mei), "helped", "再见")
    mei.says("删除")
    texts = {line.text for line in mei.site.referrals.transcript(referral, LI, audited=False)}
    assert texts == {"（已删除 / erased）"}


def test_who_comes_back_after_delete_is_a_stranger(mei: Person, engine: EngineStub) -> None:
    engine.says(PAY)
    mei.says("English")
    mei.says("delete")
    assert mei.says(QUESTION).startswith(phrase(mei.site, "ai_label"))


def test_delete_with_an_open_referral_says_what_stays(mei: Person) -> None:
    mei.says(CRY)
    assert mei.says("删除") == phrase(mei.site, "deleted_but_referral")
    assert mei.site.people.address(mei.id) == mei.address
    assert level(mei) == 1


def test_delete_with_an_open_referral_deletes_the_rest_as_it_says(mei: Person) -> None:
    mei.says(CRY)
    mei.site.store.put("what the engine keeps", "talk", mei.id)
    mei.says("删除")
    assert mei.site.store.get("talk", mei.id) is None


def test_a_retry_of_delete_does_not_bring_the_person_back(mei: Person) -> None:
    mei.says("删除", "99")
    mei.says("删除", "99")
    with pytest.raises(UnknownPerson):
        mei.site.people.address(mei.id)


@pytest.mark.parametrize("comes_back", [False, True])
def test_a_message_on_its_way_to_somebody_erased_does_not_stop_the_worker(mei: Person, comes_back: bool) -> None:
    mei.says(CRY)
    mei.site.referrals.resolve("end", take(mei.site, mei), "helped", "再见")
    mei.says("删除")
    if comes_back:
        mei.says("菜单")
    mei.site.worker.send()


# One after another


def test_messages_of_one_person_are_handled_one_after_another(mei: Person, engine: EngineStub) -> None:
    inside, most, lock = 0, 0, threading.Lock()

    def think(_: object) -> tuple[int, dict[str, str], str]:
        nonlocal inside, most
        with lock:
            inside += 1
            most = max(most, inside)
        time.sleep(0.05)
        with lock:
            inside -= 1
        return 200, {}, json.dumps(PAY)

    engine.does(think)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(mei.says, [QUESTION] * 4))
    assert (most, all(answers)) == (1, True)


def test_two_people_do_not_see_each_others_conversation(mei: Person, sok: Person, engine: EngineStub) -> None:
    engine.says(UNSURE)
    mei.says("那个事")
    assert phrase(sok.site, "menu") in sok.says("2")


def test_a_cry_does_not_wait_for_the_wage_question_of_another(mei: Person, sok: Person, engine: EngineStub) -> None:
    thinking, go_on = threading.Event(), threading.Event()

    def think(_: object) -> tuple[int, dict[str, str], str]:
        thinking.set()
        go_on.wait(5)
        return 200, {}, json.dumps(PAY)

    engine.does(think)
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(mei.says, QUESTION)
        assert thinking.wait(5)
        assert "110" in sok.says(CRY)
        go_on.set()
        assert slow.result(10)


@pytest.mark.parametrize(
    ("cry", "number"),
    [
        ("我在深圳被他们锁在房间里不让出去", "12110755"),
        ("they locked me in a room in Guangzhou and i cannot leave", "12110020"),
        ("他们把我锁在房间里，不让我出去", None),
        ("从北京带到深圳，锁在房间里不让我出去", None),
    ],
)
def test_who_names_her_city_gets_the_whole_number_of_its_police_by_sms(
    mei: Person, cry: str, number: str | None
) -> None:
    said = mei.says(cry)
    assert mei.referral is not None
    assert (number in said) if number else not re.search(r"12110\d", said)


def test_a_message_whose_predecessor_does_not_end_is_to_be_delivered_again(mei: Person, engine: EngineStub) -> None:
    engine.says(PAY)
    with mei.site.inbound._turns.alone(mei.id, 0), pytest.raises(StillRunning):
        mei.site.inbound.handle(mei.message(QUESTION, id_="5"), "text", patience_s=3)
    assert engine.asked == 0
    assert "工资" in mei.says(QUESTION, "5")


def test_a_cry_for_help_does_not_wait_for_a_message_that_is_stuck(mei: Person) -> None:
    with mei.site.inbound._turns.alone(mei.id, 0):
        began = time.monotonic()
        assert "110" in mei.says(CRY)
        assert time.monotonic() - began < 3
    assert level(mei) == 1


def test_a_cry_beside_a_message_in_work_leaves_the_session_to_it(mei: Person) -> None:
    with mei.site.inbound._turns.alone(mei.id, 0):
        mei.says(CRY)
        assert mei.site.sessions.load(mei.id).asked is None
    mei.says(CRY)
    assert mei.site.sessions.load(mei.id).danger_at is not None


def test_a_cry_whose_first_delivery_is_stuck_is_answered_and_counts_once(mei: Person) -> None:
    mei.site.inbound._turns.begin("wechat", "5", 0)
    outcome = mei.site.inbound.handle(mei.message(CRY, id_="5"), "text", patience_s=0.6)
    assert "110" in outcome.reply.texts[0]
    assert mei.says(CRY, "5") == outcome.reply.texts[0]
    assert len(mei.transcript) == len(set(mei.transcript))
