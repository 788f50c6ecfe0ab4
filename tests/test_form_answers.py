"""A form's question is answered by numbers, words and amounts; a message that is something else is no answer."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.form_answers import LEAVES, NO, STILL, UNKNOWN, YES, read_answer

TODAY = date(2026, 11, 22)
KINDS = ["choice", "yes_no", "no_yes", "money", "months", "years", "days", "hours", "left", "month", "place"]
WORK = {"company": ["厂", "店", "shop"], "site": ["工地", "site"], "home": ["保姆", "family"]}


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("money", "3500", 3500), ("money", "三千五", 3500), ("money", "大概4000", 4000), ("money", "5k per month", 5000),
        ("months", "3", 3), ("months", "三个月", 3), ("months", "半个月", 0.5), ("months", "half a month", 0.5),
        ("years", "3", 36), ("years", "2年3个月", 27), ("years", "8个月", 8), ("years", "two and a half years", 30),
        ("hours", "20", 20), ("hours", "没有", 0), ("hours", "none", 0), ("hours", "no", 0), ("hours", "30个小时", 30),
        ("left", "1", STILL), ("left", "还在", STILL), ("left", "still working", STILL), ("left", "去年11月", "2025-11"),
        ("left", "三个月前", "2026-08"), ("left", "I left in March 2026", "2026-03"),
        ("yes_no", "1", YES), ("yes_no", "签过", YES), ("yes_no", "有", YES), ("yes_no", "yes i did", YES),
        ("yes_no", "2", NO), ("yes_no", "没签", NO), ("yes_no", "not yet", NO), ("no_yes", "没有", NO),
        ("yes_no", "3", UNKNOWN), ("yes_no", "có", YES), ("yes_no", "chưa", NO), ("yes_no", "ไม่มี", NO), ("yes_no", "มี", YES),
        ("yes_no", "ဟုတ်ကဲ့", YES), ("yes_no", "မရှိဘူး", NO), ("yes_no", "មាន", YES), ("yes_no", "អត់ទេ", NO),
        ("yes_no", "ແມ່ນ", YES), ("yes_no", "ບໍ່ມີ", NO),
        ("days", "3天", 3), ("days", "5", 5), ("days", "10 days", 10), ("days", "两天半", 2.5), ("days", "没有", 0),
        ("month", "上个月", "2026-10"), ("month", "2026年3月", "2026-03"), ("month", "three months ago", "2026-08"),
        ("choice", "2", "site"), ("choice", "第二个", "site"), ("choice", "在工地上干", "site"), ("choice", "0", UNKNOWN),
        ("choice", "a small shop", "company"), ("choice", "带孩子的保姆", "home"),
    ],
)  # fmt: skip
def test_an_answer_is_read(kind: str, text: str, value: float | str) -> None:
    assert read_answer(kind, text, TODAY, WORK) == value


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "text",
    ["不知道", "我也不清楚", "忘了", "i don't know", "not sure", "idk", "跳过", "不记得了"]
    + ["i don\u2019t know", "không biết", "khong biet", "ไม่รู้ค่ะ", "မသိဘူး", "អត់ដឹងទេ", "ບໍ່ຮູ້"],
)
def test_not_knowing_is_an_answer_to_everything(kind: str, text: str) -> None:
    assert read_answer(kind, text, TODAY, WORK) == UNKNOWN


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("money", "3"), ("money", "what is the minimum wage?"), ("months", "那要是没合同呢"), ("yes_no", "没有合同怎么办"),
        ("yes_no", "can they do this?"), ("choice", "工地不给钱怎么办"), ("choice", "9"), ("left", "last year"),
        ("month", "1"), ("hours", "老板说加班不算钱，我们几个人都不知道该找谁去说，天天干到半夜"), ("yes_no", "老板没给过"),
    ],
)  # fmt: skip
def test_something_else_is_no_answer(kind: str, text: str) -> None:
    assert read_answer(kind, text, TODAY, WORK) is None


@pytest.mark.parametrize(
    "text", ["退出", "算了", "不填了吧", "stop", "Never mind", "取消。", "dừng lại", "หยุด", "ရပ်မယ်", "ឈប់", "ຢຸດ"]
)
def test_leaving_is_understood(text: str) -> None:
    assert LEAVES.match(text)


@pytest.mark.parametrize("text", ["不想活了", "stop him please", "算了，我不想活了"])
def test_a_cry_is_not_taken_for_leaving(text: str) -> None:
    assert not LEAVES.match(text)


@given(st.sampled_from(KINDS), st.text(max_size=80))
def test_any_message_is_borne(kind: str, text: str) -> None:
    value = read_answer(kind, text, TODAY, WORK)
    assert value is None or isinstance(value, (str, float))
