"""One person on two phones or channels: the code that a counsellor sent her on the one comes back from the other."""

import re

from bot.core.message import Kind
from bot.core.normalise import normalise
from bot.log import logger
from bot.service.answers import Answers
from bot.service.turn import Said, Turn
from bot.store.joining import Joining as Codes

_CODE = re.compile(r"(?:安路|anlu)\s*[:：]?\s*(\d{6})")


class Joining:
    def __init__(self, answers: Answers, codes: Codes) -> None:
        self._answers = answers
        self._codes = codes

    def take(self, turn: Turn) -> Said | None:
        """What is said to a message that is such a code; None for every other, and for a code that is not good."""
        if turn.inbound.kind is not Kind.TEXT:
            return None
        found = _CODE.fullmatch(normalise(turn.inbound.text).text.strip(" .。!！"))
        if found is None:
            return None
        op = f"join:{turn.inbound.channel}:{turn.inbound.message_id}"
        if self._codes.take(op, found[1], turn.person, turn.inbound.channel) is None:
            return None
        logger().info("two_channels_joined", channel=turn.inbound.channel)
        return Said((self._answers.phrase("joined", turn.language),), turn.session, "system/joined")
