"""What platforms report of messages that they took."""

from bot.log import logger
from bot.store.outbox import Outbox
from channels.base import Status


class Receipts:
    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox

    def take(self, channel: str, status: Status) -> None:
        """Notes a report; repeated and late ones change nothing. Raises StoreAway."""
        if status.state == "on_its_way":
            return
        found = self._outbox.follow(channel, status.provider_id, status.state, status.says)
        if found == "ok" and status.state == "failed":
            logger().warning("message_not_delivered", channel=channel, reason=status.says)
