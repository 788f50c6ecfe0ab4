"""A conversation in the terminal: a real channel, for counsellors in training, demonstrations and evaluation."""

import secrets
from dataclasses import dataclass, field

from bot.core.message import Inbound, Kind
from channels.base import Misconfigured


@dataclass
class Terminal:
    """Each instance is one person; ``style`` may be ``text`` or ``sms`` to see either form of the answers."""

    style: str = "text"
    name: str = "terminal"
    _address: str = field(default_factory=lambda: secrets.token_hex(8), repr=False)
    _count: int = 0

    def say(self, text: str) -> Inbound:
        """A message typed by the person."""
        self._count += 1
        return Inbound(self.name, self._address, f"{self._address}:{self._count}", Kind.TEXT, text)

    def send(self, address: str, text: str) -> str:
        raise Misconfigured("terminal", "a terminal that is closed cannot be written to")
