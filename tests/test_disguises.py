"""Proves that a disguise does not change what the screen says of a message: over our own evaluation sets."""

import functools
import random

import pytest

from bot.core.screen import Screen, Verdict
from bot.evaluating import SETS
from bot.evaluating_distress import DANGER, read_distress
from bot.wiring import load_screen
from tests.variants import LOSSLESS, LOSSY, Variant, is_han

SEED = 11
SAMPLE = 120
STILL_HEARD = 0.85
"""Share of escalated messages that are still escalated or asked about when the disguise costs letters."""


@functools.cache
def screen() -> Screen:
    return load_screen()


@functools.cache
def sample(language: str) -> list[tuple[str, str]]:
    rows = [(shape, text) for shape, _, text in read_distress(SETS / f"distress.{language}.tsv")]
    return random.Random(SEED).sample(rows, SAMPLE)


def outcome(verdict: Verdict) -> tuple[int, bool]:
    return verdict.level, verdict.check


PAIRS = [(language, variant) for language, variants in LOSSLESS.items() for variant in variants]
COSTLY = [(language, variant) for language, variants in LOSSY.items() for variant in variants]


@pytest.mark.parametrize(("language", "variant"), PAIRS, ids=lambda value: getattr(value, "__name__", value))
def test_a_disguise_that_costs_nothing_changes_nothing(language: str, variant: Variant) -> None:
    chance = random.Random(SEED)
    # Half pinyin and emoji between characters are read as they stand: gaps can only be told inside Chinese.
    rows = [
        text for _, text in sample(language) if language == "en" or all(is_han(c) or c in "，。？！、" for c in text)
    ]
    changed = [text for text in rows if outcome(screen()(variant(text, chance))) != outcome(screen()(text))]
    assert changed == []


@pytest.mark.parametrize(("language", "variant"), COSTLY, ids=lambda value: getattr(value, "__name__", value))
def test_a_cry_in_a_costly_disguise_is_mostly_still_heard(language: str, variant: Variant) -> None:
    chance = random.Random(SEED)
    cries = [text for shape, text in sample(language) if shape in DANGER and screen()(text).escalates]
    heard = [v for v in (screen()(variant(text, chance)) for text in cries) if v.escalates or v.check]
    assert len(heard) >= STILL_HEARD * len(cries), f"{len(heard)} of {len(cries)}"
