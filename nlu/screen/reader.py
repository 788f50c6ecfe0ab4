"""The screen's reader of meaning at run time: ONNX on one thread, no PyTorch (nlu/screen/train.py makes it)."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bot.core.screen.verdict import KINDS, Reading
from nlu.components.encoder import MODEL as WORDS
from nlu.components.encoder import Encoder

MODEL = Path(__file__).with_name("model")
LEAST_SHARE = 0.3
"""A kind is named when it has at least this share of the belief in danger."""


class Reader:
    """Reads a folded message (bot.core.normalise) and tells how far it reads as a cry for help.

    Raises whatever ONNX or the tokenizer raise; the screen takes that as "unsure".
    """

    def __init__(self, folder: Path = MODEL) -> None:
        self._encoder = Encoder(WORDS, folder / "encoder.onnx")

    def __call__(self, text: str) -> Reading:
        outputs, _ = self._encoder(text)
        kinds, none, now = outputs[: len(KINDS)], outputs[len(KINDS)], outputs[-1]
        top = float(kinds.max())
        danger = top + float(np.log(np.exp(kinds - top).sum()))
        order = np.argsort(-kinds)
        shares = np.exp(kinds - danger)
        likely = tuple(KINDS[i] for i in order if shares[i] >= LEAST_SHARE)
        return Reading(danger - float(none), likely, float(now))
