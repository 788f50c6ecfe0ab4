"""Takes messages out of the outbox and hands them to their channel, one person's in order."""

from collections.abc import Mapping
from datetime import datetime, timezone

from bot.core.cipher import SealBroken
from bot.core.shelter import pause_until_safe
from bot.log import logger
from bot.store.connection import StoreAway
from bot.store.outbox import Outbox, Parcel
from bot.store.people import People, UnknownPerson
from bot.store.sessions import Sessions
from channels.base import Channel, SendError, TryLater

TRIES = 8
FIRST_PAUSE_MS = 1_000
LONGEST_PAUSE_MS = 10 * 60_000
HIDDEN_PAUSE_MS = 15_000
"""How soon after her safe word a counsellor's words follow, at the latest."""


class Delivery:
    def __init__(self, outbox: Outbox, people: People, channels: Mapping[str, Channel], sessions: Sessions) -> None:
        self._outbox = outbox
        self._people = people
        self._sessions = sessions
        self._channels = {channel.name: channel for channel in channels.values()}

    def one(self) -> bool:
        """Sends the next message that is due; False when there is none. Raises StoreAway."""
        parcel = self._outbox.take()
        if parcel is None:
            return False
        pause = self._unsafe_for(parcel)
        if pause:
            self._outbox.hold(parcel, pause)
            return True
        try:
            self._outbox.sent(parcel, self._send(parcel))
            logger().info("message_sent", channel=parcel.channel, attempt=parcel.attempts)
        except (UnknownPerson, SealBroken):
            self._outbox.dead(parcel, "erased")
        except SendError as error:
            self._failed(parcel, error)
        except StoreAway:
            raise
        except Exception as error:  # a fault of one channel must not stop the others' messages
            self._failed(parcel, TryLater(type(error).__name__, "a fault while sending"))
        return True

    def _unsafe_for(self, parcel: Parcel) -> int:
        """Milliseconds for which nothing may be sent to this person: in the wrong-number mode, out of safe hours."""
        session = self._sessions.load(parcel.person)
        if session.hidden:
            return HIDDEN_PAUSE_MS
        wait = pause_until_safe(session.safe_hours, datetime.now(timezone.utc))
        return min(int(wait.total_seconds() * 1000), LONGEST_PAUSE_MS)

    def _send(self, parcel: Parcel) -> str:
        channel = self._channels.get(parcel.channel)
        if channel is None:
            raise SendError("no_channel", f"no channel {parcel.channel} is set up here")
        return channel.send(self._people.address(parcel.person), self._outbox.text(parcel))

    def _failed(self, parcel: Parcel, error: SendError) -> None:
        logger().warning("message_not_sent", channel=parcel.channel, code=error.code, attempt=parcel.attempts)
        if error.retryable and parcel.attempts < TRIES:
            pause = min(FIRST_PAUSE_MS * 2 ** (parcel.attempts - 1), LONGEST_PAUSE_MS)
            self._outbox.retry(parcel, pause, error.code)
        else:
            self._outbox.dead(parcel, f"{error.code}: {error.says}")
