"""Reads an answer to a numbered question, and the words that have a meaning of their own."""

import re
import unicodedata
from enum import Enum

_DIGITS = {
    **dict(zip("零一二三四五六七八九", range(10), strict=True)),
    "两": 2, "〇": 0,
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "first": 1, "second": 2, "third": 3, "none": 0, "都不是": 0, "都不对": 0,
}  # fmt: skip
_CHOICE = re.compile(
    r"(?:我?[选要是回]|第|选择|number|no\.|option|reply|the|#)*\s*"
    r"([0-9零一二三四五六七八九两〇]|zero|one|two|three|four|five|six|seven|eight|nine|first|second|third|none|都不是|都不对)"
    r"\s*(?:个|号|条|项|吧|one)?[.。、)）!！]?",
    re.IGNORECASE,
)
MOST_CHOICES = 9
"""Choices of one question: a person answers with one digit."""
_KEYCAP = "\u20e3\ufe0f"


class Reserved(Enum):
    """Words that are answered before any understanding."""

    STOP = "stop"
    HUMAN = "human"
    MENU = "menu"
    CHINESE = "zh"
    ENGLISH = "en"
    DELETE = "delete"


_RESERVED = {
    Reserved.STOP: "stop unsubscribe end quit stopall revoke optout cancel 退订 停止 取消 退出 结束",
    Reserved.HUMAN: "human agent counsellor person 人工 转人工 真人 人工客服 找人工 คนจริง လူအစစ် មនុស្សពិត ຄົນແທ້",
    Reserved.MENU: "menu help info start 菜单 目录 帮助 开始",
    Reserved.CHINESE: "中文 chinese zh zhongwen 汉语 普通话",
    Reserved.ENGLISH: "english en 英文 英语",
    Reserved.DELETE: "delete 删除 删掉 清除 删除记录",
}
_WORDS = {word: meaning for meaning, words in _RESERVED.items() for word in words.split()}


def _bare(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).strip().lower()
    kept = "".join(c for c in folded if c not in _KEYCAP)
    return "".join(str(unicodedata.digit(c)) if c.isdigit() else c for c in kept)  # ၁ and ๑ are answers, too


def _plain(text: str) -> str:
    return _bare(text).strip(" .。!！?？~")


def choice(text: str) -> int | None:
    """The number that a short message chooses (1, ２, 第二个, "the second one"), or None."""
    match = _CHOICE.fullmatch(_bare(text))
    if not match:
        return None
    said = match.group(1).lower()
    return int(said) if said.isdigit() else _DIGITS[said]


_ORDINAL = re.compile(
    r"(?:要|选)?第[一二三四五六七八九1-9]个?[吧呢]?|(?:the )?(?:first|second|third)(?: one)?", re.IGNORECASE
)


def ordinal(text: str) -> int | None:
    """The place that "第二个" or "the second one" names in a list; None for a bare number, which may mean more."""
    bare = _plain(text)
    return choice(bare) if _ORDINAL.fullmatch(bare) else None


_MORE = frozenset({"更多", "下文", "继续", "接着说", "还有呢", "more", "next", "continue"})


def wants_more(text: str) -> bool:
    """True for a message that only asks for the rest."""
    return _plain(text) in _MORE


_YES = frozenset({
    "是", "是的", "嗯", "对", "好", "好的", "可以", "方便", "安全", "我安全", "我很安全", "很安全", "安全的",
    "没事", "我没事", "没问题", "没危险", "没有危险", "不危险",
    "yes", "y", "yeah", "yep", "ok", "okay", "sure", "safe", "i am safe", "im safe", "i'm safe", "yes i am safe",
    "yes safe", "fine", "all good", "no danger",
    "có", "co", "rồi", "vâng", "được", "tiện", "an toàn",
    "ใช่", "ได้", "สะดวก", "ปลอดภัย", "ค่ะ", "ครับ",
    "ဟုတ်", "ဟုတ်ကဲ့", "ရတယ်", "ကင်းတယ်",
    "បាទ", "ចាស", "បាន", "ស្រួល", "មាន",
    "ແມ່ນ", "ໄດ້", "ສະດວກ", "ປອດໄພ",
})  # fmt: skip
_PLAIN_NO = frozenset({
    "不", "否", "不是", "不行", "不方便", "不能", "现在不方便", "不安全", "no", "n", "nope", "not safe",
    "không", "khong", "không tiện", "không an toàn", "ไม่", "ไม่ได้", "ไม่สะดวก", "ไม่ปลอดภัย", "မဟုတ်ဘူး", "မရဘူး", "မကင်းဘူး",
    "ទេ", "អត់ទេ", "មិនបាន", "មិនស្រួល", "ບໍ່", "ບໍ່ໄດ້", "ບໍ່ສະດວກ", "ບໍ່ປອດໄພ",
})  # fmt: skip
_PLAIN_LATER = frozenset({
    "晚点", "等下", "等会", "一会儿", "再说", "晚点再说", "later", "not now",
    "để sau", "de sau", "ทีหลัง", "ไว้ทีหลัง", "နောက်မှ", "ចាំក្រោយ", "ພາຍຫຼັງ",
})  # fmt: skip
_NEGATIVE = re.compile(
    r"不|没|别|怕|危险|救|难说|有点"
    r"|\b(?:no|not|nope|never|unsafe|scared|afraid|danger|help|cant|can't|dont|don't|không|khong|sợ|nguy|cứu)\b"
    r"|ไม่|กลัว|อันตราย|ช่วย|မဟုတ်|မကင်း|ကြောက်|ကယ်|ទេ|មិន|ខ្លាច|ជួយ|ບໍ່|ຢ້ານ|ຊ່ວຍ"
)
_DOUBT = re.compile(
    r"不好说|说不好|不知道|不清楚|不确定|晚点|等下|再说|\b(?:maybe|later|not sure|unsure|don'?t know|dunno)\b"
)
_SHORT_CHINESE, _SHORT_UNSPACED, _SHORT_WORDS = 5, 14, 3
"""Characters of Chinese, of Thai, Lao, Khmer and Burmese, or words of any other script, up to which a message is read
as a reply to what was asked, not as a new matter."""
_HAN, _UNSPACED = re.compile(r"[\u3400-\u9fff]"), re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]")


def plain_answer(text: str) -> int | None:
    """The answer to "1 yes, 2 no, 3 later" where a wrong guess would hurt: by number or plain word only."""
    bare = _plain(text)
    number = choice(text)
    if number in (1, 2, 3):
        return number
    answers = ((_YES, 1), (_PLAIN_NO, 2), (_PLAIN_LATER, 3))
    return next((meaning for words, meaning in answers if bare in words), None)


_HELPED = frozenset({
    "有用", "有帮助", "有用谢谢", "帮到了", "懂了", "明白了", "helpful", "useful", "it helped", "that helped",
})  # fmt: skip
_NOT_HELPED = frozenset({
    "没用", "没有用", "没帮助", "没帮到", "不懂", "看不懂", "没看懂", "useless", "not helpful", "no help",
    "didn't help", "did not help",
})  # fmt: skip


def helped(text: str) -> int | None:
    """1 for "it helped", 2 for "it did not", None for anything else."""
    bare = _plain(text)
    return 1 if bare in _HELPED else 2 if bare in _NOT_HELPED else None


def yes_no_later(text: str) -> int | None:
    """The answer to "1 yes, 2 no, 3 later or not sure", by number or word; None when it is something else.

    A short reply that sounds negative counts as no: who hesitates to say that she is safe is not sent away.
    """
    bare = _plain(text)
    number = choice(text)
    if number in (1, 2, 3):
        return number
    if bare in _YES:
        return 1
    if not _short(bare):
        return None
    if _DOUBT.search(bare):
        return 3
    return 2 if _NEGATIVE.search(bare) else None


def _short(text: str) -> bool:
    if len(text.split()) > _SHORT_WORDS:
        return False
    if _HAN.search(text):
        return len(text) <= _SHORT_CHINESE
    return not _UNSPACED.search(text) or len(text) <= _SHORT_UNSPACED


def reserved(text: str) -> Reserved | None:
    """The reserved word that a message consists of, or None."""
    return _WORDS.get(_bare(text).strip(" .。!！?？\"'“”"))
