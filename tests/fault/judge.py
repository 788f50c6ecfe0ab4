"""Compares what clients were told with what the store has: what was lost, done twice, or given out of order."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

from bot.core.cipher import SealBroken
from bot.core.message import PersonId
from bot.store.connection import Store
from bot.store.people import People, UnknownPerson

PLACES = {"waiting": "queue", "claimed": "leases", "resolved": "resolved", "parked": "parked"}
"""In which sorted set a referral of each state must stand."""
FREED = ("opened", "reopened", "returned", "lease_expired", "woken", "due", "restored")
TAKEN = ("claimed", "transferred", "resolved", "parked")


@dataclass(slots=True)
class Verdict:
    """Each list names what went wrong; ``reported`` cries were told to their senders as not accepted or set aside."""

    accepted: int = 0
    reported: int = 0
    lost: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    """Cries that stand more than once in their transcript."""
    doubled: list[str] = field(default_factory=list)
    """Referrals that two counsellors worked on at once."""
    disordered: list[str] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)
    """Cries whose sender was told nothing."""
    note: str = ""

    @property
    def good(self) -> bool:
        return not (self.lost or self.twice or self.doubled or self.disordered or self.silent)


def read_ledgers(paths: Iterable[Path]) -> list[dict[str, Any]]:
    """All whole lines; a client that was killed may have left half a line, which it was not told to the end."""
    found = []
    for path in paths:
        for line in path.read_text().splitlines(keepends=True):
            if line.endswith("\n"):
                found.append({**json.loads(line), "ledger": path.name})
    return found


def judge(
    events: list[dict[str, Any]], store: Store, people: People, killed: Iterable[str] = (), in_order: bool = True
) -> Verdict:
    """``killed``: ledgers of clients that were killed, whose last cry may have no end.

    ``in_order``: every claim was of the next in line; at the console people choose.
    """
    by_event: dict[str, dict[str, dict[str, Any]]] = defaultdict(dict)
    for event in events:
        if "op" in event:
            by_event[event["event"]][event["op"]] = event
    told = by_event["accepted"] | by_event["spooled"]
    answered = set(told) | set(by_event["refused"])
    ids = {op: event.get("id") or "r" + store.keys.digest(op)[:16] for op, event in told.items()}
    found = list(_conditions(store, people, ids.values()))
    steps = [event for event in events if event["event"] == "step"]
    return Verdict(
        accepted=len(by_event["accepted"]),
        reported=len(answered) - len(by_event["accepted"]),
        lost=[op for (op, _), (kept, _) in zip(ids.items(), found, strict=True) if not kept],
        twice=[op for (op, _), (_, lines) in zip(ids.items(), found, strict=True) if lines > 1],
        doubled=sorted({*find_doubled(steps), *find_strangers(store)}),
        disordered=sorted(set(find_disorder(store))) if in_order else [],
        silent=[
            op for op, begun in by_event["begun"].items() if op not in answered and begun["ledger"] not in set(killed)
        ],
    )


def _conditions(store: Store, people: People, ids: Iterable[str]) -> Iterator[tuple[bool, int]]:
    """For each referral: whether it is whole, and how often its cry is in its transcript."""
    pipe = store.client.pipeline(transaction=False)
    ids = list(ids)
    for id_ in ids:
        pipe.hmget(store.keys("referral", id_), "state", "person")
        pipe.xrange(store.keys("transcript", id_), "-", "+")
        for place in PLACES.values():
            pipe.zscore(store.keys(place), id_)
    rows = pipe.execute()
    width = 2 + len(PLACES)
    for number in range(len(ids)):
        (state, person), lines, *scores = rows[number * width : (number + 1) * width]
        standing = dict(zip(PLACES, scores, strict=True))
        cries = [fields["sealed"] for _, fields in lines if fields["who"] == "person"]
        readable = bool(cries) and all(_readable(people, PersonId(person or ""), sealed) for sealed in cries)
        yield standing.get(state or "") is not None and readable, len(cries)


def _readable(people: People, person: PersonId, sealed: str) -> bool:
    """A cry whose words or whose sender nobody can find any more is as good as lost."""
    try:
        return bool(people.open(person, sealed, "line")) and bool(people.address(person))
    except (UnknownPerson, SealBroken):
        return False


def find_doubled(steps: list[dict[str, Any]]) -> Iterator[str]:
    """Referrals with two workers under one fence, or with a step accepted under a fence that was over."""
    for referral, group in groupby(sorted(steps, key=lambda s: (s["referral"], s["at"])), lambda s: s["referral"]):
        rows = list(group)
        workers: dict[int, str] = {}
        for row in rows:
            if workers.setdefault(row["fence"], row["who"]) != row["who"]:
                yield referral
        # A step that began after one with a higher fence had ended must have been refused.
        highest = 0
        ends = sorted((row["at"], row["fence"]) for row in rows)
        for row in sorted(rows, key=lambda r: r["start"]):
            while ends and ends[0][0] < row["start"]:
                highest = max(highest, ends.pop(0)[1])
            if row["fence"] < highest:
                yield referral


def find_strangers(store: Store) -> Iterator[str]:
    """Referrals on which somebody worked who did not hold them: the audit, played again."""
    holders: dict[str, str] = {}
    for _, entry in store.client.xrange(store.keys("audit"), "-", "+"):  # type: ignore[misc,union-attr]
        id_, action, actor = entry["referral"], entry["action"], entry["actor"]
        if action in ("wrote", "resolved", "returned", "transferred", "lease_expired") and holders.get(id_) != actor:
            yield id_
        if action == "claimed":
            if id_ in holders:
                yield id_
            holders[id_] = actor
        elif action == "transferred":
            holders[id_] = entry["note"].removeprefix("to ")
        elif action in ("returned", "lease_expired", "resolved"):
            holders.pop(id_, None)


def find_disorder(store: Store) -> Iterator[str]:
    """Referrals that were given out while one of their level had waited longer: the audit, played again.

    Each change writes its entry in its own script, so the audit has the order in which everything happened. Two of the
    same millisecond have no order.
    """
    waiting: set[str] = set()
    levels: dict[str, int] = {}
    arrived: dict[str, int] = {}
    opened = _opened(store)
    for number, (_, entry) in enumerate(store.client.xrange(store.keys("audit"), "-", "+")):  # type: ignore[arg-type]
        id_, action = entry["referral"], entry["action"]
        if action in ("opened", "raised"):
            levels[id_] = int(entry["note"].split(" to ")[-1].removeprefix("level ").split()[0])
            arrived.setdefault(id_, number)
        if action in FREED:
            waiting.add(id_)
        elif action in TAKEN:
            waiting.discard(id_)
        if action == "claimed" and any(
            levels[other] == levels[id_] and arrived[other] < arrived[id_] and opened[other] != opened[id_]
            for other in waiting
        ):
            yield id_


def _opened(store: Store) -> dict[str, int]:
    ids = {entry["referral"] for _, entry in store.client.xrange(store.keys("audit"), "-", "+")}  # type: ignore[misc,union-attr]
    pipe = store.client.pipeline(transaction=False)
    for id_ in ids:
        pipe.hget(store.keys("referral", id_), "opened")
    return {id_: int(at or 0) for id_, at in zip(ids, pipe.execute(), strict=True)}
