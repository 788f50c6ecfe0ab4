"""Messages on their way to people: durable, in order for each person, never silently dropped."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from bot.core.message import CounsellorId, PersonId
from bot.store.connection import Store, moment, store_errors
from bot.store.people import People

DAY_S = 24 * 3600
LEASE_MS = 30_000
"""How long a worker may take over one message before another may try it."""

ASK_MS = 5 * 60_000
"""A report that has not come by then is asked for."""
ASK_AGAIN_MS, ASK_UNTIL_MS = 3600_000, 3 * DAY_S * 1000
CLOSED_MS = 3600_000
"""What waits for the person to write is looked at again so often, should her message have been missed."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """One message taken out for sending. ``maybe_sent``: the person may have it, since an earlier try got no answer."""

    id: str
    token: str
    person: PersonId
    channel: str
    sealed: str = field(repr=False)
    attempts: int
    maybe_sent: bool
    tried: datetime
    """When it was tried first."""
    failing: timedelta
    """How long every try has failed."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A message that was given up: when, why, and of which conversation; never its words."""

    id: str
    referral: str
    at: datetime
    why: str


class Outbox:
    def __init__(self, store: Store, people: People) -> None:
        self._store = store
        self._people = people

    def post(self, message: str, person: PersonId, channel: str, text: str) -> bool:
        """Queues a message of the service itself; False when this id was queued before."""
        sealed = self._people.seal(person, text, "outbox")
        return bool(self._store.run("post", message, person, channel, sealed, ""))

    def take(self) -> Parcel | None:
        """The oldest message of a person whose turn it is, leased to the caller; None when nothing is due."""
        raw = self._store.run("take", LEASE_MS)
        if raw is None:
            return None
        id_, token, person, channel, sealed, attempts, maybe, tried, failing = raw
        return Parcel(
            id_,
            token,
            PersonId(person),
            channel,
            sealed,
            int(attempts),
            maybe == "1",
            moment(tried),
            timedelta(milliseconds=int(failing)),
        )

    def text(self, parcel: Parcel) -> str:
        """The words; SealBroken or UnknownPerson when the person was erased since."""
        return self._people.open(parcel.person, parcel.sealed, "outbox")

    def sent(self, parcel: Parcel, provider_id: str, found: bool = False, followed: bool = False) -> None:
        """The platform took it under this id.

        ``found``: it had it already, from a try that got no answer. ``followed``: it will report what became of it.
        """
        by, ask = self._by(parcel.channel, provider_id), ASK_MS if followed else 0
        self._store.run("settle", parcel.id, parcel.token, "found" if found else "sent", provider_id, 0, by, ask)

    def without_end(self, count: int) -> list[tuple[str, str]]:
        """Channel and platform's id of messages whose report did not come; each is named once in an hour."""
        raw = self._store.run("ask", count, ASK_AGAIN_MS, ASK_UNTIL_MS)
        return list(zip(raw[::2], raw[1::2], strict=True))

    @store_errors
    def unclaimed(self, channel: str, provider_ids: Sequence[str]) -> list[str]:
        """Those of the platform's ids that are no message's yet."""
        keys = [self._store.keys("out", "by", self._by(channel, id_)) for id_ in provider_ids]
        owners = self._store.client.mget(keys) if keys else []
        return [id_ for id_, owner in zip(provider_ids, owners, strict=True) if owner is None]

    def follow(self, channel: str, provider_id: str, state: str, why: str) -> str:
        """What became of a message that was sent: "delivered" or "failed" (then it is kept as given up).

        "ok"; "early" when no message has this id yet, and then it is remembered for a day; "old" when more was known.
        """
        return str(self._store.run("follow", self._by(channel, provider_id), state, why))

    def _by(self, channel: str, provider_id: str) -> str:
        return f"{channel}:{self._store.keys.digest(provider_id)}" if provider_id else ""

    def retry(self, parcel: Parcel, after_ms: int, why: str, maybe_sent: bool = False) -> None:
        """Another try later. ``maybe_sent``: the platform did not say whether it took the message."""
        self._store.run("settle", parcel.id, parcel.token, "retry", why, after_ms, int(maybe_sent))

    def hold(self, parcel: Parcel, after_ms: int) -> None:
        """Puts a message back untried: this is no moment to send to this person."""
        self._store.run("settle", parcel.id, parcel.token, "hold", "waits_until_safe", after_ms)

    def close(self, parcel: Parcel, wrote: str, why: str) -> None:
        """Keeps a message until she writes. ``wrote``: what was known of her last message when it was tried."""
        self._store.run("settle", parcel.id, parcel.token, "closed", why, CLOSED_MS, wrote)

    def dead(self, parcel: Parcel, why: str) -> None:
        """Gives up on a message; it is kept and shown."""
        self._store.run("settle", parcel.id, parcel.token, "dead", why, 0)

    @store_errors
    def note_fault(self, channel: str, why: str) -> bool:
        """Notes that a channel is set up wrongly, until it sends again or a day passed; True when this is news."""
        return bool(self._store.client.set(self._store.keys("out", "fault", channel), why, nx=True, ex=DAY_S))

    def fault(self, channel: str) -> str | None:
        return self._store.get("out", "fault", channel)

    @store_errors
    def waiting(self) -> int:
        return int(self._store.client.zcard(self._store.keys("out", "due")))

    @store_errors
    def letters(self, count: int = 100) -> list[Letter]:
        """What was given up last, the newest first."""
        rows: Any = self._store.client.zrevrange(self._store.keys("out", "dead"), 0, count - 1, withscores=True)
        pipe = self._store.client.pipeline(transaction=False)
        for id_, _ in rows:
            pipe.hmget(self._store.keys("out", "message", str(id_)), "referral", "error")
        return [
            Letter(str(id_), referral or "", moment(at), why or "")
            for (id_, at), (referral, why) in zip(rows, pipe.execute(), strict=True)
        ]

    def send_again(self, op: str, message: str, who: CounsellorId) -> bool:
        return self._decide(op, message, who, "again")

    def put_aside(self, op: str, message: str, who: CounsellorId) -> bool:
        return self._decide(op, message, who, "aside")

    def _decide(self, op: str, message: str, who: CounsellorId, what: str) -> bool:
        return bool(self._store.run("letter", self._store.keys.digest(what, op), message, who, what) == "ok")

    @store_errors
    def given_up(self) -> int:
        return int(self._store.client.zcard(self._store.keys("out", "dead")))
