"""What the alarm ladder needs to know and to remember, read and changed in one step each.

All times are the store's, so that several workers and consoles share one clock.
"""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from bot.core.alarms import ANSWER_S, HUSH_S, Acknowledgement, Case, Held, Step, Waiting
from bot.core.message import CounsellorId, ReferralId
from bot.store.connection import Store, moment

SILENCE = "silence"
_HELD_STEPS: tuple[Step, Step] = ("holder", "supervisors")


@dataclass(frozen=True, slots=True)
class Facts:
    """The queue as the ladder sees it at one moment. ``marks``: what the store holds of each step, to take it anew."""

    now: datetime
    waiting: tuple[Waiting, ...]
    held: tuple[Held, ...]
    """Cases whose person has waited too long for her counsellor's words."""
    marks: Mapping[tuple[str, str], str]

    def taken(self, about: str) -> dict[Step, datetime]:
        """When each step was taken last; ``about`` a level or a referral."""
        return {cast("Step", step): _time(mark) for (what, step), mark in self.marks.items() if what == about and mark}

    @property
    def silence_told(self) -> datetime | None:
        """When the silence alarm was given last."""
        mark = self.marks.get((SILENCE, SILENCE))
        return _time(mark) if mark else None


class AlarmStore:
    def __init__(self, store: Store) -> None:
        self._store = store

    def facts(self) -> Facts:
        raw = json.loads(self._store.run("alarm_facts", *(ANSWER_S[level] * 1000 for level in (1, 2))))
        marks: dict[tuple[str, str], str] = {}
        fields = iter(raw["taken"])
        for name, mark in zip(fields, fields, strict=True):
            about, _, step = name.partition(":")
            marks[about, step or about] = mark
        for row in raw["held"]:
            marks |= {(row["case"][0], step): mark for step, mark in zip(_HELD_STEPS, row["taken"], strict=True)}
        held = tuple(Held(row["level"], _case(row["case"]), CounsellorId(row["holder"])) for row in raw["held"])
        return Facts(moment(raw["now"]), tuple(_waiting(row) for row in raw["waiting"]), held, marks)

    def take(self, facts: Facts, level: int, step: Step, referral: ReferralId) -> bool:
        """True when the step for who waits at a level is this caller's; of several that saw the same, one gets it."""
        return self._take("alarm:taken", f"{level}:{step}", facts.marks.get((str(level), step), ""), referral, level)

    def take_held(self, facts: Facts, held: Held, step: Step) -> bool:
        """The same for a case in a counsellor's hands."""
        id_ = held.case.referral
        return self._take(f"referral:{id_}", f"told_{step}", facts.marks.get((id_, step), ""), id_, held.level)

    def take_silence(self, facts: Facts) -> bool:
        """The same for the alarm that nobody has written."""
        return self._take("alarm:taken", SILENCE, facts.marks.get((SILENCE, SILENCE), ""), "", 0)

    def acknowledge(self, op: str, level: int, by: CounsellorId) -> bool:
        """She is on it: silences the level for a while (HUSH_S). False when nobody waits there (any more)."""
        named = self._store.keys.digest("acknowledge", op)
        return bool(self._store.run("acknowledge", named, level, by, HUSH_S[level] * 1000) == "ok")

    def last_message(self) -> datetime | None:
        """When a person's message came last; None when none has since the site was made or restored."""
        noted = self._store.get("heartbeat", "inbound")
        return moment(noted) if noted else None

    def begin_to_listen(self, now: datetime) -> None:
        """Silence counts from now on, where no message has come yet."""
        self._store.put_new(str(int(now.timestamp() * 1000)), "heartbeat", "inbound", ttl_ms=366 * 24 * 3600 * 1000)

    def _take(self, key: str, field: str, seen: str, referral: str, level: int) -> bool:
        note = f"level {level} {field.rpartition(':')[2].removeprefix('told_')}" if level else field
        return bool(self._store.run("alarm_take", secrets.token_hex(8), key, field, seen, referral, note))


def _waiting(row: dict[str, Any]) -> Waiting:
    return Waiting(
        level=row["level"],
        count=row["count"],
        oldest=_case(row["oldest"]),
        newer=_case(row["newer"]) if row.get("newer") else None,
        acknowledged=Acknowledgement(CounsellorId(row["ack"][0]), moment(row["ack"][1])) if row.get("ack") else None,
    )


def _case(raw: list[str]) -> Case:
    return Case(ReferralId(raw[0]), moment(raw[1]))


def _time(mark: str) -> datetime:
    return moment(mark.partition(" ")[0])
