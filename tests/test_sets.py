"""The evaluation sets are whole, and nothing in them, nor anything nearly the same, was trained on."""

import functools
from collections import Counter
from pathlib import Path

import pytest

from bot.core.language import LANGUAGES
from bot.core.similar import folded, moulds, near, near_within
from bot.evaluating import SETS, SetBroken, read_set, training_texts
from bot.evaluating_distress import read_distress
from bot.settings import ROOT
from nlu.screen.texts import QUESTION, Text, all_texts, written

TRAINING = ROOT / "nlu" / "training"
TOPICS = {path.relative_to(ROOT / "content" / "answers").with_suffix("").as_posix() for path in
          (ROOT / "content" / "answers").glob("*/*.yml")}  # fmt: skip
LEAST = {"zh": 15, "en": 15}
EACH = pytest.mark.parametrize("language", LANGUAGES)


def trained(language: str) -> list[str]:
    return [text for path in sorted((TRAINING / language).glob("*.yml")) for text in training_texts(path)]


@EACH
def test_every_topic_has_its_messages_and_none_twice(language: str) -> None:
    rows = read_set(SETS / f"topics.{language}.tsv")
    counts = Counter(topic for topic, _ in rows)
    assert set(counts) == TOPICS
    assert {t: n for t, n in counts.items() if n < LEAST.get(language, 5)} == {}
    assert [text for text, n in Counter(folded(text) for _, text in rows).items() if n > 1 and text] == []


@EACH
def test_no_message_of_a_set_or_anything_near_it_was_trained_on(language: str) -> None:
    known = trained(language)
    for name in ("topics", "distress"):
        path = SETS / f"{name}.{language}.tsv"
        if path.exists():
            asked = [line.split("\t")[-1] for line in path.read_text(encoding="utf-8").splitlines()]
            assert [(asked[a], known[b]) for a, b, _ in near(asked, known)] == []


@pytest.mark.parametrize(("language", "least"), [("zh", 150), ("en", 120), *((code, 40) for code in LANGUAGES[2:])])
def test_every_topic_has_its_training_texts(language: str, least: int) -> None:
    small_talk = {"talk.greet", "talk.thanks", "talk.goodbye", "talk.language", "talk.menu", "talk.human"}
    for topic in sorted(t.replace("/", ".", 1) for t in TOPICS):
        assert len(training_texts(TRAINING / language / f"{topic}.yml")) >= (
            20 if topic in small_talk else least - 3
        ), topic


def test_near_duplicates_and_moulds_are_found() -> None:
    texts = [
        "老板三个月没发工资了怎么办",
        "老板三个月没发工资怎么办",
        "我想辞职",
        "how much is the fee for this",
        "how much is",
    ]
    assert [(a, b) for a, b, _ in near_within(texts)] == [(0, 1)]
    assert list(near(["我想辞职！"], texts)) == [(0, 2, 1.0)]
    assert list(near(["🙏"], ["🌹"])) == []
    assert moulds(["can my boss do this now", "can my boss keep my card", "where is the office please"], least=2) == [
        ("can my boss", 2)
    ]


def test_a_broken_line_of_a_set_is_named(tmp_path: Path) -> None:
    path = tmp_path / "topics.zh.tsv"
    path.write_text("wages/unpaid\t没发工资\nno tab here\n", encoding="utf-8")
    with pytest.raises(SetBroken, match="line 2"):
        read_set(path)


# The distress screen's texts and sets

DISTRESS_SETS = sorted(SETS.glob("distress*.tsv"))
ENOUGH = {"zh": (1_500, 3_000), "en": (1_500, 3_000)}
ENOUGH_ELSEWHERE = (300, 300)
"""Messages of people in danger, and purpose-written ones of people who are not."""


@functools.cache
def every_text() -> tuple[Text, ...]:
    return tuple(all_texts())


def screen_texts(language: str) -> list[Text]:
    return [row for row in every_text() if row.language == language]


@pytest.mark.parametrize("path", DISTRESS_SETS, ids=lambda path: path.name)
def test_a_distress_set_is_in_order_and_holds_nothing_twice(path: Path) -> None:
    texts = [folded(text) or text for _, _, text in read_distress(path)]
    assert [text for text, count in Counter(texts).items() if count > 1] == []


@pytest.mark.parametrize("path", DISTRESS_SETS, ids=lambda path: path.name)
def test_nothing_near_a_distress_set_was_trained_on(path: Path) -> None:
    language = path.name.split(".")[1]
    known = [row.text for row in screen_texts(language)]
    asked = [text for _, _, text in read_distress(path)]
    alike = [(asked[i], known[j]) for i, j, _ in near(asked, known)]
    assert alike == []


@EACH
def test_the_screen_has_texts_enough(language: str) -> None:
    danger, harmless = ENOUGH.get(language, ENOUGH_ELSEWHERE)
    rows = screen_texts(language)
    assert sum(row.danger for row in rows) >= danger
    assert sum(not row.danger and row.shape != QUESTION for row in rows) >= harmless


def test_a_broken_line_of_the_screens_texts_is_named(tmp_path: Path) -> None:
    path = tmp_path / "zh.tsv"
    path.write_text("none\t0\teveryday\t你好\nnone\t你好\n", encoding="utf-8")
    with pytest.raises(ValueError, match="line 2"):
        written(path)
