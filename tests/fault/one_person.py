"""How one person's messages were handled, as the store itself saw it: who held her lock from when to when."""

import re
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType

LINE = re.compile(rb"^\+[\d.]+ \[\d+ ([^\]]+)\] (.*)$")
WORD = re.compile(rb'"((?:[^"\\]|\\.)*)"')


class Monitor:
    """Every command that the server runs, in the order in which it runs them."""

    def __init__(self, path: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(path)
        self._data = bytearray()
        self._thread = threading.Thread(target=self._read)

    def __enter__(self) -> "Monitor":
        self._socket.sendall(b"MONITOR\r\n")
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._socket.close()

    def _read(self) -> None:
        while chunk := self._socket.recv(1 << 20):
            self._data += chunk

    def commands(self) -> Iterator[list[str]]:
        for row in bytes(self._data).split(b"\r\n"):
            if found := LINE.match(row):
                yield [word.decode("utf-8", "replace") for word in WORD.findall(found[2])]


@dataclass(frozen=True, slots=True)
class Hold:
    """One time that somebody held the lock, by the number of the command, and the sessions saved in it."""

    start: int
    end: int
    saved: int


def holds(commands: list[list[str]], lock: str, session: str) -> list[Hold]:
    """Who holds a lock asks no more for it, so its last asking began the hold; its release ends it."""
    asked: dict[str, int] = {}
    found, token = [], ""
    saves = [number for number, words in enumerate(commands) if words[:2] == ["SET", session]]
    for number, words in enumerate(commands):
        if words[:2] == ["SET", lock]:
            asked[words[2]] = number
        elif words[0] in ("EVALSHA", "EVAL") and words[-1] in asked:
            token = words[-1]
        elif words[:2] == ["DEL", lock]:
            found.append(Hold(asked[token], number, sum(asked[token] < save < number for save in saves)))
    return found
