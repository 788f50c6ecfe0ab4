"""The fine-tuned sentence encoder at run time: ONNX on one thread, no PyTorch (nlu/encoder builds it)."""

from __future__ import annotations

import json
import re
import unicodedata
from pathlib import Path
from typing import List, Optional, Text, Tuple

import numpy as np
from onnxruntime import InferenceSession, SessionOptions
from tokenizers import Tokenizer

MODEL = Path(__file__).resolve().parents[1] / "encoder" / "model"
MAX_CHARACTERS = 600
"""Time grows with length; of a longer story its beginning and its end, where the question is, count."""
BLOCK = 32
"""Weights that share one scale in the four-bit word embeddings."""
_UNREADABLE = re.compile(r"[\x00\ud800-\udfff\ufdfa]")
_START, _END = 0, 2


def readable(text: Text) -> Text:
    """The text as encoder and n-grams get it: NFKC, lower case, bounded, without what encoders choke on."""
    text = unicodedata.normalize("NFKC", _UNREADABLE.sub("", text[: 4 * MAX_CHARACTERS])).strip().lower()
    if len(text) > MAX_CHARACTERS:
        half = MAX_CHARACTERS // 2
        text = f"{text[:half]} {text[-half:]}"
    return text or " "


class Encoder:
    """Reads one message; ``labels`` are the topics that its head knows, in the order of the logits.

    ``network``: other layers and another head over the same vocabulary and word embeddings (nlu/screen).
    """

    def __init__(self, folder: Path = MODEL, network: Optional[Path] = None) -> None:
        options = SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session = InferenceSession(
            str(network or folder / "encoder.onnx"), options, providers=["CPUExecutionProvider"]
        )
        self._tokens = Tokenizer.from_file(str(folder / "tokenizer.json"))
        with np.load(folder / "words.npz") as kept:
            self._scales, self._pairs = kept["scales"], kept["pairs"]
            self._positions = kept["positions"].astype(np.float32)
        self.labels: List[Text] = json.loads((folder / "labels.json").read_text(encoding="utf-8"))

    def __call__(self, text: Text) -> Tuple[np.ndarray, np.ndarray]:
        """Logits, one a label, and the vector of 384 numbers."""
        ids = self._tokens.encode(readable(text), add_special_tokens=False).ids
        room = len(self._positions) - 2
        if len(ids) > room:
            ids = ids[: room // 2] + ids[-(room // 2) :]
        embedded = self._words([_START, *ids, _END])
        logits, vector = self._session.run(None, {"embedded": embedded[np.newaxis]})
        return logits, vector

    def _words(self, ids: List[int]) -> np.ndarray:
        pairs = self._pairs[ids]
        numbers = np.empty((len(ids), 2 * pairs.shape[1]), dtype=np.float32)
        numbers[:, 0::2] = pairs & 15
        numbers[:, 1::2] = pairs >> 4
        scales = np.repeat(self._scales[ids].astype(np.float32), BLOCK, axis=1)
        return (numbers - 8) * scales + self._positions[: len(ids)]
