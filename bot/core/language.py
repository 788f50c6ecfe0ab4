"""Which of our languages a message is written in, from its script; pinyin counts as Chinese."""

import re
from typing import Literal

from bot.core.latin_words import ENGLISH, VIETNAMESE
from bot.core.latin_words import PINYIN as CHINESE

Language = Literal["zh", "en", "vi", "th", "my", "km", "lo"]
LANGUAGES: tuple[Language, ...] = ("zh", "en", "vi", "th", "my", "km", "lo")
ANSWERED: tuple[Language, ...] = ("zh", "en")
"""Languages that answers are written in so far; the others are answered in English."""

_SCRIPTS: tuple[tuple[Language, re.Pattern[str]], ...] = (
    ("zh", re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0002ffff]")),
    ("th", re.compile(r"[\u0e00-\u0e7f]")),
    ("lo", re.compile(r"[\u0e80-\u0eff]")),
    ("my", re.compile(r"[\u1000-\u109f\uaa60-\uaa7f]")),
    ("km", re.compile(r"[\u1780-\u17ff]")),
)
_VIETNAMESE = re.compile(r"[ăâđêôơưàảãạằẳẵặầẩẫậèẻẽẹềểễệìỉĩịòỏõọồổỗộờởỡợùủũụừửữựỳỷỹỵ]", re.IGNORECASE)
_WORD = re.compile(r"[a-zA-Z']+")
_ENGLISH_WORDS = frozenset({
    "the", "a", "an", "i", "my", "you", "your", "they", "we", "it", "is", "am", "are", "was", "do", "does", "did",
    "not", "no", "dont", "can", "cant", "will", "to", "of", "in", "on", "at", "for", "from", "with", "and", "or",
    "but", "if", "what", "how", "when", "where", "who", "why", "which", "this", "that", "have", "has", "had", "be",
    "been", "pay", "paid", "salary", "work", "boss", "job", "money", "help", "please", "need", "want", "get", "got",
    "out", "up", "down", "here", "there", "him", "her", "them", "hi", "hello", "ok", "yes", "thanks", "contract",
    "passport", "hours", "day", "month", "year", "about", "any", "all", "so", "just", "go", "home",
})  # fmt: skip
_INITIAL = "(?:zh|ch|sh|[bpmfdtnlgkhjqxrzcsyw])?"
_FINAL = (
    "(?:iang|iong|uang|ang|eng|ing|ong|uai|iao|ian|uan|uei|uen|ai|ei|ao|ou|an|en|er|in|un|ia|ie|iu|ua|uo|ui|ue|ve|"
    "a|o|e|i|u|v)"
)
PINYIN = re.compile(rf"(?:{_INITIAL}{_FINAL})+")
_PINYIN_COMMON = frozenset({
    "wo", "ni", "ta", "women", "tamen", "laoban", "gongzi", "meiyou", "meifa", "mei", "you", "bu", "bushi", "shi",
    "de", "le", "ma", "ba", "ne", "zai", "qian", "zenme", "zenmeban", "ban", "jiu", "ming", "jiuming", "bang",
    "bangbang", "shenfenzheng", "hetong", "gongchang", "chang", "jia", "huijia", "qing", "zhe", "na", "nali",
    "shenme", "weishenme", "shang", "xia", "shangban", "jiaban", "tian", "yue", "nian", "ren", "nvren",
    "haizi", "laogong", "baba", "mama", "hao", "yao", "xiang", "gei", "fa", "kou", "dian", "hua", "qu", "lai", "zou",
    "pao", "da", "si", "guan", "suo", "men", "bei", "rang",
})  # fmt: skip
_SIGHS = frozenset({"ah", "oh", "ya", "aiya", "hm", "ok"})


def detect(text: str, default: Language = "zh") -> Language:
    """The language of one message; ``default`` when it has no letters (numbers, emoji)."""
    counts = {language: len(script.findall(text)) for language, script in _SCRIPTS}
    best = max(counts, key=lambda language: counts[language])
    words = [word.lower() for word in _WORD.findall(text)]
    if counts[best]:
        # Two or three Chinese characters in a long English message (a place, a name) do not make it Chinese.
        mostly_latin = best == "zh" and len(words) > 3 * counts["zh"] and len(words) >= 5
        if not mostly_latin:
            return best
    if not words:
        return default
    if len(_VIETNAMESE.findall(text)) >= 2:
        return "vi"
    return _latin(words)


def _latin(words: list[str]) -> Language:
    english = sum(word in _ENGLISH_WORDS or word in ENGLISH for word in words)
    pinyin = sum(bool(PINYIN.fullmatch(word)) or word in _SIGHS for word in words)
    common = sum(word in _PINYIN_COMMON or word in CHINESE for word in words)
    vietnamese = sum(word in VIETNAMESE for word in words)
    if vietnamese > max(english, common) and vietnamese >= min(2, len(words)):
        return "vi"
    if common and common >= english and pinyin >= 0.7 * len(words):
        return "zh"
    return "en"


_NAMES: tuple[tuple[Language, re.Pattern[str]], ...] = (
    (
        "zh",
        re.compile(
            r"中文|汉语|普通话|国语|chinese|mandarin|zhongwen|tiếng trung|tieng trung|ภาษาจีน|တရုတ်|ចិន|ພາສາຈີນ", re.I
        ),
    ),
    ("en", re.compile(r"英文|英语|english|yingwen|yingyu|tiếng anh|tieng anh|อังกฤษ|အင်္ဂလိပ်|អង់គ្លេស|ອັງກິດ", re.I)),
    ("vi", re.compile(r"越南|vietnam|tiếng việt|tieng viet|เวียดนาม|ဗီယက်နမ်|វៀតណាម|ຫວຽດນາມ", re.I)),
    ("th", re.compile(r"泰语|泰文|泰国话|\bthai\b|ภาษาไทย|tiếng thái|ထိုင်း|ភាសាថៃ|ພາສາໄທ", re.I)),
    ("my", re.compile(r"缅甸|缅语|缅文|burmese|myanmar|พม่า|ဗမာ|မြန်မာ|miến điện|ភូមា|ພະມ້າ", re.I)),
    ("km", re.compile(r"柬埔寨|高棉|khmer|cambodian?|เขมร|กัมพูชา|ខ្មែរ|ខ្មេរ|campuchia|ခမာ|ຂະເໝນ|ກໍາປູເຈຍ", re.I)),
    ("lo", re.compile(r"老挝|寮语|\blaos?\b|laotian|ภาษาลาว|tiếng lào|လာအို|ភាសាឡាវ|ພາສາລາວ", re.I)),
)


def named_language(text: str) -> Language | None:
    """The one of our languages that a request names ("can I write in Thai", 说英文行吗); None when none or several."""
    named = [language for language, pattern in _NAMES if pattern.search(text)]
    return named[0] if len(named) == 1 else None
