"""Offers, forms, second questions and lists as the gateway leads through them; the engine is stubbed."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import responses

from bot.settings import Settings
from bot.wiring import Site
from tests.people_who_write import CRY, PAY, QUESTION, UNSURE, EngineStub, Person, decided, phrase, site_on

ASKS_PLACE = decided("form/wages_claim/place")
ASKS_SECTOR = decided("form/wages_claim/sector", place="GD.dongguan")
UNCLEAR = decided("system/form_unclear", "form/wages_claim/sector", place="GD.dongguan")
BETWEEN = decided("wages/overtime_pay", "form/wages_claim/sector", ranking={"ask/wages.overtime_pay": 0.9})
DONE = decided("form/wages_claim", place="GD.dongguan", wages_claim_sector="site", wages_claim_months=3.0)
LEFT = decided("system/form_left")


@pytest.fixture
def engine() -> Iterator[EngineStub]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as web:
        yield EngineStub(web)


@pytest.fixture
def mei(settings: Settings, engine: EngineStub) -> Iterator[Person]:
    with site_on(settings) as site:
        yield Person(site)


@pytest.fixture
def bodies(engine: EngineStub) -> list[dict[str, Any]]:
    """What the engine is asked; it answers with the form's second question."""
    seen: list[dict[str, Any]] = []

    def asked(request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        seen.append(json.loads(request.body or "{}"))
        return 200, {}, json.dumps(ASKS_SECTOR)

    engine.does(asked)
    return seen


def question(site: Site, asking: str, language: str = "zh") -> str:
    return site.answers.form_question(asking, language)


def offered(site: Site) -> str:
    title = site.library.forms["wages_claim"].title.zh
    return phrase(site, "offer_form", title=title, number=1)


def test_an_answer_offers_its_form_and_one_begins_it(mei: Person, engine: EngineStub) -> None:
    engine.says(PAY, ASKS_PLACE)
    assert offered(mei.site) in mei.says(QUESTION)
    begun = mei.says("1")
    assert begun.startswith("要回工资：一共6个问题")
    assert begun.endswith(question(mei.site, "wages_claim/place"))


def test_the_same_answer_is_not_said_twice_the_form_begins(mei: Person, engine: EngineStub) -> None:
    engine.says(PAY, PAY, ASKS_PLACE)
    mei.says(QUESTION)
    assert mei.says("那能要回多少").endswith(question(mei.site, "wages_claim/place"))


def test_an_engine_that_only_repeats_itself_is_heard_out(mei: Person, engine: EngineStub) -> None:
    engine.says(PAY)
    mei.says(QUESTION)
    assert mei.outcome("那能要回多少").answer == "wages/unpaid"


@pytest.mark.parametrize("yes", ["好", "好的", "yes", "可以"])
def test_an_offer_is_accepted_in_words(mei: Person, engine: EngineStub, yes: str) -> None:
    engine.says(PAY, ASKS_PLACE)
    mei.says(QUESTION)
    assert mei.says(yes).endswith(question(mei.site, "wages_claim/place"))


def test_an_offer_declined_is_dropped(mei: Person, engine: EngineStub) -> None:
    engine.says(PAY)
    mei.says(QUESTION)
    assert mei.says("不") == phrase(mei.site, "offer_declined")
    assert phrase(mei.site, "menu") in mei.says("1")


def test_numbers_in_a_form_are_answers_and_no_menu(mei: Person, engine: EngineStub) -> None:
    engine.says(ASKS_SECTOR, DONE)
    mei.says("工资")
    assert "建筑工地" in mei.says("2")
    assert mei.site.sessions.load(mei.id).form is None


def test_choices_are_numbered(mei: Person, engine: EngineStub) -> None:
    engine.says(ASKS_SECTOR)
    assert mei.says("工资").splitlines()[-4:] == [
        "1 工厂、店铺、公司",
        "2 建筑工地、装修",
        "3 在别人家里（保姆、护工）",
        "4 跑单、临时工",
    ]


def test_another_question_is_answered_and_the_form_asks_again(mei: Person, engine: EngineStub) -> None:
    engine.says(ASKS_SECTOR, BETWEEN)
    mei.says("工资")
    text = mei.says("加班费怎么算")
    assert "21.75" in text
    assert text.endswith(question(mei.site, "wages_claim/sector"))
    assert phrase(mei.site, "form_goes_on") in text


def test_what_is_not_understood_is_asked_again_with_a_hint(mei: Person, engine: EngineStub) -> None:
    engine.says(ASKS_SECTOR, UNCLEAR)
    mei.says("工资")
    text = mei.says("嗯嗯那个")
    assert phrase(mei.site, "form_unclear") in text
    assert text.endswith(question(mei.site, "wages_claim/sector"))


@pytest.mark.parametrize("word", ["退出", "stop", "取消"])
def test_a_stop_word_leaves_the_form_by_the_engine(mei: Person, engine: EngineStub, word: str) -> None:
    engine.says(ASKS_SECTOR, LEFT)
    mei.says("工资")
    assert mei.says(word) == phrase(mei.site, "form_left")
    assert mei.site.sessions.load(mei.id).form is None


def test_a_cry_leaves_the_form_at_once_and_the_engine_is_told_later(mei: Person, bodies: list[dict[str, Any]]) -> None:
    mei.says("工资")
    mei.says(CRY)
    assert len(bodies) == 1
    assert mei.referral is not None
    assert mei.site.sessions.load(mei.id).form_to_leave


def test_the_engine_is_told_once_that_its_form_is_over(mei: Person, bodies: list[dict[str, Any]]) -> None:
    mei.says("工资")
    session = mei.site.sessions.load(mei.id)
    mei.site.sessions.save(mei.id, session.without_form())
    mei.says("加班费怎么算")
    mei.says("还有别的")
    assert [body["leave"] for body in bodies] == [False, True, False]


def test_a_second_question_is_offered(mei: Person, engine: EngineStub) -> None:
    engine.says(decided("rights/union", ranking={"ask/rights.union": 0.9}, also="ask/rights.probation"))
    title = mei.site.library.answers["rights/probation"].title.zh
    assert phrase(mei.site, "offer_answer", title=title, number=1) in mei.says("工会怎么进？试用期多久？")
    assert mei.outcome("1").answer == "rights/probation"


def test_distress_is_never_a_second_question(mei: Person, engine: EngineStub) -> None:
    engine.says(decided("rights/union", ranking={"ask/rights.union": 0.9}, also="distress/violence"))
    mei.says("工会怎么进")
    assert mei.site.sessions.load(mei.id).offers == ("helped/yes/rights/union", "helped/no/rights/union")


def test_did_you_mean_is_answered_by_name(mei: Person, engine: EngineStub) -> None:
    engine.says(UNSURE)
    mei.says("那个事")
    assert mei.outcome("法律援助").answer == "help/legal_aid"


def test_the_second_one_can_still_be_read_after_the_first(mei: Person, engine: EngineStub) -> None:
    engine.says(UNSURE)
    mei.says("那个事")
    mei.says("1")
    assert mei.outcome("第二个").answer == "wages/unpaid"


def test_what_is_not_understood_is_counted_by_topic_and_never_by_word(mei: Person, engine: EngineStub) -> None:
    engine.says(UNSURE)
    mei.says("那个秘密的事")
    mei.says("0")
    month = mei.site.unanswered.month()
    assert mei.site.unanswered.of(month) == {"rights/written_contract": 2}
    store = mei.site.store
    kept = [str(store.client.hgetall(key)) for key in store.client.scan_iter(store.keys("unanswered", "*"))]
    assert "秘密" not in "".join(kept)


def test_more_can_be_asked_for_by_word(settings: Settings, engine: EngineStub) -> None:
    engine.says(decided("rights/union", "rights/written_contract", ranking={"ask/rights.union": 0.9}))
    with site_on(settings) as site:
        sok = Person(site, "sms", "sms", "+85512345678")
        sok.says(QUESTION)
        assert sok.outcome("继续").answer == "system/more"


def test_the_engine_away_in_a_form_gives_the_menu(mei: Person, engine: EngineStub) -> None:
    engine.says(PAY)
    mei.says(QUESTION)
    engine._web.reset()
    assert phrase(mei.site, "engine_away") in mei.says("1")


@pytest.mark.parametrize(("words", "language"), [("can I write in english please", "en"), ("能不能说中文", "zh")])
def test_a_language_is_changed_by_asking(mei: Person, engine: EngineStub, words: str, language: str) -> None:
    engine.says(decided("talk/language", ranking={"ask/talk.language": 0.9}), PAY)
    assert mei.says(words) == phrase(mei.site, "language_is", language)
    assert mei.site.answers.library.answers["wages/unpaid"].text.in_(language)[:6] in mei.says(
        "我妈" if language == "en" else "ok"
    )


# Did it help, and the cases of a topic


def helped(mei: Person) -> dict[str, int]:
    return mei.site.helped.of(mei.site.helped.month())


@pytest.mark.parametrize(
    ("said", "counted"),
    [("1", "yes"), ("2", "no"), ("有用", "yes"), ("没用", "no"), ("好的", "yes"), ("不", "no"), ("看不懂", "no")],
)
def test_whether_an_answer_helped_is_counted_by_its_id(
    mei: Person, engine: EngineStub, said: str, counted: str
) -> None:
    engine.says(decided("rights/union", ranking={"ask/rights.union": 0.9}))
    assert mei.says("工会怎么进").endswith(phrase(mei.site, "helped_question", yes=1, no=2))
    assert mei.says(said) == phrase(mei.site, f"helped_{counted}")
    assert helped(mei) == {f"rights/union {counted}": 1}
    store = mei.site.store
    kept = [str(store.client.hgetall(key)) for key in store.client.scan_iter(store.keys("helped", "*"))]
    assert kept
    assert not any("工会" in each or mei.id in each for each in kept)


def test_a_verdict_is_given_once(mei: Person, engine: EngineStub) -> None:
    engine.says(decided("rights/union", ranking={"ask/rights.union": 0.9}))
    mei.says("工会怎么进")
    mei.says("1")
    assert phrase(mei.site, "menu") in mei.says("1")
    assert helped(mei) == {"rights/union yes": 1}


def test_the_verdict_stands_below_what_is_offered(mei: Person, engine: EngineStub) -> None:
    engine.says(PAY)
    text = mei.says(QUESTION)
    cases = mei.site.answers.cases_of("wages/unpaid")
    assert text.endswith(phrase(mei.site, "helped_question", yes=len(cases) + 2, no=len(cases) + 3))
    assert mei.says(str(len(cases) + 3)) == phrase(mei.site, "helped_no")
    assert helped(mei) == {"wages/unpaid no": 1}


@pytest.mark.parametrize("topic", ["talk/greet", "talk/thanks", "talk/out_of_scope"])
def test_nobody_is_asked_whether_a_greeting_helped(mei: Person, engine: EngineStub, topic: str) -> None:
    engine.says(decided(topic, ranking={topic: 0.9}))
    mei.says("你好呀")
    assert mei.site.sessions.load(mei.id).offers == ()


def test_who_is_asked_whether_she_is_safe_is_asked_nothing_else(mei: Person, engine: EngineStub) -> None:
    engine.says(decided("rights/union", ranking={"ask/rights.union": 0.5, "distress/violence": 0.5}))
    text = mei.says("工会怎么进")
    assert text.endswith(phrase(mei.site, "check_question"))
    assert mei.site.sessions.load(mei.id).offers == ()


def test_the_case_that_a_message_tells_of_is_answered(mei: Person, engine: EngineStub) -> None:
    engine.says(PAY)
    assert mei.outcome("我在人家里当保姆，东家不给钱").answer == "wages/unpaid/domestic"
    assert "form/wages_claim" in mei.site.sessions.load(mei.id).offers


def test_a_message_that_tells_no_case_gets_the_topic_and_its_cases(mei: Person, engine: EngineStub) -> None:
    engine.says(PAY)
    outcome = mei.outcome("工资没发")
    assert outcome.answer == "wages/unpaid"
    titles = [mei.site.library.answers[case].title.zh for case in mei.site.answers.cases_of("wages/unpaid")]
    assert len(titles) == 6
    assert [title for title in titles if title not in outcome.reply.texts[0]] == []


@pytest.mark.parametrize("by", ["number", "name"])
def test_a_case_is_chosen_from_the_list(mei: Person, engine: EngineStub, by: str) -> None:
    engine.says(PAY)
    mei.says("工资没发")
    wanted = "wages/unpaid/boss_gone"
    number = 2 + mei.site.answers.cases_of("wages/unpaid").index(wanted)
    said = str(number) if by == "number" else mei.site.library.answers[wanted].title.zh
    assert mei.outcome(said).answer == wanted


def test_an_sms_lists_no_cases(settings: Settings, engine: EngineStub) -> None:
    engine.says(PAY)
    with site_on(settings) as site:
        mei = Person(site, channel="sms", style="sms", address="+85512345678")
        mei.says("工资没发")
        offers = site.sessions.load(mei.id).offers
    assert not any(offer.startswith("wages/") for offer in offers)


@pytest.mark.parametrize(("words", "country"), [("在泰国老板不发工资", "thailand"), ("金边的厂欠我工资", "cambodia")])
def test_who_names_another_country_hears_that_the_law_is_chinas_and_is_offered_its_numbers(
    mei: Person, engine: EngineStub, words: str, country: str
) -> None:
    engine.says(PAY)
    text = mei.says(words)
    assert phrase(mei.site, "law_of_china") in text
    assert f"help/hotlines/{country}" in mei.site.sessions.load(mei.id).offers


def test_the_numbers_of_the_country_that_is_named_are_given(mei: Person, engine: EngineStub) -> None:
    engine.says(decided("help/hotlines", ranking={"ask/help.hotlines": 0.9}))
    outcome = mei.outcome("我在老挝，打什么电话")
    assert outcome.answer == "help/hotlines/laos"
    assert phrase(mei.site, "law_of_china") not in outcome.reply.texts[0]


def test_numbers_to_choose_from_stand_below_the_last_piece_only(settings: Settings, engine: EngineStub) -> None:
    engine.says(PAY, ASKS_PLACE)
    with site_on(settings) as site:
        mei = Person(site)
        text = mei.says("chủ không trả lương cho tôi")
        more, offer = phrase(site, "more", "vi"), site.library.forms["wages_claim"].title.in_("vi")
        pieces = [text]
        while pieces[-1].endswith(more):
            pieces.append(mei.says("1"))
        assert [offer in piece for piece in pieces] == [False] * (len(pieces) - 1) + [True]
        assert mei.says("1").endswith(question(site, "wages_claim/place", "vi"))


def test_whatever_is_offered_can_be_chosen_by_one_digit(mei: Person, engine: EngineStub) -> None:
    engine.says(decided("wages/unpaid", ranking={"ask/wages.unpaid": 0.9}, also="ask/rights.probation"))
    mei.says("在泰国工资没发，试用期多久")
    offers = mei.site.sessions.load(mei.id).offers
    assert len(offers) == 9
    assert not any(offer.startswith("helped/") for offer in offers)
