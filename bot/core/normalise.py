"""One shape for what people write, so that lexicon and patterns meet the word and not its disguise.

People under watch or in a hurry write s.u.i.c.i.d.e, 救 命, 救$命, ⓗⓔⓛⓟ, 救命 in traditional characters or with
zero-width characters between. The folding here is for matching only; what was written is kept as it was.
"""

import functools
import re
import unicodedata
from dataclasses import dataclass

import opencc

from bot.core.message import MAX_TEXT

_INVISIBLE = re.compile(
    r"[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5"
    r"\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0"
    r"\U000e0000-\U000e0fff\ufdfa]|[\ud800-\udfff]"
)
_MARKS_IN_A_ROW = re.compile(r"([\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u20d0-\u20ff]){2,}")
_HAN = r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_GAP_IN_HAN = re.compile(rf"(?<=[{_HAN}])(?:[ \t\u3000·•・\-_*~^$#@|/\\]+|\.)(?=[{_HAN}])")
_SPELLED_OUT = re.compile(r"(?<![a-z0-9])(?:[a-z0-9@$!][.\-_*·•~|/\\ ]{1,2}){2,}[a-z0-9@$!](?![a-z0-9])")
_SEPARATORS = re.compile(r"[.\-_*·•~|/\\ ]")
_SPACES = re.compile(r"[ \t\r\f\v\u3000]+")
_REPEATED = re.compile(r"(.)\1{3,}", re.DOTALL)
_LEET = re.compile(r"(?<=[a-z])[013457$@!](?=[a-z])|(?<![\w$@!])[$@](?=[a-z]{2})")
_LEET_LETTERS = dict(zip("013457$@!", "oieastsai", strict=True))
# Letters of other scripts that look like Latin ones (a choice of Cyrillic and Greek).
_LOOKALIKE = str.maketrans("аеорсухіѕјһԁɡոβαοενκρτυχι", "aeopcyxisjhdgnbaoevkptuxi")


@functools.lru_cache(maxsize=1)
def _simplifier() -> "opencc.OpenCC":
    return opencc.OpenCC("t2s")


@dataclass(frozen=True, slots=True)
class Normalised:
    """A message folded for matching.

    ``text``: NFKC, lower case, simplified characters, invisible characters and gaps inside words gone.
    """

    text: str
    cut: bool
    """True when the message was longer than MAX_TEXT and its middle was not read."""


def bounded(text: str) -> tuple[str, bool]:
    """The first and the last half of what is read: the question of a long story stands at its end."""
    if len(text) <= MAX_TEXT:
        return text, False
    half = MAX_TEXT // 2
    return text[:half] + "\n" + text[1 - half :], True


def normalise(original: str) -> Normalised:
    """Folds a message; any string is accepted, lone surrogates and ten thousand combining marks included."""
    text, cut = bounded(original)
    text = _INVISIBLE.sub("", text)
    text, cut_again = bounded(unicodedata.normalize("NFKC", text))  # one character may become eighteen
    text = _INVISIBLE.sub("", _MARKS_IN_A_ROW.sub(r"\1", text)).lower().replace("\u2019", "'").replace("\u2018", "'")
    if not text.isascii():
        text = _simplifier().convert(text)
        text = _GAP_IN_HAN.sub("", text)
        if any("\u0370" <= c <= "\u058f" for c in text) and re.search("[a-z]", text):
            text = text.translate(_LOOKALIKE)
    text = _SPELLED_OUT.sub(lambda m: _SEPARATORS.sub("", m.group()), text)
    text = _LEET.sub(lambda m: _LEET_LETTERS[m.group()], text)
    text = _REPEATED.sub(r"\1\1\1", _SPACES.sub(" ", text)).strip()
    return Normalised(text, cut or cut_again)
