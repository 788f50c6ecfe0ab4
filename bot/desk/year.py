"""An invented year of a site: who called when, in which language, how grave it was, who helped, how it ended.

Everything is drawn from a seed, case by case, so that several processes can draw the same year without talking.
"""

import bisect
import itertools
import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

DAY_MS = 24 * 3600 * 1000
YEAR_MS = 365 * DAY_MS
KEPT_MS = 3 * DAY_MS
"""Conversations that ended longer ago than this have been deleted, unless words are kept."""
WAITING, IN_HANDS = 30, 15
LEVELS = (1, 2, 3, 4)
SHARES = (8, 14, 70, 8)
"""Of the levels, in per cent."""
HALF_WAIT_S = {1: 55, 2: 260, 3: 5400, 4: 14400}
KINDS: dict[int, tuple[tuple[str, ...], ...]] = {
    1: (("violence",), ("confinement",), ("suicide",), ("violence", "confinement"), ("medical",), ("sexual_violence",)),
    2: (("trafficking",), ("confinement",), ("threat",), ("suicide",), ("third_party",), ("child_at_risk",)),
    3: ((), (), ("threat",)),
    4: ((),),
}
LANGUAGES = ("zh", "vi", "my", "en", "th", "km", "lo")
SPOKEN = (62, 9, 8, 7, 5, 5, 4)
HOURS = (5, 3, 2, 1, 1, 1, 2, 3, 4, 4, 4, 4, 6, 5, 4, 4, 4, 5, 6, 8, 10, 11, 10, 8)
"""How many call in each hour of the day: most when the shift is over."""
OUTCOMES = ("helped", "referred", "police", "no_reply", "false_alarm")
ENDS = (46, 27, 4, 16, 7)
JUDGED = 0.1
SAID = {
    "person": (
        "你好",
        "老板还没发工资",
        "我在厂里",
        "合同没给我",
        "可以打电话吗",
        "谢谢",
        "明天再说",
        "Thank you",
        "Cảm ơn",
    ),
    "counsellor": (
        "您好，我在看您的消息。",
        "请问您现在方便吗？",
        "请保留工资条。",
        "我们帮您查一下。",
        "不急，慢慢说。",
    ),
    "screen": ("says “工资”",),
    "bot": ("我们收到了您的消息。",),
}
"""Harmless sentences, invented."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What year to draw; it ends at ``end_ms``. ``staff``: ids of counsellors."""

    referrals: int
    messages: int
    seed: int
    end_ms: int
    staff: tuple[str, ...]
    keep_words: bool


@dataclass(frozen=True, slots=True)
class Caller:
    channel: str
    language: str
    address: str


@dataclass(frozen=True, slots=True)
class Said:
    at: int
    who: str
    text: str


@dataclass(frozen=True, slots=True)
class Case:
    """One referral; times in ms, 0 for what has not happened."""

    number: int
    id: str
    caller: int
    level: int
    kinds: tuple[str, ...]
    opened: int
    taken: int
    by: str
    ended: int
    outcome: str
    retired: int
    judged: str
    lines: tuple[Said, ...]

    @property
    def state(self) -> str:
        return "retired" if self.retired else "resolved" if self.ended else "claimed" if self.taken else "waiting"


class Year:
    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.waiting = min(WAITING, plan.referrals // 4)
        self.in_hands = min(IN_HANDS, plan.referrals // 8)
        self.ended = plan.referrals - self.waiting - self.in_hands
        self.callers = self.ended * 3 // 4 + 1 + self.waiting + self.in_hands
        """Some call more than once; those who are not done with have called once."""

    @cached_property
    def openings(self) -> list[int]:
        """When each referral was opened, in order; those that are not ended within the last hour."""
        rng, begin = random.Random(self.plan.seed), self.plan.end_ms - YEAR_MS  # noqa: S311 - an invented year
        hours = list(itertools.accumulate(HOURS))
        ended = []
        for _ in range(self.ended):
            hour = bisect.bisect(hours, rng.randrange(hours[-1]))
            ended.append(begin + rng.randrange(364) * DAY_MS + int((hour + rng.random()) * 3600_000))
        rest = self.waiting + self.in_hands
        return sorted(ended) + [self.plan.end_ms - 3600_000 * (rest - n) // (rest + 1) for n in range(rest)]

    def caller(self, number: int) -> Caller:
        rng = self._dice(1, number)
        language = rng.choices(LANGUAGES, SPOKEN)[0]
        if rng.random() < (0.85 if language == "zh" else 0.25):
            return Caller("wechat", language, f"o{rng.getrandbits(108):027x}")
        return Caller("sms", language, f"+999{rng.randrange(10**9):09}")  # a country code that nobody has

    def case(self, number: int) -> Case:
        rng, opened = self._dice(2, number), self.openings[number]
        level = rng.choices(LEVELS, SHARES)[0]
        wait = int(1000 * HALF_WAIT_S[level] * rng.lognormvariate(0, 0.8))
        taken = ended = retired = 0
        count = self._line_count(number)
        if number < self.ended:
            taken = min(opened + wait, opened + DAY_MS // 3)
            ended = min(taken + 60_000 * count + rng.randrange(3600_000), opened + DAY_MS * 3 // 4)
            old = ended + KEPT_MS < self.plan.end_ms and not self.plan.keep_words
            retired = ended + KEPT_MS if old else 0
        elif number < self.ended + self.in_hands:
            taken = min(opened + wait, self.plan.end_ms - 60_000)
        else:
            count = min(count, 4)
        last = ended or self.plan.end_ms
        return Case(
            number=number,
            id=f"r{self.plan.seed % 2**16:04x}{number:012x}",
            caller=self._who(rng, number),
            level=level,
            kinds=rng.choice(KINDS[level]),
            opened=opened,
            taken=taken,
            by=rng.choice(self.plan.staff) if taken else "",
            ended=ended,
            outcome=rng.choices(OUTCOMES, ENDS)[0] if ended else "",
            retired=retired,
            judged=rng.choices(("right", "wrong"), (85, 15))[0] if ended and rng.random() < JUDGED else "",
            lines=tuple(self._lines(rng, count, opened, taken, last)),
        )

    def _lines(self, rng: random.Random, count: int, opened: int, taken: int, last: int) -> Sequence[Said]:
        """What was said, in order; counsellors speak once they have taken it."""
        times = sorted(rng.randrange(opened, last) for _ in range(count - 2))
        found = [Said(opened, who, rng.choice(SAID[who])) for who in ("person", "screen")[:count]]
        for at in times:
            who = "person" if rng.random() < 0.55 else "counsellor" if taken and at >= taken else "bot"
            found.append(Said(at, who, rng.choice(SAID[who])))
        return found

    def _line_count(self, number: int) -> int:
        """Lines of a case: together those of the plan; of two neighbours one has more, the other as many less."""
        each, rest = divmod(self.plan.messages, self.plan.referrals)
        spread = self._dice(3, number // 2).randrange(max(1, each - 1)) if number | 1 < self.plan.referrals else 0
        return each + (number < rest) + (spread if number % 2 else -spread)

    def _who(self, rng: random.Random, number: int) -> int:
        again = self.callers - self.waiting - self.in_hands
        return rng.randrange(again) if number < self.ended else again + number - self.ended

    def _dice(self, purpose: int, number: int) -> random.Random:
        return random.Random((self.plan.seed << 64) | (purpose << 48) | number)  # noqa: S311
