"""Chinese by its sound: 究命 and jiu ming are both jiuming."""

import functools
import re
import unicodedata

from pypinyin.pinyin_dict import pinyin_dict

_LATIN_RUN = re.compile(r"[a-z]+(?:[ '\-]+[a-z]+)*")


def _plain(reading: str) -> str:
    bare = unicodedata.normalize("NFD", reading.split(",")[0]).replace("u\u0308", "v")
    return "".join(c for c in bare if not unicodedata.combining(c))


@functools.lru_cache(maxsize=1)
def _table() -> dict[int, str]:
    """Code point to its first reading without tone, closed by an apostrophe so that syllables stay apart."""
    return {point: _plain(reading) + "'" for point, reading in pinyin_dict.items()}


def syllables(text: str) -> str:
    """Every Chinese character as its syllable and an apostrophe; anything else as it is."""
    return text.translate(_table())


def joined(text: str) -> str:
    """The syllables of Chinese text without anything between them, as pinyin is typed: 救命 -> jiuming."""
    return syllables(text).replace("'", "")


def typed(text: str) -> list[str]:
    """Runs of Latin letters with the gaps taken out: 'jiu ming a' -> 'jiuminga'."""
    return [re.sub(r"[ '\-]+", "", run) for run in _LATIN_RUN.findall(text)]
