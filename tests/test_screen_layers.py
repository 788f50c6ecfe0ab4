"""Proves how the screen's layers are put together: cues, the reader of meaning, the balance, and a fault in each."""

import random
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.core.screen import Screen
from bot.core.screen.balance import Balance, BalanceBroken, load_balance
from bot.core.screen.cues import Cues, CuesBroken
from bot.core.screen.lexicon import Entry, Lexicon
from bot.core.screen.literals import Commonness, needed
from bot.core.screen.verdict import Reading

ENTRY = Entry("t.beaten", "violence", 1, ("打我",), (), sound=False, firm=False, example="打我", counter="")
FIRM = Entry("t.help", "threat", 1, ("救命",), (), sound=False, firm=True, example="救命", counter="")
UNSURE = Entry("t.sad", "suicide", 0, ("难受",), (), sound=False, firm=False, example="难受", counter="")
LEXICON = Lexicon((ENTRY, FIRM, UNSURE), ())
FIGURES: dict[str, Any] = {
    "words_alone": {
        "unsure_hit": 1.0, "bars": {"any": {"escalate": 1.0, "ask": 0.0}, "th": {"escalate": 9.0, "ask": 9.0}},
    },
    "with_reader": {
        "start": 0.0, "reader": 1.0, "cues": 1.0, "level_1": 2.0, "level_2": 1.0, "unsure_hit": 0.5,
        "excused_hit": -1.0, "bars": {"any": {"escalate": 2.0, "ask": 1.0}},
    },
}  # fmt: skip
CUES = "-1.0\t-\t0\t0\t\n1.5\tconfinement\t9\t1\t锁\n2.0\tmedical\t5\t0\tbleed\n-1.5\t-\t0\t9\t电影\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "balance.yml").write_text(yaml.safe_dump(FIGURES), encoding="utf-8")
    (tmp_path / "cues.zh.tsv").write_text(CUES, encoding="utf-8")
    return tmp_path


def reading(danger: float, now: float = 0.0, *kinds: str) -> Any:
    return lambda text: Reading(danger, kinds or ("threat",), now)


def screen(folder: Path, reader: Any = None) -> Screen:
    return Screen(LEXICON, Cues.from_folder(folder), reader, load_balance(folder))


# Cues


def test_cues_add_up_and_take_away(folder: Path) -> None:
    cues = Cues.from_folder(folder)
    points = [round(cues(text, "zh").points, 1) for text in ("你好", "锁", "锁锁锁", "电影里锁")]
    assert points == [-1.0, 0.5, 0.5, -1.0]


def test_a_cue_of_latin_letters_is_a_whole_word(folder: Path) -> None:
    cues = Cues.from_folder(folder)
    assert cues("i bleed.", "zh").points > cues("bleeding", "zh").points == -1.0


def test_a_counsellor_is_told_the_strongest_cues(folder: Path) -> None:
    weight = Cues.from_folder(folder)("锁 bleed", "zh")
    assert (weight.strongest, weight.kinds) == (("bleed", "锁"), ("medical", "confinement"))


@pytest.mark.parametrize("line", ["x\t-\t0\t0\ta", "1.0\tanger\t0\t0\ta", "1.0\t-\t0", "1.0\t-\t0\t0\ta\tb"])
def test_a_broken_line_of_cues_is_named(tmp_path: Path, line: str) -> None:
    (tmp_path / "cues.zh.tsv").write_text("0.0\t-\t0\t0\t\n" + line + "\n", encoding="utf-8")
    with pytest.raises(CuesBroken, match="line 2"):
        Cues.from_folder(tmp_path)


# On words alone


def test_on_words_alone_a_hit_of_the_lexicon_stands(folder: Path) -> None:
    assert screen(folder)("电影里他打我").level == 1


def test_on_words_alone_enough_cues_call_a_human(folder: Path) -> None:
    found = screen(folder)("锁 bleed")
    assert (found.level, found.kinds) == (2, ("medical",))
    assert "its words add up to danger (+2.5): “bleed”, “锁”" in found.reasons


def test_on_words_alone_a_few_cues_ask(folder: Path) -> None:
    found = screen(folder)("锁")
    assert (found.level, found.check, found.kinds, found.quiet) == (4, True, ("confinement",), True)


def test_each_language_has_its_own_bars(folder: Path) -> None:
    assert screen(folder)("锁 bleed").escalates
    assert not screen(folder)("ครับครับครับครับ 锁 bleed").escalates


def test_an_unsure_hit_with_cues_calls_a_human(folder: Path) -> None:
    assert screen(folder)("难受").check
    assert screen(folder)("难受，锁").escalates


# With a reader of meaning


def test_meaning_finds_what_no_word_says(folder: Path) -> None:
    found = screen(folder, reading(4.0, 0.0, "suicide"))("攒了四十几粒了")
    assert (found.level, found.kinds) == (2, ("suicide",))


def test_where_the_lexicon_says_that_a_question_decides_meaning_must_be_surer(folder: Path) -> None:
    bar = 3.0  # the folder's bar for escalating
    assert screen(folder, reading(bar - 0.5 + 0.4))("难受").check
    assert screen(folder, reading(bar - 0.5 + 1.4))("难受").escalates


def test_meaning_tells_that_the_danger_is_now(folder: Path) -> None:
    assert screen(folder, reading(4.0, 1.0))("他上楼了").level == 1


def test_meaning_can_overrule_a_word(folder: Path) -> None:
    assert not screen(folder, reading(-6.0))("他打我电话").escalates


def test_meaning_never_overrules_a_firm_entry(folder: Path) -> None:
    assert screen(folder, reading(-8.0))("救命").level == 1


def test_meaning_never_overrules_a_message_that_is_nothing_but_the_cry(folder: Path) -> None:
    assert screen(folder, reading(-8.0))("打我！").level == 1
    assert not screen(folder, reading(-8.0))("晚上有空就打我家里座机").escalates


def test_between_the_thresholds_the_gentle_question_is_asked(folder: Path) -> None:
    found = screen(folder, reading(2.5))("今年过年不用等我了")
    assert (found.level, found.check) == (4, True)


# Faults


class Failing:
    def __call__(self, text: str) -> Reading:
        raise RuntimeError(text)


def test_a_reader_that_fails_leaves_the_words_and_the_gentle_question(folder: Path) -> None:
    broken = screen(folder, Failing())
    assert broken("打我").level == 1
    found = broken("你好")
    assert found.check
    assert found.faults == ("the reader of meaning failed (RuntimeError): treated as unsure",)


def test_cues_that_fail_leave_the_rest(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = screen(folder)
    monkeypatch.setattr(broken, "_cues", Failing())
    assert broken("救命").level == 1
    assert broken("你好").check


def test_a_fault_is_told_without_the_words(folder: Path) -> None:
    assert "东莞" not in "".join(screen(folder, Failing())("我在东莞").reasons)


# Together with the messages before


def test_fragments_are_read_together(folder: Path) -> None:
    alone = screen(folder)("锁")
    joined = screen(folder).together(alone, "锁", ["bleed"])
    assert (alone.escalates, joined.escalates) == (False, True)
    assert joined.reasons[0] == "together with the messages before it"


def test_what_came_before_never_makes_it_less_serious(folder: Path) -> None:
    alone = screen(folder)("打我")
    assert screen(folder).together(alone, "打我", ["电影", "电影"]) == alone


# The balance


@pytest.mark.parametrize("broken", ["", "with_reader: {}", "words_alone: 1", "words_alone: [", "more: 1"])
def test_a_broken_balance_is_refused(tmp_path: Path, broken: str) -> None:
    (tmp_path / "balance.yml").write_text(broken, encoding="utf-8")
    with pytest.raises(BalanceBroken, match=r"balance\.yml"):
        load_balance(tmp_path)


def test_without_a_balance_the_lexicon_decides(tmp_path: Path) -> None:
    assert load_balance(tmp_path) == Balance()


# What a pattern needs


COMMON = Commonness(["他我打"])


@pytest.mark.parametrize(
    ("pattern", "literals"),
    [
        ("锁", {"锁"}),
        ("打(?:了|着)?我", {"打我", "打了我", "打着我"}),
        ("(?:打|踢)我", {"打我", "踢我"}),
        ("我.{0,5}锁", {"锁"}),
        ("(?<!没)锁(?!匠)", {"锁"}),
        ("(?:锁|关)?", set()),
        ("[锁关]门", {"锁门", "关门"}),
        (r"\d+", set()),
        ("(?=.*锁).", {"锁"}),
    ],
)
def test_what_a_pattern_cannot_match_without(pattern: str, literals: set[str]) -> None:
    assert needed(pattern, COMMON) == literals


def test_no_pattern_of_ours_matches_a_text_without_one_of_its_literals() -> None:
    """The pre-filter is only allowed to save work: each example of the lexicon is found with and without it."""
    from tests.test_screen import REAL

    chance = random.Random(1)
    patterns = [p for entry in REAL.entries for p in entry.patterns if p.literals]
    texts = [text for entry in REAL.entries for text in (entry.example, entry.counter) if text]
    for pattern in chance.sample(patterns, 300):
        for text in texts:
            match = pattern.compiled.search(text)
            assert match is None or any(literal in text for literal in pattern.literals)
