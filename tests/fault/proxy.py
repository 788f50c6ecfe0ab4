"""A wire between clients and a server that can be cut, and that can swallow answers."""

import contextlib
import select
import socket
import threading
from types import TracebackType

HOST = "127.0.0.1"
CHUNK = 65536
LOOK_S = 0.05


class Proxy:
    """Listens on a port of its own and passes everything on to a server's port or socket.

    ``swallow_every``: of so many answers to a script, one is read from the server and the connection closed instead.
    ``cut``: connections that look like a replica's or a Sentinel's stand still, and new ones of theirs are not served.
    """

    def __init__(self, target: int | str, swallow_every: int = 0) -> None:
        self._target = target
        self._swallow_every = swallow_every
        self._listener = socket.create_server((HOST, 0))
        self.port = int(self._listener.getsockname()[1])
        self.url = f"redis://{HOST}:{self.port}"
        self.cut = threading.Event()
        self.swallowed = 0
        self._scripts = 0
        self._counting = threading.Lock()
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._accept)]

    def __enter__(self) -> "Proxy":
        self._threads[0].start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._stopping.set()
        self._listener.close()
        for thread in self._threads:
            thread.join(5)

    def _accept(self) -> None:
        while not self._stopping.is_set():
            if not select.select([self._listener], [], [], LOOK_S)[0]:
                continue
            with contextlib.suppress(OSError):
                client, _ = self._listener.accept()
                thread = threading.Thread(target=self._serve, args=(client,), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _connect(self) -> socket.socket:
        if isinstance(self._target, int):
            return socket.create_connection((HOST, self._target), 2)
        server = socket.socket(socket.AF_UNIX)
        server.connect(self._target)
        return server

    def _serve(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError), client, self._connect() as server:
            inner, script = False, False
            while not self._stopping.is_set():
                for end in select.select([client, server], [], [], LOOK_S)[0]:
                    data = end.recv(CHUNK)
                    if not data:
                        return
                    if end is client:
                        inner = inner or any(mark in data for mark in (b"PSYNC", b"REPLCONF", b"sentinel"))
                        script = b"EVALSHA" in data or b"\r\nEVAL\r\n" in data
                    elif script and self._swallows():
                        return
                    if inner and self.cut.is_set():
                        self._stand_still()
                    (server if end is client else client).sendall(data)

    def _swallows(self) -> bool:
        with self._counting:
            self._scripts += 1
            swallows = self._swallow_every > 0 and self._scripts % self._swallow_every == 0
            self.swallowed += swallows
            return swallows

    def _stand_still(self) -> None:
        while self.cut.is_set() and not self._stopping.wait(LOOK_S):
            continue
