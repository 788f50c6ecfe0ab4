"""`anlu simulate`: a site with an invented year in it, to see how the service does with one."""

import contextlib
import heapq
import multiprocessing
import os
import random
import secrets
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

import pyotp

from bot.core.message import CounsellorId
from bot.desk.year import Case, Plan, Year
from bot.log import configure
from bot.onemachine import first_counsellor, kept_secrets
from bot.settings import Settings, SettingsError, settings_of
from bot.store.embedded import EmbeddedStore
from bot.store.filling import ANYBODY, OUTBOX_MS, Filling, refuse_used
from bot.wiring import Site, build_site

STAFF = 12
CHUNK = 2000
LEASE_MS = 12 * 3600 * 1000
"""Those in hands stay there for so long, so that there is time to look at them."""
DEAD = 400
"""One message of so many was given up."""
NAMES = ("Mei", "Lan", "Fang", "Juan", "Xia", "Yun", "Hui", "Ling", "Ping", "Na", "Qin", "Rong")
TOPICS = ("wages/unpaid", "wages/overtime", "contract/none", "injury/at_work", "dismissal/unfair", "documents/kept")
Event = tuple[int, str, str, str, str]
"""When (ms), action, referral, actor, note."""


@dataclass(frozen=True, slots=True)
class Work:
    """All that a process of its own needs to write its part."""

    settings: Settings
    plan: Plan
    root: bytes


@contextlib.contextmanager
def simulated_site(into: Path | None) -> Iterator[Site]:
    """A site in a folder, as `anlu run` finds it there, or without a folder the configured one, if it is a simulator.

    Raises SettingsError for the site of a real service.
    """
    if into is None:
        site = build_site("cli")
        if not site.settings.simulator:
            raise SettingsError("this is no simulator: an invented year goes into a folder of its own (--into)")
        refuse_used(site.store)
        yield site
        return
    configure("cli")
    with EmbeddedStore(into / "store") as store:
        given = {"ANLU_REDIS_URL": store.url, "ANLU_PUBLIC_URL": "http://127.0.0.1", "ANLU_DATA_DIR": str(into)}
        site = Site(settings_of({**kept_secrets(into), **given}))
        refuse_used(site.store)
        first_counsellor(site.staff, into)
        with store.in_bulk():
            yield site


def fill(site: Site, referrals: int, messages: int, seed: int, keep_words: bool, say: Callable[[str], None]) -> None:
    """Fills an empty site with a year that ends now."""
    began = time.monotonic()

    def said(what: str) -> None:
        say(f"{time.monotonic() - began:7.1f} s  {what}")

    plan = Plan(referrals, messages, seed, int(time.time() * 1000) - 1000, _staff(site), keep_words)
    plain = Settings.model_validate(site.settings.model_dump())  # without the ciphers, which go to no other process
    work = Work(plain, plan, secrets.token_bytes(32))
    chunks = range(0, referrals, CHUNK)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(os.cpu_count() or 1, len(chunks)), context, _begin, (work,)) as pool:
        parts: list[Future[int]] = [pool.submit(_part, start) for start in chunks]
        entries = _filling(work, site).audit(_told(plan, said), site.audit)
        said(f"{entries} entries of the audit, chained and sealed")
        lines = sum(part.result() for part in parts)
    _rest(_filling(work, site), Year(plan))
    said(f"{referrals} referrals of {Year(plan).callers} people; {lines} lines of conversations are kept")
    while followed := site.record.follow(100):
        said(f"the record: {followed} entries more")
    said("done")


def _staff(site: Site) -> tuple[CounsellorId, ...]:
    """Those who are there already, filled up to STAFF with people who can sign in only when given a new password."""
    there = [each.id for each in site.staff.everyone()]
    for name in NAMES[len(there) : STAFF]:
        role = "supervisor" if name == NAMES[1] else "counsellor"
        there.append(site.staff.add(name, name, role, secrets.token_urlsafe(16), pyotp.random_base32()).id)
    return tuple(there)


def _filling(work: Work, site: Site) -> Filling:
    secret = work.settings.pseudonym_secret.get_secret_value().encode()
    return Filling(site.store, work.settings.site_cipher, secret, work.root)


# In processes of their own

_work: Work
_site: Site
_year: Year


def _begin(work: Work) -> None:
    global _work, _site, _year
    _work, _site, _year = work, Site(work.settings), Year(work.plan)


def _part(start: int) -> int:
    """Writes the referrals from this number on, and their share of the people; how many lines are kept."""
    filling, year, kept = _filling(_work, _site), _year, 0
    end = min(start + CHUNK, year.plan.referrals)
    share = year.callers / year.plan.referrals
    last = year.callers if end == year.plan.referrals else int(end * share)
    for number in range(int(start * share), last):
        caller = year.caller(number)
        filling.welcome(caller.channel, caller.address)
    for number in range(start, end):
        kept += _write(filling, year, year.case(number))
    filling.flush()
    return kept


def _write(filling: Filling, year: Year, case: Case) -> int:
    """One referral with its messages; its lines too unless they have been deleted, and then none are kept."""
    caller = year.caller(case.caller)
    person, box = filling.person(caller.channel, caller.address)
    about = {"person": person, "channel": caller.channel, "referral": case.id}
    filling.referral(
        {
            "id": case.id,
            "person": "" if case.retired else person,
            "channel": caller.channel,
            "language": caller.language,
            "level": case.level,
            "kinds": ",".join(case.kinds),
            "state": case.state,
            "opened": case.opened,
            "since": case.opened,
            "lane": ANYBODY,
            "holder": case.by,
            "fence": case.number + 1 if case.taken else 0,
            "lease": year.plan.end_ms + LEASE_MS if case.state == "claimed" else 0,
            "lines": len(case.lines),
            **({"outcome": case.outcome, "resolved": case.ended, "read_fence": case.number + 1} if case.ended else {}),
            **({"judged": case.judged} if case.judged else {}),
        }
    )
    for number, line in enumerate(case.lines):
        recent = line.at > year.plan.end_ms - OUTBOX_MS
        message = f"m{case.id[1:]}{number}" if line.who == "counsellor" and recent else ""
        if message:
            dead = (case.number + number) % DEAD == 0
            row = {
                "sealed": box.seal(line.text, f"outbox:{person}"),
                "state": "dead" if dead else "sent",
                "attempts": 1,
            }
            how = {"error": "unreachable"} if dead else {"provider_id": f"P{case.id}{number}"}
            times = {"created": line.at, "settled": line.at + 400, "maybe_sent": 0}
            filling.message(message, {**about, **row, **how, **times})
        if not case.retired:
            row = {"at": line.at, "who": line.who, "sealed": box.seal(line.text, f"line:{person}"), "out": message}
            by = case.by if line.who == "counsellor" else ""
            filling.line(filling.key("transcript", case.id), line.at, {**row, "by": by})
    return 0 if case.retired else len(case.lines)


# In the order of time, so by one process


def _told(plan: Plan, said: Callable[[str], None]) -> Iterator[Event]:
    """What the audit tells of every case, in the order of time."""
    year, coming = Year(plan), list[Event]()
    for number, opened in enumerate(year.openings):
        while coming and coming[0][0] < opened:
            yield heapq.heappop(coming)
        for event in _events(year.case(number)):
            heapq.heappush(coming, event)
        if number % 20_000 == 19_999:
            said(f"the audit of {number + 1} referrals")
    while coming and coming[0][0] <= plan.end_ms:
        yield heapq.heappop(coming)


def _events(case: Case) -> Iterator[Event]:
    yield case.opened, "opened", case.id, "screen", f"level {case.level} {','.join(case.kinds)}"
    if case.taken:
        yield case.taken, "claimed", case.id, case.by, f"fence {case.number + 1}"
        yield case.taken + 200, "read", case.id, case.by, ""
    for line in case.lines:
        if line.who == "counsellor":
            yield line.at, "wrote", case.id, case.by, ""
    if case.judged:
        yield case.ended - 1, "judged", case.id, case.by, case.judged
    if case.ended:
        yield case.ended, "resolved", case.id, case.by, case.outcome
    if case.retired:
        yield case.retired, "retired", case.id, "worker", ""


def _rest(filling: Filling, year: Year) -> None:
    """Verdicts in the order of time, counts by month, the counter of fences."""
    rng = random.Random(year.plan.seed)  # noqa: S311 - an invented year
    judged = [case for case in map(year.case, range(year.ended)) if case.judged]
    for case in sorted(judged, key=lambda case: case.ended):
        caller = year.caller(case.caller)
        about = {"at": case.ended, "referral": case.id, "verdict": case.judged, "level": case.level, "released": ""}
        row = {**about, "kinds": ",".join(case.kinds), "language": caller.language, "channel": caller.channel}
        filling.line(filling.key("verdicts"), case.ended, row)
    for month in sorted({datetime.fromtimestamp(at / 1000, timezone.utc).strftime("%Y-%m") for at in year.openings}):
        for topic in TOPICS:
            filling.count("unanswered", month, topic, rng.randrange(400))
            filling.count("helped", month, f"{topic} yes", rng.randrange(900))
            filling.count("helped", month, f"{topic} no", rng.randrange(300))
    filling.fences(year.plan.referrals + 1)
    filling.flush()
