"""A text is counted as the network counts it, and cut into pieces that fit without losing a character."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.sms import GSM7_DOUBLE, fits_sms, is_gsm7, parts, split, units


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("a" * 459, 3),
        ("a" * 460, 4),
        ("字" * 70, 1),
        ("字" * 71, 2),
        ("字" * 134, 2),
        ("字" * 135, 3),
        ("字" * 201, 3),
        ("字" * 202, 4),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("😭" * 35, 1),
        ("😭" * 36, 2),
        ("a" * 69 + "字", 1),
        ("a" * 70 + "字", 2),
    ],
)
def test_a_text_travels_in_as_many_parts_as_the_network_counts(text: str, count: int) -> None:
    assert parts(text) == count


def test_one_chinese_character_makes_the_whole_text_wide() -> None:
    assert (is_gsm7("pay"), is_gsm7("pay 钱")) == (True, False)


@pytest.mark.parametrize("character", sorted(GSM7_DOUBLE))
def test_the_extended_characters_count_twice(character: str) -> None:
    assert units(character) == 2


@pytest.mark.parametrize(("length", "fits"), [(201, True), (202, False)])
def test_three_parts_are_the_limit(length: int, fits: bool) -> None:
    assert fits_sms("字" * length) is fits


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("一二三四五六。\n七八九十", "一二三四五六。"),
        ("一二三四五。六七八九十", "一二三四五。"),
        ("一二三四五，六七八九十", "一二三四五，"),
        ("one two. three four", "one two."),
        ("one two three four", "one two"),
        ("一二三四五六七八九十", "一二三四五六七八"),
    ],
)
def test_a_text_is_cut_at_a_line_a_sentence_a_comma_a_space_or_else_anywhere(text: str, first: str) -> None:
    limit = 8 if not text.isascii() else 9
    assert split(text, lambda piece: len(piece) <= limit)[0] == first


def test_a_text_that_fits_stays_in_one_piece() -> None:
    assert split("一。二。三", fits_sms) == ["一。二。三"]


def test_an_empty_text_has_no_pieces() -> None:
    assert split(" \n ", fits_sms) == []


@given(st.text(st.sampled_from("ab字。，. ,\n€😭"), max_size=120), st.integers(1, 40))
@settings(deadline=None)
def test_no_character_is_lost_but_white_space_at_a_cut(text: str, limit: int) -> None:
    pieces = split(text, lambda piece: units(piece) <= limit)
    assert "".join("".join(pieces).split()) == "".join(text.split())


@given(st.text(st.sampled_from("ab字。，. ,\n€"), max_size=120), st.integers(2, 40))
@settings(deadline=None)
def test_every_piece_fits_and_says_something(text: str, limit: int) -> None:
    pieces = split(text, lambda piece: units(piece) <= limit)
    assert all(piece.strip() and units(piece) <= limit for piece in pieces)


@given(st.text(max_size=1_500))
@settings(deadline=None, max_examples=50)
def test_any_text_is_cut_into_pieces_that_can_be_sent(text: str) -> None:
    assert all(fits_sms(piece) for piece in split(text, fits_sms))
