"""The form of a content file; content/STYLE.md explains it to those who write."""

import re
from datetime import date as Day
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints

from bot.core.language import LANGUAGES

AnswerPath = Annotated[str, StringConstraints(pattern=r"^[a-z_]+(/[a-z0-9_]+)+$")]
LIMITS = {("text", "zh"): 420, ("text", "en"): 1_400, ("sms", "zh"): 150, ("sms", "en"): 330}
"""Characters of a form, figures filled in, footer not counted: WeChat 2,048 bytes, SMS three parts."""
OTHER_LIMITS = {"text": 1_500, "sms": 330}
"""The same for the other languages; what does not fit one message of the channel waits for "send 1 for more"."""
SAFETY_LIMITS = {"text": 640, "sms": 200}
"""Theirs for words to somebody in danger, which must come in one piece."""


class ContentError(ValueError):
    """A content file is broken; the message names the file and what to change."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


Written = Annotated[str, StringConstraints(min_length=1)]


class Bilingual(_Strict):
    """A text in Chinese and English, and in those of the other languages that it is written in yet."""

    zh: Written
    en: Written
    vi: Written | None = None
    th: Written | None = None
    my: Written | None = None
    km: Written | None = None
    lo: Written | None = None

    def in_(self, language: str) -> str:
        """The text in this language; in English as long as it is not written in it."""
        return getattr(self, language, None) or self.en

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages that it is written in."""
        return tuple(name for name in LANGUAGES if getattr(self, name))


class Keywords(_Strict):
    zh: tuple[str, ...]
    en: tuple[str, ...]


class Review(_Strict):
    by: str
    date: Day
    revision: str = ""
    """Of the words that were reviewed (``anlu content sign`` writes it); others are a draft."""
    legal_sign_off: str
    """Who signed for the law, or "awaiting"."""


class Answer(_Strict):
    """One reviewed answer in all its languages and forms."""

    id: AnswerPath
    title: Bilingual
    jurisdiction: Literal["CN", "TH", "KH", "VN", "LA", "MM", "INT"]
    effective: Day
    owner: str
    reviewed: Review
    review_by: Day
    confidence: Literal["high", "medium", "low"]
    sources: tuple[str, ...]
    keywords: Keywords
    case: Keywords | None = None
    """Of an answer below another one (``wages/unpaid/domestic``): words of a message that tell that it is this case."""
    call: str | None = None
    text: Bilingual
    sms: Bilingual
    related: tuple[AnswerPath, ...] = ()

    @property
    def is_safety(self) -> bool:
        """First words for somebody in danger: never held back and never made longer by a warning."""
        return self.id.startswith("safety/")

    def expired(self, today: Day) -> bool:
        return today > self.review_by


class Hotline(_Strict):
    country: str
    number: str
    name: Bilingual
    as_of: str
    """Month of the source, or "undated"; said wherever the number is."""
    status: str
    by_text: bool = False
    hours: str
    caution: str | None = None


class Figure(_Strict):
    value: float | int | str
    source: str


class Fact(_Strict):
    laws: tuple[str, ...]
    articles: str
    status: Literal["verified", "verified_secondary", "not_showable"]
    fact: str
    caution: str | None = None


class Term(_Strict):
    """A word of offices or of the law. ``told``: words by which a text explains it already."""

    word: Bilingual
    told: Keywords
    means: Bilingual
    source: str


class Tier(_Strict):
    tier: int
    month_cny: float | int | None = None
    hour_cny: float | int | None = None
    areas: str | None = None


class Province(_Strict):
    """Minimum wages of one province. ``quote``: which of its figures may be shown."""

    code: str
    name: Bilingual
    effective: str
    quote: Literal["all", "first_month", "none"]
    status: str
    tiers: tuple[Tier, ...]
    notice: str | None = None
    counts: tuple[
        Literal[
            "own_insurance_inside", "own_fund_inside", "own_insurance_on_top", "own_fund_on_top", "no_board",
        ], ...
    ] = ()  # fmt: skip
    """What is known of what the figure includes: each is a phrase ``wage_<name>``."""
    worker_insurance: str | None = None
    staleness: str | None = None
    note: str | None = None


class Place(_Strict):
    """A province or a city of one, under all the names that people use for it."""

    id: str
    """``GD`` for a province, ``GD.dongguan`` for a city."""
    name: Bilingual
    names: tuple[str, ...] = ()
    tier: int | None = None
    """Wage tier, only where the notice names the place."""
    month_cny: int | None = None
    """Only where the place sets a figure of its own."""
    police_sms: str | None = None
    """The whole number of the police by text message there, only where the fact base gives it."""


GAPS = frozenset({
    "dates", "place", "effective", "tier", "month", "hour", "when", "title", "count", "number", "start", "end", "yes",
    "no", "term", "means", "minutes", "code",
})  # fmt: skip
"""What the code fills into phrases."""
PHRASE_NUMBER = re.compile(r"{tel\.([a-z0-9_]+)}")
LIST_NUMBER = re.compile(r"^\d\. ", re.MULTILINE)
PLACEHOLDER = re.compile(r"{{\s*([a-z]+)\.([a-z0-9_]+)\s*}}")
