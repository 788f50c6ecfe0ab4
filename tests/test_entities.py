"""Amounts are read in the forms that people use."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.entities import READ_AT_MOST, find, han_number, number

TODAY = date(2026, 11, 22)
DIGITS = "零一二三四五六七八九"


def in_han(value: int) -> str:
    """A number from 1 to 9999 as it is read out in full, written independently of the reader."""
    said, gap = "", False
    for unit, word in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = value // unit % 10
        if digit:
            said += ("零" if gap and said else "") + DIGITS[digit] + word
            gap = False
        else:
            gap = True
    return said


@given(st.integers(1, 9999))
def test_every_number_read_out_in_full_is_read(value: int) -> None:
    assert han_number(in_han(value)) == value


@given(st.integers(1, 9999), st.integers(1, 9999))
def test_every_number_of_ten_thousands_is_read(high: int, low: int) -> None:
    zero = "零" if low < 1000 else ""
    assert han_number(f"{in_han(high)}万{zero}{in_han(low)}") == high * 10_000 + low


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("三千五", 3500), ("三千零五", 3005), ("一万二", 12_000), ("八百五", 850), ("两百", 200), ("十五", 15),
        ("二零二五", 2025), ("半", 0.5), ("两个", None), ("3500", 3500), ("3,500", 3500), ("3k5", 3500), ("5K", 5000),
        ("1.2万", 12_000), ("1w2", 12_000), ("3千五", 3500), ("３５００", 3500), ("two thousand five hundred", 2500),
        ("two and a half", 2.5), ("half a", 0.5), ("no number", None), ("", None),
    ],
)  # fmt: skip
def test_a_number_is_read_as_people_write_it(text: str, value: float | None) -> None:
    assert number(text) == value


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("欠我三千五百块", "money", 3500), ("rmb 4500", "money", 4500), ("￥3500", "money", 3500),
        ("一万多块", "money", 10_000), ("three thousand yuan", "money", 3000),
        ("仨月没发", "months", 3), ("两个半月", "months", 2.5), ("半年", "months", 6), ("两年半", "months", 30),
        ("九年零三个月", "months", 111), ("a month and a half", "months", 1.5), ("15天", "months", 0.5),
        ("2 years and 3 months", "months", 27),
        ("三月份", "date", "2026-03"), ("去年12月走的", "date", "2025-12"), ("2025年3月5号", "date", "2025-03"),
        ("since March", "date", "2026-03"), ("last month", "date", "2026-10"), ("上个月", "date", "2026-10"),
        ("12月", "date", "2025-12"), ("in may", "date", "2026-05"), ("2026-03-01", "date", "2026-03"),
        ("每天12个小时", "hours", 12), ("十一个半小时", "hours", 11.5), ("12 hrs a day", "hours", 12),
        ("我们二十多个人", "people", 20), ("5 of us", "people", 5),
    ],
)  # fmt: skip
def test_an_amount_is_found_with_its_kind(text: str, kind: str, value: float | str) -> None:
    assert [(f.kind, f.value) for f in find(text, TODAY)] == [(kind, value)]


@pytest.mark.parametrize("text", ["i may go home", "the market", "去年", "last year", "a friend", "一起", "3月工资"])
def test_what_is_no_amount_is_left_alone(text: str) -> None:
    assert [f for f in find(text, TODAY) if f.kind in ("money", "months", "hours", "people")] == []


@given(st.text(alphabet=st.sampled_from("三千五百个月年小时块3k5 .,半零去年上monthsyuan\u0301\U0001f600"), max_size=60))
def test_spans_lie_in_the_text_and_never_overlap(text: str) -> None:
    ends = 0
    for found in find(text, TODAY):
        assert ends <= found.start < found.end <= len(text)
        ends = found.end


@given(st.text(max_size=200))
def test_any_text_is_borne(text: str) -> None:
    find(text, TODAY)
    number(text)


def test_a_long_story_is_read_to_its_limit_only() -> None:
    assert find("字" * READ_AT_MOST + "三个月", TODAY) == []
