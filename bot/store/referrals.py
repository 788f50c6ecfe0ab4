"""The human referral queue: atomic, leased, fenced, audited.

Every change is one Lua script that writes its own audit entry. Operation ids make a retry after a lost reply do
nothing twice. The embedded store fsyncs before it answers, so an answer here means "on disk".
"""

import json
from datetime import datetime
from typing import Any, cast

from bot.core.cipher import SealBroken
from bot.core.message import CounsellorId, PersonId, ReferralId
from bot.store.connection import Store, moment, store_errors
from bot.store.people import People, UnknownPerson
from bot.store.referral import Claim, Full, Line, Placed, Referral, Stale, Taken, WindowShut, referral_of

OFFER_MS = 60_000
"""First lease after a claim or a transfer."""
WORK_MS = 90_000
"""Lease renewed by the counsellor's presence."""
LINES = 100
"""Lines of a transcript that are read at once."""
REAP_AT_MOST = 50
RETIRE_AT_MOST = 100
SCORE_OF_LEVEL = 10**13
_ON_ITS_WAY = ("state", "maybe_sent", "attempts", "held", "error")
"""What the outbox says of a message, in the order in which a line takes it."""


class Referrals:
    def __init__(self, store: Store, people: People) -> None:
        self._store = store
        self._people = people

    def enqueue(
        self,
        op: str,
        person: PersonId,
        channel: str,
        language: str,
        level: int,
        kinds: tuple[str, ...],
        text: str,
        reasons: tuple[str, ...] = (),
        province: str = "",
    ) -> Placed:
        """Opens a referral, or joins the person's open one and raises its level (never lowers it).

        One that ended within the last three days is opened again, with all that was said in it.
        """
        raw = self._store.run(
            "enqueue",
            self._op("enqueue", op),
            "r" + self._store.keys.digest(op)[:16],
            person,
            channel,
            language,
            level,
            ",".join(kinds),
            self._people.seal(person, text, "line"),
            self._people.seal(person, "\n".join(reasons), "line") if reasons else "",
            province,
            confirmed=True,
        )
        id_, created, state, place, present, news, usual = json.loads(raw)
        wait_s = usual / 1000 if usual >= 0 else None
        return Placed(ReferralId(id_), bool(created), state, int(place), int(present), bool(news), wait_s)

    def append(
        self, op: str, person: PersonId, who: str, text: str, channel: str = ""
    ) -> tuple[ReferralId, str] | None:
        """Adds a line to the person's open referral; its id and state, or None when she has none.

        ``channel`` is given with words of the person's own; they bring back a referral that was laid aside.
        """
        sealed = self._people.seal(person, text, "line")
        raw = json.loads(self._store.run("append", self._op("append", op), person, who, sealed, channel))
        return (ReferralId(raw[0]), raw[1]) if raw else None

    def open_of(self, person: PersonId) -> Referral | None:
        id_ = self._store.get("open", person)
        return self.get(ReferralId(id_)) if id_ else None

    def get(self, id_: ReferralId) -> Referral | None:
        raw = self._store.hash("referral", id_)
        return referral_of(raw) if raw else None

    def claim(self, op: str, counsellor: CounsellorId, id_: ReferralId | None = None) -> Claim | None:
        """Claims this referral, or the next in line that fits her skills (None when there is none).

        Raises Taken, and Full when she has no hand free; a referral of level 1 that she names she gets all the same.
        """
        arguments = (self._op("claim", op), id_ or "", counsellor, OFFER_MS)
        raw = json.loads(self._store.run("claim", *arguments, confirmed=True))
        if raw[0] == "claimed":
            return Claim(ReferralId(raw[1]), counsellor, raw[2])
        if raw[0] == "taken":
            raise Taken
        if raw[0] == "full":
            raise Full
        return None

    def renew(self, claim: Claim) -> None:
        """Keeps the lease alive; raises Stale."""
        _fenced(self._store.run("renew", claim.referral, claim.counsellor, claim.fence, WORK_MS))

    def send(self, op: str, claim: Claim, text: str) -> None:
        """Writes to the person: transcript and outbox in one step, only for the holder.

        Raises Stale, WindowShut, UnknownPerson.
        """
        channel, person = self._known(claim.referral).heard_on
        answer = self._store.run(
            "send",
            self._op("send", op),
            claim.referral,
            claim.counsellor,
            claim.fence,
            "m" + self._store.keys.digest(op)[:16],
            self._people.seal(person, text, "line"),
            self._people.seal(person, text, "outbox"),
            person,
            channel,
            confirmed=True,
        )
        if answer == "shut":
            raise WindowShut
        _fenced(answer)

    def note(self, op: str, claim: Claim, text: str) -> None:
        """A line for colleagues that is never sent. Raises Stale."""
        sealed = self._people.seal(self._known(claim.referral).person, text, "line")
        _fenced(self._store.run("note", self._op("note", op), claim.referral, claim.counsellor, claim.fence, sealed))

    def park(self, op: str, claim: Claim, until: datetime, note: str) -> None:
        """Lays it aside: it comes back at that time, or when the person writes, first to whoever laid it aside.

        The bot answers meanwhile. Raises Stale.
        """
        sealed = self._people.seal(self._known(claim.referral).person, note, "line")
        back = int(until.timestamp() * 1000)
        arguments = (self._op("park", op), claim.referral, claim.counsellor, claim.fence, back, sealed)
        _fenced(self._store.run("park", *arguments, confirmed=True))

    def reassign(self, op: str, id_: ReferralId, supervisor: CounsellorId, to: CounsellorId | None) -> None:
        """A supervisor moves it from wherever it is to a counsellor, or (None) to the queue. Raises Taken: it ended."""
        arguments = (self._op("reassign", op), id_, supervisor, to or "", OFFER_MS)
        if self._store.run("reassign", *arguments, confirmed=True) != "ok":
            raise Taken

    def transfer(self, op: str, claim: Claim, to: CounsellorId | None) -> None:
        """Passes it to another counsellor under a new fencing token, or back to its old place (``to`` None)."""
        arguments = (self._op("transfer", op), claim.referral, claim.counsellor, claim.fence, to or "", OFFER_MS)
        _fenced(self._store.run("transfer", *arguments, confirmed=True))

    def resolve(self, op: str, claim: Claim, outcome: str, hand_back: str) -> None:
        """Ends it and queues the hand-back message; from then on the bot answers again. Raises Stale."""
        channel, person = self._known(claim.referral).heard_on
        message = "m" + self._store.keys.digest(op)[:16]
        sealed = self._people.seal(person, hand_back, "outbox")
        named = self._op("resolve", op)
        arguments = (named, claim.referral, claim.counsellor, claim.fence, outcome, message, sealed, person, channel)
        _fenced(self._store.run("resolve", *arguments, confirmed=True))

    def judge(self, op: str, claim: Claim, right: bool, released: str) -> None:
        """Whether the screen was right to call; ``released``: sealed words, or nothing. Raises Stale."""
        arguments = (self._op("judge", op), claim.referral, claim.counsellor, claim.fence)
        _fenced(self._store.run("judge", *arguments, "right" if right else "wrong", released))

    def reap(self) -> tuple[list[str], list[str]]:
        """Puts back what silent counsellors held, and what was laid aside until now; run by the worker."""
        silent, due = self._store.run("reap", REAP_AT_MOST)
        return silent, due

    def retire(self, resolved_before: datetime) -> list[str]:
        """Deletes conversations that ended before this moment; their referrals stay as counts that name nobody."""
        before = int(resolved_before.timestamp() * 1000)
        return cast("list[str]", self._store.run("retire", before, RETIRE_AT_MOST))

    @store_errors
    def waiting(self, start: int = 0, count: int = 50) -> list[Referral]:
        """A page of the queue in its order."""
        return self._page(self._store.client.zrange(self._store.keys("queue"), start, start + count - 1))

    @store_errors
    def counts(self) -> tuple[int, int]:
        """How many wait, and how many are in somebody's hands."""
        client, keys = self._store.client, self._store.keys
        return int(client.zcard(keys("queue"))), int(client.zcard(keys("leases")))

    @store_errors
    def held(self, count: int = 200) -> list[Referral]:
        """Referrals in somebody's hands, the lease that ends first at the head."""
        return self._page(self._store.client.zrange(self._store.keys("leases"), 0, count - 1))

    @store_errors
    def held_by(self, counsellor: CounsellorId) -> list[Referral]:
        """What this counsellor holds, in no order."""
        return self._page(self._store.client.smembers(self._store.keys("hands", counsellor)))

    @store_errors
    def parked(self, count: int = 200) -> list[Referral]:
        """What is laid aside, the one that comes back first at the head."""
        return self._page(self._store.client.zrange(self._store.keys("parked"), 0, count - 1))

    @store_errors
    def promised(self) -> list[Referral]:
        """Those to whom it was said that nobody is on duty, and to whom nobody has written yet; oldest first."""
        return self._page(self._store.client.zrange(self._store.keys("promised"), 0, REAP_AT_MOST - 1))

    @store_errors
    def promise_kept(self, id_: ReferralId) -> None:
        self._store.client.zrem(self._store.keys("promised"), id_)

    def _page(self, ids: Any) -> list[Referral]:
        pipe = self._store.client.pipeline(transaction=False)
        for id_ in ids:
            pipe.hgetall(self._store.keys("referral", id_))
        return [referral_of(raw) for raw in pipe.execute() if raw]

    @store_errors
    def transcript(
        self, referral: Referral, reader: CounsellorId, audited: bool = True, before: str = "", count: int = LINES
    ) -> list[Line]:
        """The last lines of a conversation (those before the line numbered ``before``), oldest first, for one reader.

        The reading stands in the audit.
        """
        rows = reversed(self._store.run("read", referral.id, reader, "1" if audited else "", before, count))
        entries = [(row[0], dict(zip(row[1][::2], row[1][1::2], strict=True))) for row in rows]
        pipe = self._store.client.pipeline(transaction=False)
        for _, entry in entries:
            pipe.hmget(self._store.keys("out", "message", entry["out"] or "-"), *_ON_ITS_WAY)
        return [self._line(referral, *row, *sent) for row, sent in zip(entries, pipe.execute(), strict=True)]

    def _line(
        self,
        referral: Referral,
        number: str,
        entry: dict[str, str],
        state: str | None,
        maybe: str | None,
        attempts: str | None,
        held: str | None,
        error: str | None,
    ) -> Line:
        of = PersonId(entry.get("of") or referral.person)
        return Line(
            number,
            moment(entry["at"]),
            entry["who"],
            self._opened(of if of in referral.persons else referral.person, entry["sealed"]),
            state or "",
            CounsellorId(entry["by"]) if entry.get("by") else None,
            int(attempts or 0) - int(held or 0),
            error or "",
            twice=maybe == "1" and state in ("sent", "delivered"),
        )

    def _opened(self, person: PersonId, sealed: str) -> str:
        try:
            return self._people.open(person, sealed, "line")
        except (SealBroken, UnknownPerson):
            return "（已删除 / erased）"

    def _op(self, step: str, op: str) -> str:
        """What an operation is kept under: it may hold a platform's ids, which stand in no key."""
        return self._store.keys.digest(step, op)

    def _known(self, id_: ReferralId) -> Referral:
        referral = self.get(id_)
        if referral is None:
            raise Stale
        return referral


def _fenced(answer: str) -> None:
    if answer != "ok":
        raise Stale
