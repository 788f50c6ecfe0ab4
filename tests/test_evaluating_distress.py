"""Proves that the distress figures count what they say they count."""

from pathlib import Path

import pytest

from bot import evaluating_distress
from bot.core.screen import Verdict
from bot.evaluating import SetBroken
from bot.evaluating_distress import Screened, below_floor, read_distress, report, screen_all

ALARM = Verdict(1, False, ("violence",), (), "zh")
ASK = Verdict(4, True, (), (), "zh")
CALM = Verdict(4, False, (), (), "zh")


def screened(shape: str, full: Verdict, words: Verdict = CALM, kind: str = "violence") -> Screened:
    return Screened("unseen", "zh", shape, kind, "他又来了", full, words, 2.0, 0.1)


def line(lines: list[str], start: str) -> str:
    return next(each for each in lines if each.startswith(start))


def test_escalated_and_asked_are_counted_apart() -> None:
    lines = list(report([screened("explicit", each) for each in (ALARM, ALARM, ASK, CALM)]))
    found = line(lines, "zh        explicit")
    assert found.split()[2] == "4"
    assert " 50.0 %" in found
    assert " 75.0 %" in found


def test_words_alone_are_counted_apart_from_all_layers() -> None:
    lines = list(report([screened("explicit", ALARM, CALM)]))
    both = [each for each in lines if each.startswith("zh        explicit")]
    assert ("100.0 %" in both[0], "  0.0 %" in both[1]) == (True, True)


def test_misses_and_false_alarms_are_listed_and_what_is_right_is_not() -> None:
    rows = [screened("explicit", ASK), screened("everyday", ALARM, kind="none"), screened("indirect", ALARM)]
    listed = [each for each in report(rows, misses=True) if each.startswith("unseen\t")]
    assert [each.split("\t")[2:5] for each in listed] == [
        ["explicit", "violence", "asked"],
        ["everyday", "none", "escalated"],
    ]


def test_a_floor_that_is_undercut_and_a_bound_that_is_broken_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    floors = tmp_path / "floors.yml"
    floors.write_text("distress: {zh: {explicit: 90, everyday: 10, indirect: 50}}", encoding="utf-8")
    monkeypatch.setattr(evaluating_distress, "FLOORS", floors)
    rows = [screened("explicit", ASK), screened("everyday", ALARM), screened("indirect", ALARM)]
    assert below_floor(rows) == [
        "distress zh, explicit: 0.0 % escalated lies under the floor of 90 %",
        "distress zh, everyday: 100.0 % escalated is over the bound of 10 %",
    ]


@pytest.mark.parametrize(
    "broken", ["explicit\tviolence", "loud\tviolence\tx", "explicit\tanger\tx", "explicit\tthreat\t "]
)
def test_a_broken_line_of_a_set_is_named(tmp_path: Path, broken: str) -> None:
    path = tmp_path / "distress.zh.tsv"
    path.write_text(f"explicit\tviolence\t他打我\n{broken}\n", encoding="utf-8")
    with pytest.raises(SetBroken, match="line 2"):
        read_distress(path)


def test_every_message_of_a_language_is_screened_both_ways() -> None:
    found = screen_all(lambda text: ALARM, lambda text: CALM, ("zh",))
    assert {each.part for each in found} == {"chosen on", "unseen"}
    assert all(each.full is ALARM and each.words is CALM for each in found)
