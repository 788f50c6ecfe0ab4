"""Two questions in one message, and a message that leans on the one before."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.questions import leans_on_the_last, questions


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("老板不发工资怎么办？还有社保没交能补吗", ["老板不发工资怎么办", "社保没交能补吗"]),
        ("工资多少合法，另外加班费怎么算", ["工资多少合法", "加班费怎么算"]),
        (
            "how much is overtime and also can boss keep my passport?",
            ["how much is overtime", "can boss keep my passport"],
        ),
        ("老板三个月没发工资了，孩子要上学。怎么办", []),
        ("怎么办？？？", []),
        ("", []),
    ],
)
def test_the_questions_of_a_message_are_told_apart(text: str, parts: list[str]) -> None:
    assert questions(text) == parts


@pytest.mark.parametrize("text", ["那要是没合同呢", "how much then", "多久能拿到", "what if no contract", "去哪里办"])
def test_a_short_message_leans_on_the_last(text: str) -> None:
    assert leans_on_the_last(text)


@pytest.mark.parametrize(
    "text", ["老板三个月没发工资了", "my boss keep my passport", "那天我在厂里上班的时候被机器压到手了老板不管我"]
)
def test_a_message_of_its_own_does_not(text: str) -> None:
    assert not leans_on_the_last(text)


@given(st.text(max_size=300))
def test_any_message_is_borne(text: str) -> None:
    assert len(questions(text)) != 1
    leans_on_the_last(text)
