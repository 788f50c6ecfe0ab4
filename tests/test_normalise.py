"""Whatever disguise a word wears, it comes out of the folding as itself, and no text at all breaks the folding."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.message import MAX_TEXT
from bot.core.normalise import normalise

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=300)


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("救命", "救命"),
        ("救 命", "救命"),
        ("救　命", "救命"),
        ("救.命", "救命"),
        ("救$命", "救命"),
        ("救\u200b命", "救命"),
        ("報警", "报警"),
        ("老闆不給錢", "老板不给钱"),
        ("ⓗⓔⓛⓟ", "help"),
        ("ＨＥＬＰ", "help"),
        ("HELP", "help"),
        ("h e l p", "help"),
        ("s.u.i.c.i.d.e", "suicide"),
        ("k-i-l-l", "kill"),
        ("k1ll me", "kill me"),
        ("r4pe", "rape"),
        ("hеlp", "help"),
        ("he\u00adlp", "help"),
        ("救命啊啊啊啊啊啊", "救命啊啊啊"),
        ("  help   me  ", "help me"),
        ("", ""),
    ],
)
def test_a_disguised_word_is_folded_to_itself(written: str, folded: str) -> None:
    assert normalise(written).text == folded


@pytest.mark.parametrize("written", ["工资 3000 元", "110", "2025-03-01", "a b", "他打我。救我"])
def test_ordinary_writing_stays_as_it_is(written: str) -> None:
    assert normalise(written).text.replace(" ", "") == written.replace(" ", "")


@pytest.mark.parametrize("mark", ["!", "!!!", "！"])
def test_an_exclamation_mark_after_a_word_does_not_change_the_word(mark: str) -> None:
    assert normalise(f"he has a knife{mark}").text.rstrip("!") == "he has a knife"


def test_an_exclamation_mark_before_a_word_does_not_change_the_word() -> None:
    assert normalise("!help me").text.lstrip("!") == "help me"


@pytest.mark.parametrize("written", ["在看电影\n救命", "在看电影. 救命"])
def test_lines_and_sentences_of_chinese_stay_apart(written: str) -> None:
    assert "影救" not in normalise(written).text


def test_the_beginning_and_the_end_of_a_long_story_are_read() -> None:
    folded = normalise("开头" + "，话很长" * MAX_TEXT + "救命")
    assert folded.text.startswith("开头")
    assert folded.text.endswith("救命")


@pytest.mark.parametrize(("length", "cut"), [(MAX_TEXT, False), (MAX_TEXT + 1, True)])
def test_a_message_says_when_it_was_cut(length: int, cut: bool) -> None:
    assert normalise("字" * length).cut is cut


def test_ten_thousand_combining_marks_are_folded_away() -> None:
    assert len(normalise("救" + "\u0301\u0302" * 5_000 + "命").text) <= 8


def test_the_end_of_a_message_survives_letters_that_grow() -> None:
    assert normalise("\ufdfa" * 500 + "。救命").text.endswith("救命")


@given(ANY_TEXT)
@settings(deadline=None)
def test_any_text_is_folded_to_text_that_can_be_sent_and_stored(text: str) -> None:
    folded = normalise(text).text
    assert folded.encode("utf-8").decode("utf-8") == folded


@given(ANY_TEXT)
@settings(deadline=None)
def test_nothing_invisible_is_left(text: str) -> None:
    assert not {"\u200b", "\u200d", "\ufeff", "\u00ad", "\u202e"} & set(normalise(text).text)
