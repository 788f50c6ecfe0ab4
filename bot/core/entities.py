"""Amounts as people write them: money, spans of time, dates, hours, heads (三千五, 3k5, 仨月, "two and a half months").

Pure and bounded; used by the dialogue engine (which hands them on as entities) and by the forms.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from typing import Literal

Kind = Literal["money", "months", "date", "hours", "people", "number"]

READ_AT_MOST = 600
"""Characters that are searched; a form's answer is short, and a story is cut by the engine as well."""
MONTHS_A_YEAR = 12
WEEKS_A_MONTH = 52 / MONTHS_A_YEAR
DAYS_A_MONTH = 30
_BESIDE = 5
"""Characters between two spans that belong together ("two years and three months")."""

_DIGITS = {
    **dict(zip("零〇一二三四五六七八九", (0, 0, *range(1, 10)), strict=True)),
    "两": 2,
    "兩": 2,
    "俩": 2,
    "仨": 3,
}
_UNITS = {"十": 10, "百": 100, "千": 1_000, "万": 10_000, "萬": 10_000, "亿": 100_000_000}
_WORDS = {
    word: value
    for value, words in {
        0: "zero", 0.5: "half", 1: "one a an", 2: "two couple", 3: "three", 4: "four", 5: "five", 6: "six", 7: "seven",
        8: "eight", 9: "nine", 10: "ten", 11: "eleven", 12: "twelve", 13: "thirteen", 14: "fourteen", 15: "fifteen",
        16: "sixteen", 17: "seventeen", 18: "eighteen", 19: "nineteen", 20: "twenty", 30: "thirty", 40: "forty fourty",
        50: "fifty", 60: "sixty", 70: "seventy", 80: "eighty", 90: "ninety",
    }.items()
    for word in words.split()
}  # fmt: skip
_SCALES = {"hundred": 100, "thousand": 1_000, "million": 1_000_000}
_WORD = "|".join(sorted((*_WORDS, *_SCALES), key=len, reverse=True))

_HAN_NUMBER = r"[零〇一二三四五六七八九两兩俩仨十百千万萬亿半]+"
_PLAIN = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
_MIXED = (
    rf"(?:{_PLAIN})\s?"
    r"(?:[kK千wW万萬百](?!\w*[a-jl-vx-z])(?:\d(?!\d))?|[万萬千百][零〇一二三四五六七八九两\d]*[千百]?\d*)"
)
_ENGLISH = rf"(?:{_WORD})(?:(?:\s+and)?[\s-]+(?:{_WORD}))*"
_NUMBER = rf"(?P<n>{_MIXED}|{_PLAIN}|{_HAN_NUMBER}|\b{_ENGLISH}\b)"


@dataclass(frozen=True, slots=True)
class Found:
    """One amount. ``value``: yuan, months, hours, heads or a plain number as float; a date as ``YYYY-MM``."""

    kind: Kind
    value: float | str
    start: int
    end: int


def han_number(text: str) -> float | None:
    """三千五 -> 3500, 一万二 -> 12000, 三千零五 -> 3005, 两百 -> 200, 二零二五 -> 2025, 半 -> 0.5, else None."""
    half = text.endswith("半") and len(text) > 1
    body = text[:-1] if half else text
    if body == "半":
        return 0.5
    if not body or "半" in body:
        return None
    if all(c in _DIGITS for c in body):
        value = float("".join(str(_DIGITS[c]) for c in body))
        return value + 0.5 if half else value
    total, section, last_unit = 0.0, 0.0, 1
    digit: int | None = None
    for char in body:
        if char in _DIGITS:
            digit = _DIGITS[char] or digit
            continue
        unit = _UNITS[char]
        if unit >= 10_000:
            total = (total + section + (digit or 0)) * unit
            section = 0.0
        else:
            section += (1 if digit is None else digit) * unit
        digit, last_unit = None, unit
    if digit is not None:  # 三千五 is 3500, 三千零五 is 3005, 十五 is 15
        spoken_short = last_unit >= 100 and "零" not in body[-2:] and "〇" not in body[-2:]
        section += digit * (last_unit / 10 if spoken_short else 1)
    value = total + section
    return value + 0.5 if half else value


def number(text: str) -> float | None:
    """Any single number: 3500, 3,500, 3k5, 1.2万, 三千五, "two thousand five hundred"; None when it is none."""
    text = unicodedata.normalize("NFKC", text).strip().lower()
    plain = re.fullmatch(_PLAIN, text)
    if plain:
        return float(text.replace(",", ""))
    mixed = re.fullmatch(rf"({_PLAIN})\s?([k千w万萬百])(\d?)", text)
    if mixed:
        unit = {"k": 1_000, "千": 1_000, "w": 10_000, "万": 10_000, "萬": 10_000, "百": 100}[mixed.group(2)]
        value = float(mixed.group(1).replace(",", "")) * unit
        return value + float(mixed.group(3)) * unit / 10 if mixed.group(3) else value
    half_han = re.fullmatch(rf"(\d+(?:\.\d+)?)({_HAN_NUMBER})", text)
    if half_han and half_han.group(2)[0] in _UNITS:  # 3千五: three times the unit, and the rest
        unit, rest = _UNITS[half_han.group(2)[0]], han_number("一" + half_han.group(2))
        return None if rest is None else float(half_han.group(1)) * unit + (rest - unit)
    if re.fullmatch(_HAN_NUMBER, text):
        return han_number(text)
    return _english_number(text)


def _english_number(text: str) -> float | None:
    text = re.sub(r"\ba half|\bhalf an?\b", "half", text)
    words = [word for word in re.split(r"[\s-]+", text) if word and word != "and"]
    if not words or any(word not in _WORDS and word not in _SCALES for word in words):
        return None
    total, section = 0.0, 0.0
    for word in words:
        if word in _WORDS:
            section = section + 0.5 if word == "half" and section else section + _WORDS[word]
        elif word == "hundred":
            section = (section or 1) * 100
        else:
            total, section = total + (section or 1) * _SCALES[word], 0.0
    return total + section


_MONEY = re.compile(
    rf"(?P<sign>[¥￥]|rmb|cny)\s?{_NUMBER}(?!\s?[月年号])"
    rf"|{_NUMBER.replace('?P<n>', '?P<m>')}\s?(?:多|来)?\s?"
    r"(?:块钱|塊錢|元钱|块|塊|元|圆|rmb|cny|yuan|kuai|蚊|大洋)",
    re.IGNORECASE,
)
_MONTHS = re.compile(
    rf"{_NUMBER}\s?(?:个|個)?(?P<half>半|多|来)?\s?"
    r"(?:(?P<m>个半月|個半月|个月|個月|月(?![份底初薪工结末\d])|months?\b|mths?\b|mos\b)"
    r"|(?P<y>年(?!级|底|初|前?\s?\d+月)|years?\b|yrs?\b)"
    r"|(?P<w>个?星期|个?礼拜|周(?!岁)|weeks?\b|wks?\b)|(?P<d>天|日(?!期)|days?\b))"
    r"(?P<after>半|\s+and a half)?",
    re.IGNORECASE,
)
_HOURS = re.compile(
    rf"{_NUMBER}\s?(?:个|個)?(?P<half>半|多)?\s?"
    r"(?:小时|小時|钟头|鐘頭|钟|鐘|hours?\b|hrs?\b|h\b)",
    re.IGNORECASE,
)
_PEOPLE = re.compile(
    rf"{_NUMBER}\s?(?:多|来)?\s?(?:个人|個人|个工友|名|口人|人(?!工|家|民)|个姐妹|个老乡"
    r"|people\b|persons?\b|workers\b|of us\b|girls\b)",
    re.IGNORECASE,
)
_MONTH_NAMES = {name: n for n, name in enumerate(
    ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1)}  # fmt: skip
_DATE = re.compile(
    r"(?P<year>20\d\d|去年|前年|今年|last year|this year)?\s?(?:年|[-/.])?\s?(?:的)?"
    r"(?P<month>1[0-2]|0?[1-9]|十[一二]?|[一二三四五六七八九])\s?月(?:份|底|初|中)?(?:\s?\d{1,2}\s?[日号]?)?"
    r"|(?P<iso>20\d\d)[-/.](?P<isom>1[0-2]|0?[1-9])(?:[-/.]\d{1,2})?"
    r"|\b(?P<name>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?|(?:(?<=in )|(?<=since )|(?<=from )|(?<=last ))may)\b\.?\s*"
    r"(?:\d{1,2}(?:st|nd|rd|th)?,?\s*)?(?P<nyear>last year|20\d\d)?"
    r"|(?P<rel>上上个?月|上个?月|这个?月|本月|去年年底|年初|last month|this month)",
    re.IGNORECASE,
)


_PATTERNS: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    ("money", _MONEY),
    ("hours", _HOURS),
    ("months", _MONTHS),
    ("date", _DATE),
    ("people", _PEOPLE),
    ("number", re.compile(_NUMBER, re.IGNORECASE)),
)
"""In this order: what a more telling pattern has taken is not read again."""
_NOT_A_COUNT = frozenset({"a", "an", "half", "couple", "一", "半"})


def find(text: str, today: date) -> list[Found]:
    """Every amount in a text, in its order; spans index the text as given. ``today`` settles "last month"."""
    folded = "".join(_one(c) for c in text[:READ_AT_MOST])
    found: list[Found] = []
    free = [True] * len(folded)
    for kind, pattern in _PATTERNS:
        for match in pattern.finditer(folded):
            start, end = match.span()
            value = _value(kind, match, today)
            if value is not None and start < end and all(free[start:end]):
                free[start:end] = [False] * (end - start)
                found.append(Found(kind, value, start, end))
    return _joined(sorted(found, key=lambda f: f.start))


def _value(kind: Kind, match: re.Match[str], today: date) -> float | str | None:
    part = match.groupdict()
    if kind == "date":
        return _month_of(match, today)
    if kind == "months":
        return None if _names_a_month(match) or _a_day(match) else _months(match)
    value = number(part.get("n") or part.get("m") or "")
    if kind == "hours" and value is not None and part["half"] == "半":
        return value + 0.5
    return None if kind == "number" and match.group().lower() in _NOT_A_COUNT else value


def _joined(found: list[Found]) -> list[Found]:
    """Nine years and three months stand side by side and are one span."""
    whole: list[Found] = []
    for each in found:
        last = whole[-1] if whole else None
        if last and last.kind == each.kind == "months" and each.start - last.end <= _BESIDE:
            whole[-1] = Found("months", float(last.value) + float(each.value), last.start, each.end)
        else:
            whole.append(each)
    return whole


def _one(char: str) -> str:
    """NFKC of one character where that is one character, so that spans stay true."""
    folded = unicodedata.normalize("NFKC", char)
    return folded if len(folded) == 1 else char


def _names_a_month(match: re.Match[str]) -> bool:
    """三月 and 3月 name March; 三个月, 仨月, 两月 and "3 months" are a span."""
    return (
        match.group("m") == "月"
        and "个" not in match.group()
        and "個" not in match.group()
        and not re.match("两|俩|仨|半", match.group("n"))
    )


def _a_day(match: re.Match[str]) -> bool:
    """In "twelve hours a day" the day is a rate, not a span."""
    return bool(match.group("d")) and match.group("n").lower() in {"a", "an", "一", "半"}


def _months(match: re.Match[str]) -> float | None:
    value = number(match.group("n"))
    if value is None:
        return None
    if match.group("half") == "半" or match.group("after") or (match.group("m") or "").endswith("半月"):
        value += 0.5
    if match.group("y"):
        return value * MONTHS_A_YEAR
    if match.group("w"):
        return round(value / WEEKS_A_MONTH, 2)
    return round(value / DAYS_A_MONTH, 2) if match.group("d") else value


def _month_of(match: re.Match[str], today: date) -> str | None:
    part = match.groupdict()
    if part["rel"]:
        return _relative(part["rel"].lower(), today)
    if part["iso"]:
        return f"{part['iso']}-{int(part['isom']):02d}"
    if part["name"]:
        return _past(part["nyear"], _MONTH_NAMES[part["name"][:3].lower()], today)
    month = int(part["month"]) if part["month"].isdigit() else han_number(part["month"])
    return None if month is None else _past(part["year"], int(month), today)


def _relative(said: str, today: date) -> str:
    if said in {"去年年底", "年初"}:
        return f"{today.year - 1}-12" if said == "去年年底" else f"{today.year}-01"
    back = 2 if said.startswith("上上") else 1 if said.startswith(("上", "last")) else 0
    return months_back(today, back)


def months_back(today: date, months: int) -> str:
    """The month so many months before today, as ``YYYY-MM``."""
    year, month = divmod(today.year * MONTHS_A_YEAR + today.month - 1 - months, MONTHS_A_YEAR)
    return f"{year}-{month + 1:02d}"


def _past(year: str | None, month: int, today: date) -> str:
    """The month as said; without a year the last one that has begun."""
    named = {"去年": today.year - 1, "last year": today.year - 1, "前年": today.year - 2, "今年": today.year,
             "this year": today.year}  # fmt: skip
    if year:
        return f"{named.get(year.lower()) or int(year)}-{month:02d}"
    return f"{today.year if month <= today.month else today.year - 1}-{month:02d}"
