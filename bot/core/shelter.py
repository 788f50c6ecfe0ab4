"""A phone that others may read: a safe word, the "wrong number" mode, and hours in which writing is safe. Pure.

In the mode every reply reads as if a stranger had been texted by mistake, until the safe word comes as a message of
its own. Words are compared in their folded form.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from bot.core.normalise import normalise

CHINA = timezone(timedelta(hours=8))
"""Safe hours are meant in the time of China."""
NO_WORD = frozenset({"安路", "anlu"})
"""What ends the mode for somebody who never chose a word."""
LONGEST_WORD = 12
_WRONG_NUMBER = frozenset({
    "打错了", "发错了", "发错人了", "打错电话了", "你打错了", "搞错人了", "我发错了", "不好意思发错了",
    "wrong number", "sorry wrong number", "sorry, wrong number", "wrong person", "sorry wrong person",
    "nhầm số", "nhầm số rồi", "nhắn nhầm", "nhắn nhầm rồi", "nhầm người", "nhầm người rồi", "nham so",
    "xin lỗi nhầm số", "nham so roi", "nhan nham",
    "ผิดเบอร์", "ส่งผิด", "ส่งผิดคน", "โทรผิด", "ขอโทษผิดเบอร์", "ผิดเบอร์ค่ะ", "ผิดเบอร์ครับ",
    "နံပါတ်မှား", "နံပါတ်မှားနေတယ်", "နံပါတ်မှားသွားတယ်", "မှားပို့မိတယ်", "လူမှားသွားတယ်", "ច្រឡំលេខ", "ខុសលេខ", "ផ្ញើច្រឡំ",
    "ច្រឡំមនុស្ស", "ຜິດເບີ", "ສົ່ງຜິດ", "ໂທຜິດ", "ສົ່ງຜິດຄົນ",
})  # fmt: skip
_WORD_IS = {
    "en": r"(?:my )?safe ?word(?: is|:)?",
    "vi": r"(?:từ|tu) (?:an toàn|an toan)(?: của tôi)?(?: là| la|:)?",
    "th": r"คํา(?:ปลอดภัย|ลับ)(?:คือ|:)?",
    "my": r"(?:လျှို့ဝှက်|ဘေးကင်း)စကား(?:လုံး)?(?:က|:)?",
    "km": r"ពាក្យ(?:សុវត្ថិភាព|សម្ងាត់)(?:គឺ|:|៖)?",
    "lo": r"ຄໍາ(?:ປອດໄພ|ລັບ)(?:ແມ່ນ|:)?",
}
"""How a safe word is set in the languages that put a space before it (folded: ำ and ຳ in two parts)."""
_SET_WORD = re.compile(
    rf"(?:我的)?(?:安全词|暗号)(?:是|[:：]|\s)*\s*(?P<zh>\S+)|(?:{'|'.join(_WORD_IS.values())})\s+(?P<other>\S+)"
)
_HOUR = r"(?P<{}>\d{{1,2}})(?:[:：]00|点)?"
_HOURS = re.compile(
    rf"(?:安全时间|safe hours?)(?:是|[:：]|\s)*{_HOUR.format('start')}\s*(?:-|–|~|到|至|to)\s*{_HOUR.format('end')}"
)
_NO_HOURS = re.compile(r"(?:安全时间|safe hours?)(?:是|[:：]|\s)*(?:取消|不用了|off|none|any)")
_LAST_HOUR = 24


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person wants of this mode: ``what`` is "word", "bad_word", "hours", "no_hours" or "wrong_number"."""

    what: str
    word: str = ""
    hours: tuple[int, int] | None = None


def wish(text: str) -> Wish | None:
    """The wish that a message consists of, or None."""
    folded = _bare(text)
    if folded in _WRONG_NUMBER:
        return Wish("wrong_number")
    if _NO_HOURS.fullmatch(folded):
        return Wish("no_hours")
    hours = _HOURS.fullmatch(folded)
    if hours:
        start, end = int(hours["start"]), int(hours["end"])
        if start != end and max(start, end) <= _LAST_HOUR:
            return Wish("hours", hours=(start % _LAST_HOUR, end % _LAST_HOUR))
        return None
    word = _SET_WORD.fullmatch(folded)
    if word:
        chosen = word["zh"] or word["other"]
        usable = len(chosen) <= LONGEST_WORD and chosen not in _WRONG_NUMBER and not chosen.isdigit()
        return Wish("word", chosen) if usable else Wish("bad_word")
    return None


def is_the_word(text: str, word: str | None) -> bool:
    """Whether a whole message is the safe word (or, for want of one, the service's name)."""
    said = _bare(text)
    return said == word if word else said in NO_WORD


def pause_until_safe(hours: tuple[int, int] | None, now: datetime) -> timedelta:
    """How long to wait until her safe hours begin; zero inside them, or when there are none. ``now`` is aware."""
    if hours is None:
        return timedelta(0)
    local = now.astimezone(CHINA)
    start, end = hours
    inside = start <= local.hour < end if start < end else local.hour >= start or local.hour < end
    if inside:
        return timedelta(0)
    begins = local.replace(hour=start, minute=0, second=0, microsecond=0)
    return begins - local if begins > local else begins + timedelta(days=1) - local


def _bare(text: str) -> str:
    return normalise(text).text.strip(" .。!！?？~\"'“”")
