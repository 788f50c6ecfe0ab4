"""The record: what became of referrals, as counts by month and as a list without words. It outlives conversations.

The worker makes it from the audit, entry by entry, so that taking and ending a referral cost nothing more.
"""

import json
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from bot.core.message import CounsellorId, ReferralId
from bot.store.audit import Audit, Entry
from bot.store.connection import Store, moment, store_errors

WAITS_S = (15, 30, 60, 120, 240, 480, 900, 1800, 3600, 7200, 14400, 28800, 86400, 259200)
"""Upper bounds of the classes into which waits are counted, and one class above them."""
TARGET_S = {1: 120, 2: 900}
"""Within which somebody of this level should be in a counsellor's hands."""
LEVELS = (1, 2, 3, 4)
ENTRIES = 1000
"""Of the audit, that are taken in at once."""
FIELDS = ("id", "level", "kinds", "language", "channel", "opened", "taken", "resolved", "outcome", "holder", "lines")


@dataclass(frozen=True, slots=True)
class Ended:
    """A referral that ended; ``taken``: when a counsellor first took it."""

    id: ReferralId
    level: int
    kinds: tuple[str, ...]
    language: str
    channel: str
    opened: datetime
    taken: datetime | None
    resolved: datetime
    outcome: str
    holder: CounsellorId
    lines: int


@dataclass(frozen=True, slots=True)
class Month:
    """Referrals of one level in a month, counted when they were opened, taken for the first time, and ended."""

    level: int
    opened: int
    taken: int
    ended: dict[str, int]
    """By outcome."""
    median_s: int | None
    """Half of them were taken within so many seconds (the bound of a class); None when none was, or later than all."""
    in_target: float | None
    """Share taken within TARGET_S; None when there is no target or none was taken."""


class Record:
    def __init__(self, store: Store, audit: Audit) -> None:
        self._store = store
        self._audit = audit

    def follow(self, pages: int = 5) -> int:
        """Takes in what the audit has since, so many pages at most; how many entries. Raises StoreAway, AuditBroken."""
        return sum(self._take_in() for _ in range(pages))

    def _take_in(self) -> int:
        stood = self._store.get("record", "at") or ""
        page = self._audit.page(stood)
        if not page:
            return 0
        changes = self._changes([entry for _, entry in page])
        self._store.run("record", stood, page[-1][0], json.dumps(changes))
        return len(page)

    def _changes(self, entries: Sequence[Entry]) -> dict[str, Any]:
        told = [entry for entry in entries if entry.action in ("opened", "claimed", "resolved")]
        known = self._known([entry.referral for entry in told])
        counts: Counter[tuple[str, str]] = Counter()
        ended, taken = [], {}
        for entry in told:
            month, (level, opened, before) = moment(entry.at).strftime("%Y-%m"), known[entry.referral]
            if not level:
                continue  # nothing is known of this referral
            if entry.action == "resolved":
                counts[month, f"{level} ended {entry.note}"] += 1
                ended.append((entry.referral, level, entry.note, int(entry.at)))
            elif entry.action == "opened":
                counts[month, f"{level} opened"] += 1
            elif before in (None, entry.at) and entry.referral not in taken:
                waited = int(entry.at) - opened
                taken[entry.referral] = (entry.at, level, waited)
                counts[month, f"{level} taken {bisect_left(WAITS_S, waited / 1000)}"] += 1
        return {
            "counts": [(month, field, count) for (month, field), count in counts.items()],
            "ended": ended,
            "taken": [(id_, *about) for id_, about in taken.items()],
        }

    @store_errors
    def _known(self, ids: Sequence[str]) -> dict[str, tuple[int, int, str | None]]:
        """Level, time opened (ms) and time first taken of each."""
        pipe = self._store.client.pipeline(transaction=False)
        for id_ in ids:
            pipe.hmget(self._store.keys("referral", id_), "level", "opened", "taken")
        rows = zip(ids, pipe.execute(), strict=True)
        return {id_: (int(level or 0), int(opened or 0), taken) for id_, (level, opened, taken) in rows}

    def month(self, name: str) -> list[Month]:
        """The counts of a month (``YYYY-MM``), level by level."""
        counts = {field: int(count) for field, count in self._store.hash("record", name).items()}
        return [_month(level, counts) for level in LEVELS]

    @store_errors
    def ended(
        self, outcomes: Sequence[str], levels: Sequence[int] = LEVELS, before_ms: int | None = None, count: int = 50
    ) -> list[Ended]:
        """Ended referrals of these levels and outcomes, newest first; those of the last millisecond all together."""
        lists = [self._store.keys("ended", str(level), outcome) for level in levels for outcome in outcomes]
        top = "+inf" if before_ms is None else f"({before_ms}"
        newest = sorted(self._ranges(lists, top, "-inf", count), key=lambda row: -row[1])[:count]
        if not newest:
            return []
        last = int(newest[-1][1])
        ids = [id_ for id_, ms in newest if ms > last] + [id_ for id_, _ in self._ranges(lists, last, last, None)]
        pipe = self._store.client.pipeline(transaction=False)
        for id_ in ids:
            pipe.hmget(self._store.keys("referral", id_), *FIELDS)
        return [_ended(dict(zip(FIELDS, row, strict=True))) for row in pipe.execute() if row[0]]

    def _ranges(
        self, lists: Sequence[str], top: str | int, low: str | int, count: int | None
    ) -> list[tuple[str, float]]:
        """Members of several sorted sets with their scores; ``count`` of each at most."""
        pipe = self._store.client.pipeline(transaction=False)
        for key in lists:
            pipe.zrevrangebyscore(key, top, low, start=None if count is None else 0, num=count, withscores=True)
        return [(str(id_), float(score)) for rows in pipe.execute() for id_, score in cast("list[Any]", rows)]


def _month(level: int, counts: dict[str, int]) -> Month:
    waits = [counts.get(f"{level} taken {number}", 0) for number in range(len(WAITS_S) + 1)]
    taken, begins = sum(waits), f"{level} ended "
    half = next((number for number in range(len(waits)) if 2 * sum(waits[: number + 1]) >= taken), 0)
    within = WAITS_S.index(TARGET_S[level]) + 1 if level in TARGET_S else 0
    return Month(
        level,
        opened=counts.get(f"{level} opened", 0),
        taken=taken,
        ended={field.removeprefix(begins): n for field, n in sorted(counts.items()) if field.startswith(begins)},
        median_s=WAITS_S[half] if taken and half < len(WAITS_S) else None,
        in_target=sum(waits[:within]) / taken if taken and within else None,
    )


def _ended(raw: dict[str, str | None]) -> Ended:
    return Ended(
        ReferralId(raw["id"] or ""),
        int(raw["level"] or 0),
        tuple(kind for kind in (raw["kinds"] or "").split(",") if kind),
        raw["language"] or "",
        raw["channel"] or "",
        moment(raw["opened"] or 0),
        moment(raw["taken"]) if raw["taken"] else None,
        moment(raw["resolved"] or 0),
        raw["outcome"] or "",
        CounsellorId(raw["holder"] or ""),
        int(raw["lines"] or 0),
    )
