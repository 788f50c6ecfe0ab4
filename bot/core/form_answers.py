"""Reads the answer to one question of a form: numbers, words, amounts, and "I do not know".

Strict where a wrong guess would trap somebody: a message that asks something, or says more than an answer, is none.
No dependencies beyond the core, since the dialogue engine reads answers in its own environment.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date

from bot.core.choices import choice
from bot.core.entities import MONTHS_A_YEAR, Found, find, months_back
from bot.core.questions import longer

UNKNOWN, STILL, YES, NO = "unknown", "still", "yes", "no"
"""Values of answers: not known, a ``left`` question of somebody who still works there, and yes or no."""
LEAST_WAGE = 50
"""Yuan; a smaller "wage" is a slip or the answer to something else."""
DAYS_A_MONTH = 30
"""As bot.core.entities counts days, in months."""
_LONGEST, _MOST_WORDS = 24, 12
"""Characters of a Chinese answer, words of another; what is longer is a message of its own."""
_YES_NO_LONGEST, _YES_NO_WORDS = 9, 5

_UNKNOWN = re.compile(
    r"^\W*(?:(?:这个|那个)?(?:我|俺|咱)?(?:真|也|都)?"
    r"(?:不知道|不晓得|不清楚|不太清楚|不懂|唔知|不记得|记不得|记不清|忘了|忘记了|说不清"
    r"|不好说|不确定|不想说|跳过|随便|都不是|冇印象|bu ?zhi ?dao)"
    r"(?:了|呀|啊|呢|诶|哎|嘛)?(?:是?哪里|在哪|多少|几个月)?"
    r"|(?:sorry )?(?:i )?(?:really )?"
    r"(?:do ?n[o']?t|dont|dunno|not|no|can'?t|cannot) ?(?:know|sure|idea|remember|say|tell)?"
    r"(?: it| where| that| how (?:much|many)| the \w+)?"
    r"|dunno|idk|skip|forgot|no idea|unsure|none of (?:these|them)|unknown"
    r"|(?:tôi |em |mình |toi |minh )?(?:không|khong|ko|k|chưa|chua) (?:biết|biet|rõ|ro|nhớ|nho|chắc|chac)"
    r"(?: rõ| lắm| nữa)?"
    r"|(?:ไม่(?:รู้|ทราบ|แน่ใจ)|จ.{1,2}ไม่ได้)(?:ค่ะ|ครับ|คะ|เลย|อ่ะ)*|(?:မသိ|မမှတ်မိ)(?:ဘူး|ပါ|ပါဘူး)*"
    r"|(?:ខ្ញុំ)?(?:មិន|អត់)(?:ដឹង|ចាំ|ច្បាស់)(?:ទេ)?|ចាំមិនបាន(?:ទេ)?|(?:ຂ້ອຍ)?ບໍ່(?:ຮູ້|ແນ່ໃຈ)|ຈື່ບໍ່ໄດ້)\W*$",
    re.IGNORECASE,
)
_PLAIN_NO = re.compile(r"^\W*no\W*$", re.IGNORECASE)
_ASKS = re.compile(
    r"[?？]|怎么|咋|为什么|为啥|凭什么|能不能|可不可以|是不是|要不要|[吗嘛么呢]\W*$|多少钱|谁|"
    r"\b(?:what|why|how|who|where|when|which|can|could|should|is it|do i|does)\b",
    re.IGNORECASE,
)
_NO = re.compile(
    r"^(?:(?:我|都|还|也|从来|一直)?(?:没|冇|无|不|否|未|别)|mei|bu\b"
    r"|no\b|not\b|nope|never|n$|none|didn'?t|did not|don'?t|haven'?t|nothing"
    r"|(?:không|khong|ko|chưa|chua)\b|ไม่|ยัง|မ(?!ှန်)|ទេ|មិន|អត់|គ្មាន|នៅទេ|ບໍ່|ຍັງ)",
    re.IGNORECASE,
)
_YES = re.compile(
    r"^(?:(?:我|都|已经|早|好像|对|嗯|恩|哦|当然)*(?:有|是|对|嗯|恩|签|交|给|发|查|背|存|约|说|会|叫|要|收|写|变|换|懂|好|拍)"
    r"|yes|yeah|yep|yup|y$|ok|sure|i (?:do|did|have|was)|they (?:do|did|have)|already|done|true|correct|you$|shi\b"
    r"|(?:có|co|rồi|roi|vâng|vang|đúng|dung|dạ)\b|ใช่|มี|แล้ว|เคย|ค่ะ|ครับ|ဟုတ်|ရှိ|မှန်|បាទ|ចាស|មាន|ហើយ|ແມ່ນ|ມີ|ແລ້ວ)",
    re.IGNORECASE,
)
_NOTHING = re.compile(
    r"^\W*(?:没有?|冇|无|0|零|不加班|没加班|none|no|nothing|zero|nil)(?:了|啊|加班|加过)?\W*$", re.IGNORECASE
)
_STILL = re.compile(r"还在|没走|没离职|在职|仍在|在做|\bstill\b|not left|haven'?t left|working there", re.IGNORECASE)
_AGO = re.compile(r"前|\bago\b|之前|以前")
LEAVES = re.compile(
    r"^\W*(?:退出|取消|算了|不算了|不填了|不问了|不答了|不弄了|不想答了|结束|停"
    r"|stop|quit|cancel|exit|leave|enough|never ?mind|forget it"
    r"|dừng(?: lại)?|dung lai|thôi|hủy|thoát|หยุด|เลิก|ยกเลิก|พอแล้ว|ရပ်(?:မယ်|ပါ|လိုက်)*|ឈប់|បញ្ឈប់|ຢຸດ|ເຊົາ|ຍົກເລີກ"
    r")(?:吧|了)?\W*$",
    re.IGNORECASE,
)

Options = Mapping[str, Sequence[str]]
"""Ids of the options in their order, each with the words that stand for it."""


def read_answer(kind: str, text: str, today: date, options: Options | None = None) -> str | float | None:
    """The typed value that answers a question of this kind, or None when the message is no answer to it.

    ``kind`` as in ``forms.FieldType`` ("place" is not read here). Amounts: yuan, months, hours, days to the half.
    ``left``: ``still`` or a month ``YYYY-MM``; ``month``: a month. "I do not know" in any wording gives ``unknown`` for
    every kind.
    """
    bare = unicodedata.normalize("NFKC", text).replace("\u2019", "'").strip()
    asks_amount = kind in {"money", "months", "years", "days", "hours", "left", "month"}
    if _UNKNOWN.match(bare) and not (_PLAIN_NO.match(bare) and kind in {"yes_no", "no_yes", "hours", "days"}):
        return UNKNOWN
    if longer(bare, _LONGEST, _MOST_WORDS):
        return None
    if kind in {"yes_no", "no_yes"}:
        return _yes_no(bare)
    if _ASKS.search(bare):
        return None
    if kind == "choice":
        return _option(bare, options or {})
    return _amount(kind, bare, today) if asks_amount else None


def _yes_no(text: str) -> str | None:
    number = choice(text)
    if number is not None:
        return {1: YES, 2: NO, 3: UNKNOWN}.get(number)
    bare = text.strip(" .。!！~,，")
    if longer(bare, _YES_NO_LONGEST, _YES_NO_WORDS) or _ASKS.search(bare):
        return None
    if _NO.match(bare):
        return NO
    return YES if _YES.match(bare) else None


def _option(text: str, options: Options) -> str | None:
    ids = list(options)
    number = choice(text)
    if number is not None:
        return ids[number - 1] if 1 <= number <= len(ids) else UNKNOWN if number == 0 else None
    low = text.lower()
    best = {name: max((len(word) for word in words if stands(word, low)), default=0) for name, words in options.items()}
    chosen = max(best, key=lambda name: best[name], default=None)
    return chosen if chosen and best[chosen] else None


def stands(word: str, text: str) -> bool:
    """Whether a word stands in a folded text; a Latin one must begin a word of it."""
    return bool(re.search(rf"\b{re.escape(word)}", text)) if word.isascii() else word in text


def _amount(kind: str, text: str, today: date) -> str | float | None:
    found = find(text, today)
    if kind == "left" and (choice(text) == 1 or _STILL.search(text)):
        return STILL
    if kind in {"left", "month"}:
        return _month(text, found, today)
    if kind in {"hours", "days"} and _NOTHING.match(text):
        return 0.0
    wanted = {"years": "months", "days": "months"}.get(kind, kind)
    fitting = [f for f in found if f.kind == wanted]
    bare = [f for f in found if f.kind == "number"]
    if len(fitting) == 1:
        value = float(fitting[0].value)
        if kind == "days":
            value = round(value * DAYS_A_MONTH * 2) / 2
    elif not fitting and len(bare) == 1 and len(found) == 1:
        value = float(bare[0].value) * (MONTHS_A_YEAR if kind == "years" else 1)  # "3" of years means years
    else:
        return None
    return value if kind != "money" or value >= LEAST_WAGE else None


def _month(text: str, found: list[Found], today: date) -> str | None:
    dates = [f for f in found if f.kind == "date"]
    if dates:
        return str(dates[-1].value)
    spans = [f for f in found if f.kind == "months"]
    if len(spans) == 1 and _AGO.search(text):
        return months_back(today, round(float(spans[0].value)))
    return None
