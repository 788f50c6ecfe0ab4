"""`anlu doctor`: whether this site can keep its promises, point by point, each with a sentence that says what to do."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, cast

from bot.core.content import ContentError
from bot.core.content.duty import load_duty
from bot.core.content.review import standings
from bot.store.connection import StoreAway
from bot.wiring import CONTENT, Site

Grade = Literal["ok", "look", "bad"]
LEAST_DISK_MB = 500
SILENT_S = 30
"""A worker that gave no sign of life for so long is not there."""
CLOCK_S = 5
WANTED = {"appendonly": ("yes",), "appendfsync": ("always",), "maxmemory-policy": ("noeviction",)}
"""Settings of the store without which an accepted cry for help can be lost."""


@dataclass(frozen=True, slots=True)
class Finding:
    grade: Grade
    says: str


def examine(site: Site) -> Iterator[Finding]:
    """Every point in turn; a part that is away is a finding, not an error."""
    parts: tuple[Callable[[Site], Iterator[Finding]], ...] = (
        _store,
        _worker,
        _outbox,
        _keys,
        _disk,
        _content,
        _screen,
        _engine,
        _channels,
        _alarms,
    )
    for part in parts:
        try:
            yield from part(site)
        except StoreAway as error:
            yield Finding("bad", f"the store cannot be reached ({error}): check ANLU_REDIS_URL and that it runs")


def _store(site: Site) -> Iterator[Finding]:
    about = site.store.durability()
    for name, good in WANTED.items():
        value = about.settings.get(name)
        if value is None:
            yield Finding("look", f"the store does not tell its {name}: make sure that it is {good[0]}")
        elif value not in good:
            yield Finding("bad", f"the store has {name} {value}: set it to {good[0]}, or an accepted cry may be lost")
    if all(about.settings.get(name) in good for name, good in WANTED.items()):
        yield Finding("ok", "the store writes to disk before it answers, and drops nothing when memory is short")
    if about.last_write_failed:
        yield Finding("bad", "the store could not write to disk lately: make room and look at its log")
    if about.memory_limit and about.memory_used > 0.8 * about.memory_limit:
        yield Finding("bad", "the store uses over 80 % of the memory that it may: raise maxmemory")
    drift = abs(time.time() - about.now)
    if drift > CLOCK_S:
        yield Finding(
            "bad", f"the store's clock and this machine's are {drift:.0f} s apart: turn time synchronisation on"
        )
    wanted = site.settings.confirm_replicas
    if about.replicas < wanted:
        yield Finding(
            "bad", f"ANLU_CONFIRM_REPLICAS is {wanted} and the store has {about.replicas}: every cry goes to the spool"
        )
    elif about.replicas > wanted:
        yield Finding(
            "look",
            f"the store has {about.replicas} replicas and ANLU_CONFIRM_REPLICAS is {wanted}: a failover to one that "
            "did not confirm loses accepted cries, so set it to their number",
        )
    else:
        yield Finding("ok", f"the store has {about.replicas} replicas, and {wanted} confirm what is accepted")


def _worker(site: Site) -> Iterator[Finding]:
    beat = site.store.get("heartbeat", "worker")
    if beat is None or time.time() - float(beat) / 1000 > SILENT_S:
        yield Finding("bad", "no worker gives a sign of life: messages wait and leases do not end. Start `anlu worker`")
    else:
        yield Finding("ok", "the worker is there")
    waiting = site.spool.count()
    if waiting:
        yield Finding(
            "look", f"{waiting} cries for help wait on disk for the store: the worker moves them when it is back"
        )


def _outbox(site: Site) -> Iterator[Finding]:
    for channel in ("sms", "wechat"):
        fault = site.outbox.fault(channel)
        if fault:
            yield Finding("bad", f"{channel} cannot send, and messages wait: {fault}. Correct its settings")
    dead = site.outbox.given_up()
    if dead:
        yield Finding("look", f"{dead} messages did not reach anybody: a supervisor finds them in the console")


def _keys(site: Site) -> Iterator[Finding]:
    counts = site.rotation.counts()
    old = counts.total() - counts[site.rotation.first]
    if old:
        yield Finding("look", f"{old} values are not under the first master key: `anlu keys rotate`, then `keys check`")


def _disk(site: Site) -> Iterator[Finding]:
    folder = site.settings.data_dir
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".doctor"
        probe.write_text("x", encoding="ascii")
        probe.unlink()
    except OSError as error:
        yield Finding(
            "bad",
            f"the data folder cannot be written ({error.strerror}): cries could not be kept while the store is away",
        )
        return
    free = shutil.disk_usage(folder).free // 2**20
    grade: Grade = "ok" if free >= LEAST_DISK_MB else "bad"
    yield Finding(grade, f"{free} MB are free in the data folder (at least {LEAST_DISK_MB} are wanted)")


def _content(site: Site) -> Iterator[Finding]:
    try:
        rows = standings(site.library, site.answers.today())
    except ContentError as error:
        yield Finding("bad", str(error))
        return
    for state in ("draft", "withheld"):
        held = [row.answer.id for row in rows if row.state == state]
        if held:
            yield Finding(
                "bad", f"not sent, since {state}: {', '.join(held)}. Review and sign them (`anlu content sign`)"
            )
    due = sum(row.state in ("due", "expired") for row in rows)
    if due:
        yield Finding("look", f"{due} answers are due for review: `anlu content status`")
    unsigned = site.library.awaiting_legal_sign_off()
    if unsigned:
        yield Finding("look", f"{unsigned} answers await a labour lawyer's signature")
    told = int(site.library.figures["retention_days"].value)
    if site.settings.retention_days > told:
        kept = site.settings.retention_days
        yield Finding("bad", f"people are told that messages are kept {told} days, but ANLU_RETENTION_DAYS is {kept}")
    yield Finding("ok", f"{len(rows)} answers are in order")


def _screen(site: Site) -> Iterator[Finding]:
    verdict = site.screen("救命，他们把我锁在房间里不让我走")
    if verdict.level != 1 or verdict.faults:
        yield Finding(
            "bad", "the distress screen missed a plain cry for help: restore content/screen and nlu/screen/model"
        )
    elif not verdict.read:
        yield Finding(
            "look", "the distress screen works on words alone: its reader of meaning is missing (nlu/screen/model)"
        )
    else:
        yield Finding("ok", "the distress screen works with all its layers")


def _engine(site: Site) -> Iterator[Finding]:
    if site.engine.ready():
        yield Finding("ok", "the dialogue engine answers")
    else:
        yield Finding("look", "the dialogue engine does not answer: people get the menu and the hotlines meanwhile")


def _channels(site: Site) -> Iterator[Finding]:
    names = ", ".join(sorted(cast("dict[str, object]", site.channels)))
    if names:
        yield Finding("ok", f"channels with settings: {names}")
    else:
        yield Finding("bad", "no channel has settings: nobody can write (docs/SETTINGS.md)")


def _alarms(site: Site) -> Iterator[Finding]:
    ways = [f"{len(site.settings.on_call)} on-call phones"] if site.settings.on_call else []
    ways += ["the webhook"] if site.settings.alarm_webhook else []
    if "sms" in site.channels:
        reached = [m for m in site.staff.everyone() if site.staff.alarm_number(m.id)]
        ways += [f"{sum(m.role == role for m in reached)} {role}s by SMS" for role in sorted({m.role for m in reached})]
    if ways:
        yield Finding("ok", f"alarms reach {', '.join(ways)}")
    else:
        yield Finding(
            "look", "alarms sound on open consoles only: set ANLU_ONCALL_NUMBERS or ANLU_ALARM_WEBHOOK (docs/ALARMS.md)"
        )
    try:
        load_duty(CONTENT / "duty.yml")
    except ContentError as error:
        yield Finding("bad", str(error))
