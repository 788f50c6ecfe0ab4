"""The way to the store: one client, scripts by name, and one error for every way of it being away."""

import functools
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, ParamSpec, TypeVar, cast

import redis
from redis.backoff import ExponentialBackoff
from redis.exceptions import MovedError, RedisClusterException
from redis.retry import Retry

from bot.store.calls import TooFewReplicas, call, call_confirmed, load_scripts
from bot.store.keys import Keys
from bot.store.topology import read_url

SCANNED = 500
"""Keys looked at in one step of a listing, which holds nobody else up."""
MOVES = 3
"""So often a call follows its slot from one node of a Cluster to another."""
P = ParamSpec("P")
R = TypeVar("R")


class StoreAway(Exception):
    """The store cannot be reached or refuses to write (restarting, disk full, out of memory): try again later."""


class Unconfirmed(StoreAway):
    """The store did it, but too few replicas have it to call it safe: try again later, under the same operation id."""


def store_errors(function: Callable[P, R]) -> Callable[P, R]:
    """Turns every failure of the store into StoreAway, so that no caller needs to know redis."""

    @functools.wraps(function)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except TooFewReplicas as error:
            raise Unconfirmed("too few replicas") from error
        except (redis.RedisError, RedisClusterException, OSError) as error:
            raise StoreAway(type(error).__name__) from error

    return guarded


def moment(milliseconds: str | int | float) -> datetime:
    """The store's times are milliseconds since the epoch."""
    return datetime.fromtimestamp(float(milliseconds) / 1000, tz=timezone.utc)


@dataclass(frozen=True, slots=True)
class Durability:
    """What the store tells of itself; memory in bytes (limit 0: none), ``now`` in seconds since the epoch."""

    settings: dict[str, str]
    last_write_failed: bool
    memory_used: int
    memory_limit: int
    replicas: int
    now: float


class Store:
    """A connection pool, the key names and the scripts of one site. Safe to share between threads.

    ``replicas``: how many must have on disk what a confirmed call did. Raises WrongUrl.
    """

    def __init__(self, url: str, site: str, replicas: int = 0) -> None:
        self.keys = Keys(site)
        self._topology = read_url(url)
        self._replicas = replicas
        self._client: redis.Redis | None = None
        self._building = threading.Lock()
        self._scripts = load_scripts()

    @property
    def client(self) -> redis.Redis:
        """Made when first used, since a Cluster must answer for that."""
        if self._client is None:
            made = self.connect()
            with self._building:
                self._client = self._client or made
        return self._client

    def connect(self, decode: bool = True) -> redis.Redis:
        """A client of its own; ``decode`` False for one that gives bytes."""
        return self._topology.connect(
            decode_responses=decode,
            socket_timeout=1.0,
            socket_connect_timeout=1.0,
            health_check_interval=30,
            # A broken connection is tried again at once; a store that hangs is not, a person waits for the answer.
            retry=Retry(ExponentialBackoff(cap=0.2, base=0.02), 3, (redis.ConnectionError,)),
        )

    def node(self) -> redis.Redis:
        """The one server that holds all keys of the site."""
        client: Any = self.client
        if not self._topology.is_cluster:
            return self.client
        return cast("redis.Redis", client.get_redis_connection(client.get_node_from_key(self.keys.prefix)))

    @store_errors
    def run(self, script: str, *arguments: str | int, confirmed: bool = False) -> Any:
        """Runs a script atomically. Every changing script takes an operation id first, so a retry is safe.

        ``confirmed``: gives the result once so many replicas have it as this store wants; raises Unconfirmed.
        """
        text, named = self._scripts[script], (self.keys.prefix, *arguments)
        for _ in range(MOVES):
            try:
                if confirmed and self._replicas:
                    return call_confirmed(self.node(), text, self._replicas, *named)
                return call(self.node(), text, *named)
            except (MovedError, redis.ConnectionError, redis.TimeoutError) as error:
                if not self._topology.is_cluster:
                    raise
                # ASK is not followed: while a slot moves key by key, a script would find a part of the queue only.
                last = error
                cast("Any", self.client).nodes_manager.initialize()
                if isinstance(error, redis.TimeoutError):
                    raise
        raise last

    @store_errors
    def ping(self) -> bool:
        return bool(self.node().ping())

    @store_errors
    def get(self, *key: str) -> str | None:
        return cast("str | None", self.client.get(self.keys(*key)))

    @store_errors
    def put(self, value: str, *key: str, ttl_s: int | None = None) -> None:
        self.client.set(self.keys(*key), value, ex=ttl_s)

    @store_errors
    def put_new(self, value: str, *key: str, ttl_ms: int) -> bool:
        """Sets the key only when it is not there; True when it was set by this call (or by its lost twin)."""
        if self.client.set(self.keys(*key), value, px=ttl_ms, nx=True):
            return True
        return self.client.get(self.keys(*key)) == value

    @store_errors
    def forget(self, *key: str) -> None:
        self.client.delete(self.keys(*key))

    @store_errors
    def hash(self, *key: str) -> dict[str, str]:
        return cast("dict[str, str]", self.client.hgetall(self.keys(*key)))

    @store_errors
    def count(self, *key: str, field: str, ttl_s: int) -> None:
        """One more for a field of counts that are kept for a while."""
        pipe = self.client.pipeline(transaction=False)
        pipe.hincrby(self.keys(*key), field, 1)
        pipe.expire(self.keys(*key), ttl_s)
        pipe.execute()

    @store_errors
    def write_file_anew(self) -> bool:
        """Has the store write its append-only file anew, without what was deleted; False where it may or can not."""
        try:
            self.node().bgrewriteaof()
        except redis.ResponseError:  # one run by others may refuse it; one that saves at the moment asks to come again
            return False
        return True

    def names(self, begin: str = "") -> Iterator[str]:
        """The site's keys that begin so, without its prefix, while the service works on. Raises StoreAway."""
        prefix = self.keys.prefix
        pattern = "".join("\\" + c if c in "*?[]\\" else c for c in prefix + begin) + "*"
        cursor, begun = 0, False
        while cursor or not begun:
            begun = True
            cursor, keys = self._scanned(cursor, pattern)
            yield from (key[len(prefix) :] for key in keys)

    @store_errors
    def _scanned(self, cursor: int, pattern: str) -> tuple[int, list[str]]:
        return cast("tuple[int, list[str]]", self.node().scan(cursor, match=pattern, count=SCANNED))

    def is_used(self) -> bool:
        """Whether the site has any key."""
        return any(True for _ in self.names())

    @store_errors
    def durability(self) -> "Durability":
        """How safely the store keeps what it accepts; settings that it does not tell are missing."""
        node = self.node()
        try:
            settings = dict(node.config_get("append*")) | dict(node.config_get("maxmemory-policy"))
        except redis.ResponseError:  # a store run by others may not tell
            settings = {}
        about = node.info()
        seconds, micros = node.time()
        return Durability(
            settings={str(name): str(value) for name, value in settings.items()},
            last_write_failed="err" in (about.get("aof_last_write_status"), about.get("rdb_last_bgsave_status")),
            memory_used=int(about.get("used_memory", 0)),
            memory_limit=int(about.get("maxmemory", 0)),
            replicas=int(about.get("connected_slaves", 0)),
            now=seconds + micros / 1e6,
        )

    @store_errors
    def bell(self) -> int:
        """A number that rises with every change that a screen would show: the audited ones, and the others."""
        pipe = self.client.pipeline(transaction=False)
        pipe.get(self.keys("bell"))
        pipe.hget(self.keys("audit:head"), "n")
        return sum(int(number or 0) for number in pipe.execute())
