"""Training texts with their labels, and the slips that real messages have and written texts have not."""

from __future__ import annotations

import random
import unicodedata
from collections import defaultdict
from pathlib import Path

import opencc
import yaml
from pypinyin import Style, lazy_pinyin

TRAINING = Path(__file__).resolve().parents[1] / "training"
LEFT_OUT = ("inform", "dont_know", "leave_form", "start_")
"""Intents that no wording leads to (nlu/training/forms.yml)."""


def training_texts() -> list[tuple[str, str, str]]:
    """(language, label, text) of every training text; labels as in the engine (``ask/wages.unpaid``)."""
    rows = []
    for path in sorted(TRAINING.glob("*/*.yml")):
        for block in yaml.safe_load(path.read_text(encoding="utf-8"))["nlu"]:
            label = block.get("intent", "")
            if not label or label.startswith(LEFT_OUT):
                continue
            lines = [line.strip().removeprefix("- ").strip() for line in block["examples"].splitlines()]
            rows += [(path.parent.name, label, line) for line in lines if line]
    return rows


class Slips:
    """Rewrites a text as it might also come: without tone marks, in pinyin, in traditional characters, mistyped."""

    def __init__(self, texts: list[str], seed: int) -> None:
        self._chance = random.Random(seed)
        self._traditional = opencc.OpenCC("s2t")
        self._alike: dict[str, list[str]] = defaultdict(list)
        for char in sorted({c for text in texts for c in text if "\u4e00" <= c <= "\u9fff"}):
            self._alike[lazy_pinyin(char)[0]].append(char)

    def __call__(self, language: str, text: str) -> str:
        roll = self._chance.random()
        if language == "vi" and roll < 0.25:
            return without_marks(text)
        if language == "zh":
            if roll < 0.03:
                return " ".join(lazy_pinyin(text, style=Style.NORMAL))
            if roll < 0.07:
                return self._traditional.convert(text)
            if roll < 0.17:
                return self._homophone(text)
        return self._mistyped(text) if roll > 0.9 else text

    def _homophone(self, text: str) -> str:
        places = [i for i, c in enumerate(text) if "\u4e00" <= c <= "\u9fff"]
        if not places:
            return text
        place = self._chance.choice(places)
        return text[:place] + self._chance.choice(self._alike[lazy_pinyin(text[place])[0]]) + text[place + 1 :]

    def _mistyped(self, text: str) -> str:
        """One character dropped, doubled or changed places with the next."""
        if len(text) < 5:
            return text
        place = self._chance.randrange(1, len(text) - 2)
        kind = self._chance.randrange(3)
        if kind == 0:
            return text[:place] + text[place + 1 :]
        if kind == 1:
            return text[:place] + text[place] + text[place:]
        return text[:place] + text[place + 1] + text[place] + text[place + 2 :]


def without_marks(text: str) -> str:
    """Vietnamese as typed without its tone marks."""
    split = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
    return "".join(c for c in split if not unicodedata.combining(c))
