"""Real Valkey servers on loopback ports: alone, with replicas and Sentinels, or as a Cluster."""

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import redis
from redis.crc import key_slot

from bot.store.embedded import binary
from tests.fault.proxy import HOST, Proxy

READY_S = 15.0
SAFE = ("appendonly yes", "appendfsync always", 'save ""', "maxmemory-policy noeviction")
"""Settings as the embedded store has them."""
SERVICE = "anlu"
SLOTS = 16384


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def wait_until(fact: Callable[[], Any], limit_s: float = READY_S, every_s: float = 0.02) -> Any:
    """The fact, once it holds; a store that does not answer yet counts as no."""
    end = time.monotonic() + limit_s
    while time.monotonic() < end:
        with contextlib.suppress(redis.RedisError):
            if value := fact():
                return value
        time.sleep(every_s)
    raise AssertionError(f"not within {limit_s} s: {fact}")


def _end_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)


class Server:
    """One process with a folder and a port of its own. Start it from the main thread: it ends with its starter."""

    def __init__(self, folder: Path, *lines: str, sentinel: bool = False) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"redis://{HOST}:{self.port}"
        self.client = redis.Redis.from_url(self.url, decode_responses=True, socket_timeout=2)
        self.process: subprocess.Popen[bytes] | None = None
        self._sentinel = sentinel
        folder.mkdir(parents=True, exist_ok=True)
        text = [f"port {self.port}", f"bind {HOST}", f"dir {folder}", f"logfile {folder}/log", "daemonize no", *lines]
        (folder / "conf").write_text("\n".join(text) + "\n")

    def add(self, *lines: str) -> None:
        """Further settings, before the start."""
        with (self.folder / "conf").open("a") as file:
            file.writelines(f"{line}\n" for line in lines)

    def start(self) -> "Server":
        command = [str(binary()), str(self.folder / "conf"), *(["--sentinel"] if self._sentinel else [])]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, preexec_fn=_end_with_parent)
        wait_until(self._up)
        return self

    def _up(self) -> bool:
        assert self.process
        if self.process.poll() is not None:
            raise AssertionError((self.folder / "log").read_text()[-500:])
        return bool(self.client.ping())

    def signal(self, number: int) -> None:
        assert self.process
        os.kill(self.process.pid, number)

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
        self.client.connection_pool.disconnect()

    def close(self) -> None:
        self.kill()
        self.client.close()


@contextlib.contextmanager
def single(folder: Path, *lines: str) -> Iterator[Server]:
    """One server, with the embedded store's settings unless others are given."""
    server = Server(folder, *(lines or SAFE))
    try:
        yield server.start()
    finally:
        server.close()


@contextlib.contextmanager
def replicated(folder: Path, replicas: int, *lines: str) -> Iterator[list[Server]]:
    """A master and its replicas, all in step; the master is the first."""
    master = Server(folder / "0", *SAFE, *lines)
    servers = [master]
    settings = (*SAFE, *lines, f"replicaof {HOST} {master.port}")
    servers += [Server(folder / str(number), *settings) for number in range(1, replicas + 1)]
    with contextlib.ExitStack() as stack:
        for server in servers:
            stack.callback(server.close)
            server.start()
        wait_until(lambda: in_step(master) >= replicas)
        yield servers


def in_step(master: Server) -> int:
    """How many replicas are there and follow."""
    about = master.client.info("replication")
    rows = [about[key] for key in about if key.startswith("slave") and isinstance(about[key], dict)]
    return sum(row["state"] == "online" for row in rows)


@contextlib.contextmanager
def watched(folder: Path) -> Iterator[tuple[list[Server], str, Proxy]]:
    """A master with two replicas and three Sentinels: the servers, the URL for ANLU_REDIS_URL, the master's wire.

    Everybody knows the master by the wire's port, so that replicas and Sentinels can be cut off from it.
    """
    strict = ("min-replicas-to-write 1", "min-replicas-max-lag 2", "repl-timeout 5", "repl-diskless-sync-delay 0")
    with contextlib.ExitStack() as stack:
        master = Server(folder / "0", *SAFE, *strict)
        wire = stack.enter_context(Proxy(master.port))
        master.add(f"replica-announce-port {wire.port}", f"replica-announce-ip {HOST}")
        follow = (*SAFE, *strict, f"replicaof {HOST} {wire.port}")
        servers = [master, *(Server(folder / str(number), *follow) for number in (1, 2))]
        lines = (
            f"sentinel monitor {SERVICE} {HOST} {wire.port} 2",
            f"sentinel down-after-milliseconds {SERVICE} 700",
            f"sentinel failover-timeout {SERVICE} 3000",
            f"sentinel parallel-syncs {SERVICE} 2",
        )
        sentinels = [Server(folder / f"s{number}", *lines, sentinel=True) for number in range(3)]
        for server in (*servers, *sentinels):
            stack.callback(server.close)
        for server in servers:
            server.start()
        wait_until(lambda: in_step(master) == 2)
        for sentinel in sentinels:
            sentinel.start()
        for sentinel in sentinels:
            wait_until(lambda sentinel=sentinel: _knows_all(sentinel))
        places = ",".join(f"{HOST}:{sentinel.port}" for sentinel in sentinels)
        yield servers, f"sentinel://{places}/{SERVICE}", wire


def _knows_all(sentinel: Server) -> bool:
    state: dict[str, Any] = sentinel.client.sentinel_master(SERVICE)  # type: ignore[attr-defined]
    return int(state["num-other-sentinels"]) == 2 and int(state["num-slaves"]) == 2


@contextlib.contextmanager
def cluster(folder: Path) -> Iterator[tuple[list[Server], str]]:
    """Three masters with a third of the slots each; the servers, and the URL for ANLU_REDIS_URL."""
    servers = []
    for number in range(3):
        lines = ("cluster-enabled yes", f"cluster-port {free_port()}", "cluster-node-timeout 2000")
        servers.append(Server(folder / str(number), *SAFE, *lines))
    try:
        for number, server in enumerate(servers):
            server.start()
            first, last = SLOTS * number // 3, SLOTS * (number + 1) // 3 - 1
            server.client.execute_command("CLUSTER", "ADDSLOTSRANGE", first, last)
            server.client.execute_command("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
        for server in servers[1:]:
            bus = next(line for line in (server.folder / "conf").read_text().splitlines() if "cluster-port" in line)
            servers[0].client.execute_command("CLUSTER", "MEET", HOST, server.port, bus.split()[1])
        for server in servers:
            wait_until(lambda server=server: server.client.cluster("info")["cluster_state"] == "ok")
        yield servers, "cluster://" + ",".join(f"{HOST}:{server.port}" for server in servers)
    finally:
        for server in servers:
            server.close()


def slot_of(key: str) -> int:
    return int(key_slot(key.encode()))
