"""The language of a message is known from its script, and pinyin counts as Chinese."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.language import LANGUAGES, Language, detect


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("老板不给工资", "zh"),
        ("ช่วยด้วย", "th"),
        ("ຊ່ວຍຂ້ອຍແດ່", "lo"),
        ("ကူညီပါ", "my"),
        ("ជួយខ្ញុំផង", "km"),
        ("ông chủ không trả lương", "vi"),
        ("ong chu khong tra luong cho toi", "vi"),
        ("my boss does not pay me", "en"),
        ("help", "en"),
        ("he locked me in", "en"),
        ("wo laoban bu gei gongzi", "zh"),
        ("jiuming", "zh"),
        ("jiuming!", "zh"),
        ("jiu ming", "zh"),
        ("wo bei guan zai gongchang", "zh"),
    ],
)
def test_a_message_is_known_by_its_script_or_words(text: str, language: Language) -> None:
    assert detect(text) == language


def test_a_chinese_name_does_not_make_an_english_message_chinese() -> None:
    assert detect("my boss in 东莞 does not pay me since march") == "en"


def test_a_few_english_words_do_not_make_a_chinese_message_english() -> None:
    assert detect("我想问 OT 怎么算 thanks") == "zh"


@pytest.mark.parametrize("text", ["jiuming a", "jiuming ah"])
def test_a_short_cry_in_pinyin_is_chinese(text: str) -> None:
    assert detect(text) == "zh"


@pytest.mark.parametrize("text", ["", "1", "110", "😭😭", "...", "+86 10"])
def test_a_message_without_letters_keeps_the_language_of_the_person(text: str) -> None:
    assert (detect(text, default="en"), detect(text, default="zh")) == ("en", "zh")


@given(st.text(st.characters(exclude_categories=()), max_size=300))
def test_any_text_has_one_of_our_languages(text: str) -> None:
    assert detect(text) in LANGUAGES
