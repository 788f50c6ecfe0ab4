"""Takes messages out of the outbox and hands them to their channel, one person's in order."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from random import SystemRandom

from bot.core.cipher import SealBroken
from bot.core.shelter import pause_until_safe
from bot.log import logger
from bot.store.connection import StoreAway
from bot.store.outbox import Outbox, Parcel
from bot.store.people import People, UnknownPerson
from bot.store.sessions import Sessions
from bot.store.windows import Windows
from channels.base import (
    Channel,
    Misconfigured,
    Recalling,
    Reporting,
    SendError,
    SlowDown,
    TryLater,
    Unsure,
    WindowClosed,
)

HIDDEN_PAUSE_MS = 15_000
"""How soon after her safe word a counsellor's words follow, at the latest."""
SHUT = "the platform takes no more until she writes"
LONGEST_HOLD_MS = 10 * 60_000
_CHANCE = SystemRandom()


@dataclass(frozen=True, slots=True)
class Patience:
    """How a kind of trouble is sat out: pauses that double from ``first_ms`` to ``longest_ms``, for so long in all."""

    first_ms: int
    longest_ms: int
    for_: timedelta

    def pause_ms(self, attempts: int, share: float) -> int:
        """The pause after so many tries; ``share`` of 0 to 1 spreads those that failed together."""
        full = min(self.first_ms * 2 ** min(attempts - 1, 30), self.longest_ms)
        return int(full * (1 + share) / 2)


PATIENCE: dict[type[SendError], Patience] = {
    TryLater: Patience(2_000, 10 * 60_000, timedelta(hours=24)),
    # A platform that was asked twice in a hurry may not show yet that it has the message.
    Unsure: Patience(60_000, 10 * 60_000, timedelta(hours=24)),
    SlowDown: Patience(2 * 60_000, 30 * 60_000, timedelta(hours=24)),
    # The fault is ours: a weekend may pass until somebody mends it.
    Misconfigured: Patience(10 * 60_000, 10 * 60_000, timedelta(hours=72)),
}
"""What is not listed cannot succeed and is given up at once."""


class Delivery:
    """``share`` gives a number of 0 to 1 by which each pause is spread."""

    def __init__(
        self,
        outbox: Outbox,
        people: People,
        channels: Mapping[str, Channel],
        sessions: Sessions,
        windows: Windows,
        share: Callable[[], float] = _CHANCE.random,
    ) -> None:
        self._outbox = outbox
        self._people = people
        self._sessions = sessions
        self._windows = windows
        self._channels = {channel.name: channel for channel in channels.values()}
        self._share = share

    def one(self) -> bool:
        """Sends the next message that is due; False when there is none. Raises StoreAway."""
        parcel = self._outbox.take()
        if parcel is None:
            return False
        pause = self._unsafe_for(parcel)
        if pause:
            self._outbox.hold(parcel, pause)
            return True
        opening = self._windows.of(parcel.person, parcel.channel)
        wrote = opening.wrote if opening else ""
        if opening and not opening.left:
            self._outbox.close(parcel, wrote, SHUT)
            return True
        try:
            self._send(parcel)
            logger().info("message_sent", channel=parcel.channel, attempt=parcel.attempts)
        except (UnknownPerson, SealBroken):
            self._outbox.dead(parcel, "erased")
        except WindowClosed as error:
            self._outbox.close(parcel, wrote, f"{error.code}: {error.says}")
        except SendError as error:
            self._failed(parcel, error)
        except StoreAway:
            raise
        except Exception as error:  # a fault of one channel must not stop the others' messages
            self._failed(parcel, Unsure(type(error).__name__, "a fault while sending"))
        return True

    def _unsafe_for(self, parcel: Parcel) -> int:
        """Milliseconds for which nothing may be sent to this person: in the wrong-number mode, out of safe hours."""
        session = self._sessions.load(parcel.person)
        if session.hidden:
            return HIDDEN_PAUSE_MS
        wait = pause_until_safe(session.safe_hours, datetime.now(timezone.utc))
        return min(int(wait.total_seconds() * 1000), LONGEST_HOLD_MS)

    def _send(self, parcel: Parcel) -> None:
        channel = self._channels.get(parcel.channel)
        if channel is None:
            raise Misconfigured("no_channel", f"no channel {parcel.channel} is set up here")
        address, text = self._people.address(parcel.person), self._outbox.text(parcel)
        found = self._found(channel, parcel, address, text) if parcel.maybe_sent else None
        provider_id = found or channel.send(address, text)
        self._outbox.sent(parcel, provider_id, found is not None, isinstance(channel, Reporting))

    def _found(self, channel: Channel, parcel: Parcel, address: str, text: str) -> str | None:
        """The platform's id of what an earlier try has sent; None on any doubt, since silence is worse than a copy."""
        if not isinstance(channel, Recalling):
            return None
        try:
            taken = channel.find_sent(address, text, parcel.tried)
        except SendError as error:
            logger().warning("sent_messages_not_listed", channel=channel.name, code=error.code)
            return None
        return next(iter(self._outbox.unclaimed(channel.name, taken)), None)

    def _failed(self, parcel: Parcel, error: SendError) -> None:
        logger().warning("message_not_sent", channel=parcel.channel, code=error.code, attempt=parcel.attempts)
        why = f"{error.code}: {error.says}"
        if isinstance(error, Misconfigured) and self._outbox.note_fault(parcel.channel, why):
            logger().critical("channel_misconfigured", channel=parcel.channel, code=error.code, reason=error.says)
        patience = PATIENCE.get(type(error))
        if patience is None or parcel.failing >= patience.for_:
            self._outbox.dead(parcel, why)
        else:
            pause = patience.pause_ms(parcel.attempts, self._share())
            self._outbox.retry(parcel, pause, why, maybe_sent=isinstance(error, Unsure))
