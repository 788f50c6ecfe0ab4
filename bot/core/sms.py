"""How a text travels as SMS: its parts, and where to cut it.

Limits from Twilio's documentation of segments: GSM-7 160 characters alone, 153 in a chain; UCS-2 70 and 67.
"""

import re
from collections.abc import Callable

GSM7 = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM7_DOUBLE = frozenset("^{}\\[~]|€\f")
MAX_PARTS = 3
"""Parts of one answer: 201 Chinese or 459 GSM characters; the rest waits for "send 1 for more"."""
MAX_URGENT_PARTS = 6
"""Parts of first words to somebody in danger, which scripts outside the SMS alphabet need more room for."""

_BREAKS = (re.compile(r"\n+"), re.compile(r"(?<=[。！？；])|(?<=[.!?;])\s+"), re.compile(r"(?<=[，、])|(?<=,)\s+|\s+"))


Fits = Callable[[str], bool]


def is_gsm7(text: str) -> bool:
    return all(c in GSM7 or c in GSM7_DOUBLE for c in text)


def units(text: str) -> int:
    """Length in the units that the network counts: GSM-7 septets, or UTF-16 code units."""
    if is_gsm7(text):
        return sum(2 if c in GSM7_DOUBLE else 1 for c in text)
    return len(text.encode("utf-16-be", "surrogatepass")) // 2


def parts(text: str) -> int:
    """How many SMS the text is sent as."""
    alone, chained = (160, 153) if is_gsm7(text) else (70, 67)
    count = units(text)
    return 1 if count <= alone else -(-count // chained)


def split(text: str, fits: Fits) -> list[str]:
    """Cuts a text into pieces that fit, at a line if one can, else a sentence, a comma or space, a character.

    No character is lost but white space at a cut; a piece is never empty.
    """
    pieces: list[str] = []
    rest = text.strip()
    while rest:
        if fits(rest):
            pieces.append(rest)
            break
        head = _head(rest, fits)
        pieces.append(head.rstrip())
        rest = rest[len(head) :].lstrip()
    return pieces


def _head(text: str, fits: Fits) -> str:
    low, high = 1, len(text)
    while low < high:  # the longest beginning that fits
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(text[:middle].rstrip()) else (low, middle - 1)
    window = text[:low]
    for boundary in _BREAKS:
        ends = [m.end() for m in boundary.finditer(window) if m.end() >= len(window) // 2]
        if ends and window[: ends[-1]].strip():
            return window[: ends[-1]]
    return window


def fits_sms(text: str) -> bool:
    return parts(text) <= MAX_PARTS


def fits_urgent_sms(text: str) -> bool:
    return parts(text) <= MAX_URGENT_PARTS
