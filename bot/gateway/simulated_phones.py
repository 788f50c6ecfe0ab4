"""The screens of the simulated phones."""

import threading
import time
from collections import deque
from dataclasses import dataclass, field

KEPT = 200


@dataclass
class Phone:
    """What one phone shows: messages with a running number, ``me`` or ``them``. One that is off shows nothing new."""

    messages: deque[dict[str, object]] = field(default_factory=lambda: deque(maxlen=KEPT))
    count: int = 0
    on: bool = True
    left: int | None = None
    """Messages that its platform still takes; None: it does not count."""

    def show(self, who: str, text: str) -> None:
        self.count += 1
        self.messages.append({"n": self.count, "who": who, "text": text, "at": time.strftime("%H:%M")})


class Phones:
    """All simulated phones by address; the screen of a phone lives as long as the gateway."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._phones: dict[str, Phone] = {}

    def show(self, address: str, who: str, text: str) -> None:
        with self._lock:
            self._phone(address).show(who, text)

    def after(self, address: str, number: int) -> list[dict[str, object]]:
        with self._lock:
            return [m for m in self._phone(address).messages if int(str(m["n"])) > number]

    def switch(self, address: str, on: bool) -> None:
        with self._lock:
            self._phone(address).on = on

    def is_on(self, address: str) -> bool:
        with self._lock:
            return self._phone(address).on

    def open_window(self, address: str, messages: int) -> None:
        """Its platform takes at least so many messages from now on."""
        with self._lock:
            phone = self._phone(address)
            phone.left = max(messages, phone.left or 0)

    def take_slot(self, address: str) -> bool:
        """One message fewer; False when its platform takes none."""
        with self._lock:
            phone = self._phone(address)
            if phone.left == 0:
                return False
            phone.left = None if phone.left is None else phone.left - 1
            return True

    def _phone(self, address: str) -> Phone:
        return self._phones.setdefault(address, Phone())
