"""What platforms report of messages that they took."""

from collections.abc import Mapping

from bot.log import logger
from bot.store.outbox import Outbox
from channels.base import Channel, Reporting, SendError, Status

ASKED_AT_ONCE = 10


class Receipts:
    """``channels`` by the last part of their webhook's path."""

    def __init__(self, outbox: Outbox, channels: Mapping[str, Channel]) -> None:
        self._outbox = outbox
        self._channels = {channel.name: channel for channel in channels.values()}

    def take(self, channel: str, status: Status) -> None:
        """Notes a report; repeated and late ones change nothing. Raises StoreAway."""
        if status.state == "on_its_way":
            return
        found = self._outbox.follow(channel, status.provider_id, status.state, status.says)
        if found == "ok" and status.state == "failed":
            logger().warning("message_not_delivered", channel=channel, reason=status.says)

    def ask_for_missing(self) -> None:
        """Asks the platforms for reports that did not come, since none of them reports twice. Raises StoreAway."""
        for name, provider_id in self._outbox.without_end(ASKED_AT_ONCE):
            channel = self._channels.get(name)
            if not isinstance(channel, Reporting):
                continue
            try:
                self.take(name, channel.ask(provider_id))
            except SendError as error:
                logger().warning("report_not_had", channel=name, code=error.code)
