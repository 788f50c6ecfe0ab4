"""Short replies are read as people write them, and a doubtful one is never taken for "I am safe"."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.choices import Reserved, choice, plain_answer, reserved, yes_no_later


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1", 1), (" 2 ", 2), ("３", 3), ("①", 1), ("1️⃣", 1), ("二", 2), ("两", 2), ("第二个", 2), ("我选3", 3),
        ("选择4", 4), ("回1", 1), ("5。", 5), ("6)", 6), ("7、", 7), ("#8", 8), ("option 9", 9), ("number 3", 3),
        ("the second one", 2), ("Three", 3), ("0", 0), ("都不是", 0), ("none", 0), ("1吧", 1), ("2号", 2),
    ],
)  # fmt: skip
def test_a_number_is_read_however_it_is_written(text: str, number: int) -> None:
    assert choice(text) == number


@pytest.mark.parametrize(
    "text", ["", "10", "12333", "1 2", "我有2个孩子", "one of us is hurt", "3000", "不是1", "1月没发工资", "救命"]
)
def test_a_message_with_a_number_in_it_is_no_choice(text: str) -> None:
    assert choice(text) is None


@given(st.text(st.characters(exclude_categories=()), max_size=60))
def test_any_text_is_one_digit_or_no_choice(text: str) -> None:
    assert choice(text) in {None, *range(10)}


@pytest.mark.parametrize(
    "text", ["1", "１", "一", "是", "是的", "好的。", "安全", "我安全", "没事", "Yes", "ok!", "i'm safe"]
)
def test_a_plain_yes_is_a_yes(text: str) -> None:
    assert yes_no_later(text) == 1


@pytest.mark.parametrize(
    "text", ["2", "二", "不", "不安全", "不安全！", "不方便", "现在不方便", "No.", "NOT SAFE", "i'm not safe", "危险"]
)
def test_a_plain_no_is_a_no(text: str) -> None:
    assert yes_no_later(text) == 2


@pytest.mark.parametrize("text", ["不太安全", "not really", "safe? no", "救命", "help", "我怕", "有点怕", "i cant"])
def test_a_short_reply_that_sounds_negative_is_a_no(text: str) -> None:
    assert yes_no_later(text) == 2


@pytest.mark.parametrize(
    "text", ["3", "三", "晚点再说", "不好说", "不知道", "not sure", "later", "maybe", "i don't know"]
)
def test_not_now_and_not_sure_are_later(text: str) -> None:
    assert yes_no_later(text) == 3


@pytest.mark.parametrize(
    "text", ["", "0", "4", "他在旁边", "安全吗", "yes but he is here", "我老板三个月没有给我们发工资，怎么办"]
)
def test_anything_else_is_no_answer(text: str) -> None:
    assert yes_no_later(text) is None


@pytest.mark.parametrize("yes", ["是", "好", "可以", "方便", "安全", "没事", "ok", "safe", "sure", "1"])
@pytest.mark.parametrize("turn", ["不{}", "不太{}", "没有{}", "not {}", "{}?不"])
def test_a_yes_that_is_turned_round_is_never_a_yes(yes: str, turn: str) -> None:
    assert yes_no_later(turn.format(yes)) != 1


@pytest.mark.parametrize("text", ["no one", "No one.", "noone"])
def test_no_one_is_not_number_one(text: str) -> None:
    assert yes_no_later(text) != 1


@given(st.text(st.characters(exclude_categories=()), max_size=60))
def test_any_text_is_yes_no_later_or_something_else(text: str) -> None:
    assert yes_no_later(text) in {None, 1, 2, 3}


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("STOP", Reserved.STOP), ("退订", Reserved.STOP), ("end.", Reserved.STOP), ("人工", Reserved.HUMAN),
        ("“人工”", Reserved.HUMAN), ("HUMAN!", Reserved.HUMAN), ("菜单", Reserved.MENU), ("中文", Reserved.CHINESE),
        ("English", Reserved.ENGLISH), ("删除", Reserved.DELETE), ("ＤＥＬＥＴＥ", Reserved.DELETE),
    ],
)  # fmt: skip
def test_a_reserved_word_alone_has_its_meaning(text: str, word: Reserved) -> None:
    assert reserved(text) is word


@pytest.mark.parametrize(
    "text", ["", "please stop him", "他不停止打我", "我想和人说话", "delete my boss", "he will end me"]
)
def test_a_reserved_word_in_a_sentence_has_no_meaning_of_its_own(text: str) -> None:
    assert reserved(text) is None


@pytest.mark.parametrize("text", ["๑", "໑", "១", "၁", "１"])
def test_a_number_in_the_digits_of_any_script_chooses(text: str) -> None:
    assert choice(text) == 1


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("an toàn", 1), ("không an toàn", 2), ("để sau", 3), ("ปลอดภัย", 1), ("ไม่ปลอดภัย", 2), ("ไว้ทีหลัง", 3),
        ("ကင်းတယ်", 1), ("မကင်းဘူး", 2), ("နောက်မှ", 3), ("បាទ", 1), ("មិនស្រួល", 2), ("ចាំក្រោយ", 3), ("ປອດໄພ", 1),
        ("ບໍ່ປອດໄພ", 2), ("ພາຍຫຼັງ", 3),
    ],
)  # fmt: skip
def test_she_may_answer_in_her_own_language(text: str, meaning: int) -> None:
    assert plain_answer(text) == meaning


@pytest.mark.parametrize("text", ["tôi sợ", "ฉันกลัว", "ကြောက်တယ်", "ខ្ញុំខ្លាច", "ຂ້ອຍຢ້ານ"])
def test_fear_in_any_language_is_no_yes(text: str) -> None:
    assert yes_no_later(text) == 2
