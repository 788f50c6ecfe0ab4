"""The pieces that our seven languages need, and the tokenizer over them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers

if TYPE_CHECKING:
    from nlu.encoder.base import Base

SPECIAL = 4
START, END, UNKNOWN = 0, 2, 3
LATIN_PIECES = 30_000
"""The most frequent Latin pieces; the base knows a hundred languages, we need English, pinyin and Vietnamese."""
_ASIAN = (
    (0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1780, 0x17FF), (0x2000, 0x20CF), (0x3000, 0x303F), (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF), (0xAA60, 0xAA7F), (0xFF00, 0xFF60), (0x1F300, 0x1FAFF),
)  # fmt: skip
_VIETNAMESE = frozenset(
    "àáảãạăằắẳẵặâầấẩẫậèéẻẽẹêềếểễệìíỉĩịòóỏõọôồốổỗộơờớởỡợùúủũụưừứửữựỳýỷỹỵđ\u0300\u0301\u0303\u0309\u0323"
)
_INVISIBLE = "[\x00-\x08\x0b\x0e-\x1f\x7f\u200b-\u200f\ufeff\ufdfa]"


def kept_pieces(base: Base) -> list[int]:
    """Ids of the pieces to keep: the special ones, those of our scripts, and the most frequent Latin ones."""
    kept, latin = [], 0
    for number, piece in enumerate(base.pieces):
        letters = piece.replace("▁", "")
        if number < SPECIAL or not letters:
            kept.append(number)
        elif all(_asian(c) or _latin(c) for c in letters):
            if any(_asian(c) for c in letters):
                kept.append(number)
            elif latin < LATIN_PIECES:
                kept.append(number)
                latin += 1
    return kept


def _asian(char: str) -> bool:
    return any(low <= ord(char) <= high for low, high in _ASIAN)


def _latin(char: str) -> bool:
    return ord(char) < 0x80 or char.lower() in _VIETNAMESE


def tokenizer(base: Base, kept: list[int]) -> Tokenizer:
    """Unigram over the kept pieces: NFKC, lower case, invisible characters gone, white space as one."""
    made = Tokenizer(models.Unigram([(base.pieces[i], float(base.scores[i])) for i in kept], UNKNOWN, False))
    made.normalizer = normalizers.Sequence(
        [
            normalizers.NFKC(),
            normalizers.Replace(Regex(_INVISIBLE), ""),
            normalizers.Lowercase(),
            normalizers.Replace(Regex(r"\s+"), " "),
        ]
    )
    made.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always", split=True)
    return made
