"""Proves that on a phone that others may read the service becomes a stranger, and that a cry is heard all the same."""

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone

import pytest
import responses

from bot.core.message import CounsellorId
from bot.core.shelter import Wish, is_the_word, pause_until_safe, wish
from bot.service.shelter import BACK, HIDES
from bot.settings import Settings
from bot.wiring import Site
from tests.people_who_write import CRY, PAY, QUESTION, EngineStub, Person, phrase, site_on

STRANGERS = ("wrong_number_1", "wrong_number_2", "wrong_number_3")


@pytest.fixture
def site(settings: Settings) -> Iterator[Site]:
    with site_on(settings) as site:
        yield site


@pytest.fixture
def engine() -> Iterator[EngineStub]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as web:
        web.add_passthru("unix://")
        stub = EngineStub(web)
        stub.says(PAY)
        yield stub


@pytest.fixture
def mei(site: Site, engine: EngineStub) -> Person:
    return Person(site)


def remarks(person: Person) -> list[str]:
    assert person.referral is not None
    lines = person.site.referrals.transcript(person.referral, CounsellorId("c1"))
    return [line.text for line in lines if line.who == "screen"]


# What is understood as a wish


@pytest.mark.parametrize(
    ("text", "word"),
    [("安全词 西瓜", "西瓜"), ("安全词是西瓜", "西瓜"), ("暗号：小芳", "小芳"), ("safe word mango", "mango"),
     ("Safeword: MANGO", "mango"), ("my safe word is rain.", "rain"), ("từ an toàn là xoài", "xoài"),
     ("tu an toan xoai", "xoai"), ("คำลับ มะม่วง", "มะม่วง"), ("ဘေးကင်းစကား ပန်း", "ပန်း"), ("ពាក្យសម្ងាត់ ស្វាយ", "ស្វាយ"),
     ("ຄຳລັບ ດອກໄມ້", "ດອກໄມ້")],
)  # fmt: skip
def test_a_safe_word_is_chosen(text: str, word: str) -> None:
    assert wish(text) == Wish("word", word)


@pytest.mark.parametrize(
    "text", ["发错了", "Sorry, wrong number.", "nhầm số rồi", "nham so", "ผิดเบอร์ค่ะ", "နံပါတ်မှားနေတယ်", "ច្រឡំលេខ", "ຜິດເບີ"]
)
def test_a_wrong_number_is_said_in_every_language(text: str) -> None:
    assert wish(text) == Wish("wrong_number")


@pytest.mark.parametrize("text", ["安全词 12345", "安全词 赵钱孙李周吴郑王冯陈褚卫蒋", "safe word 1"])
def test_a_word_that_would_be_found_by_chance_is_refused(text: str) -> None:
    assert wish(text) == Wish("bad_word")


@pytest.mark.parametrize(
    ("text", "hours"),
    [("安全时间 20-22", (20, 22)), ("安全时间是20点到22点", (20, 22)), ("safe hours 8 to 10", (8, 10)),
     ("safe hours: 22:00-6:00", (22, 6))],
)  # fmt: skip
def test_safe_hours_are_told(text: str, hours: tuple[int, int]) -> None:
    assert wish(text) == Wish("hours", hours=hours)


@pytest.mark.parametrize("text", ["发错了", "打错了。", "Wrong number", "sorry, wrong number!"])
def test_a_wrong_number_is_a_wish(text: str) -> None:
    assert wish(text) == Wish("wrong_number")


@pytest.mark.parametrize(
    "text", ["老板发错了工资", "发错了工资怎么办", "安全", "安全时间 20-20", "安全时间 30-40", "hours", "", "safe word"]
)
def test_ordinary_words_are_no_wish(text: str) -> None:
    assert wish(text) is None


@pytest.mark.parametrize(("text", "word"), [("西瓜", "西瓜"), (" 西瓜。", "西瓜"), ("安路", None), ("Anlu", None)])
def test_the_word_is_known_again(text: str, word: str | None) -> None:
    assert is_the_word(text, word)


@pytest.mark.parametrize(("text", "word"), [("我想吃西瓜", "西瓜"), ("安路", "西瓜"), ("", None), ("西瓜", None)])
def test_nothing_else_is_taken_for_the_word(text: str, word: str | None) -> None:
    assert not is_the_word(text, word)


@pytest.mark.parametrize(
    ("hours", "utc", "pause"),
    [
        (None, (3, 0), timedelta(0)),
        ((20, 22), (12, 30), timedelta(0)),
        ((20, 22), (14, 0), timedelta(hours=22)),
        ((20, 22), (11, 15), timedelta(minutes=45)),
        ((22, 6), (21, 59), timedelta(0)),
        ((22, 6), (22, 0), timedelta(hours=16)),
    ],
)
def test_the_pause_lasts_until_her_hours_begin_in_china(
    hours: tuple[int, int] | None, utc: tuple[int, int], pause: timedelta
) -> None:
    assert pause_until_safe(hours, datetime(2026, 11, 21, *utc, tzinfo=timezone.utc)) == pause


# The mode


def test_after_words_of_danger_wrong_number_makes_us_a_stranger(mei: Person) -> None:
    mei.says(CRY)
    assert mei.says("发错了") == phrase(mei.site, "wrong_number_1", "zh")
    assert HIDES in remarks(mei)


def test_a_stranger_stays_a_stranger_whatever_is_asked(mei: Person) -> None:
    mei.says(CRY)
    mei.says("发错了")
    said = [mei.says(text) for text in (QUESTION, "你是谁", "menu", "help", "人工", "1")]
    assert set(said) <= {phrase(mei.site, key, "zh") for key in STRANGERS}


def test_a_stranger_does_not_say_the_same_twice_in_a_row(mei: Person) -> None:
    mei.says(CRY)
    said = [mei.says(text) for text in ("发错了", "你谁", "说话", "喂")]
    assert all(a != b for a, b in zip(said, said[1:], strict=False))


def test_what_is_written_meanwhile_reaches_the_counsellor(mei: Person) -> None:
    mei.says(CRY)
    mei.says("发错了")
    mei.says("他在旁边看")
    assert mei.referral is not None
    lines = mei.site.referrals.transcript(mei.referral, CounsellorId("c1"))
    assert "他在旁边看" in [line.text for line in lines if line.who == "person"]


def test_a_cry_in_the_mode_calls_a_human_and_shows_nothing(mei: Person) -> None:
    mei.says("安全词 西瓜")
    mei.says("发错了")
    assert mei.says(CRY) in {phrase(mei.site, key, "zh") for key in STRANGERS}
    assert mei.referral is not None


def test_the_word_brings_us_back(mei: Person, engine: EngineStub) -> None:
    mei.says(CRY)
    mei.says("安全词 西瓜")
    mei.says("发错了")
    assert mei.says("西瓜") == phrase(mei.site, "safe_word_back", "zh")
    assert BACK in remarks(mei)
    assert mei.says("1") == phrase(mei.site, "safe_yes", "zh")


def test_without_a_word_the_name_of_the_service_brings_us_back(mei: Person) -> None:
    mei.says(CRY)
    mei.says("发错了")
    assert mei.says("安路") == phrase(mei.site, "safe_word_back", "zh")


def test_a_wrong_number_out_of_the_blue_is_an_ordinary_message(mei: Person, engine: EngineStub) -> None:
    mei.says("发错了")
    assert engine.asked == 1


def test_in_english_the_stranger_speaks_english(mei: Person) -> None:
    mei.says("I want to kill myself")
    assert mei.says("wrong number") == phrase(mei.site, "wrong_number_1", "en")


def test_safe_hours_are_kept_and_ended(mei: Person) -> None:
    mei.says("安全时间 20-22")
    person = mei.site.people.name("wechat", mei.address)
    assert mei.site.sessions.load(person).safe_hours == (20, 22)
    mei.says("安全时间取消")
    assert mei.site.sessions.load(person).safe_hours is None
