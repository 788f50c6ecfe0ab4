"""What a store's URL names: one server, the master that Sentinels watch, or a Cluster."""

from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import SplitResult, unquote, urlsplit

import redis
import redis.cluster
import redis.connection
import redis.sentinel
from redis.backoff import ConstantBackoff, NoBackoff
from redis.retry import Retry

# Without types, or with types too narrow for options that are passed through.
_node: Any = redis.cluster.ClusterNode
_cluster: Any = redis.cluster.RedisCluster
_sentinel: Any = redis.sentinel.Sentinel
_parse: Any = redis.connection.parse_url
_managed: Any = redis.sentinel.SentinelManagedConnection
SERVER = ("redis", "rediss", "unix")
SENTINEL_S = 0.3
"""A Sentinel that answers no sooner is passed over: the next one knows the same."""


class Watched(_managed):  # type: ignore[misc]
    """A connection to the master that closes after a timeout.

    redis-py's own stays open there, and takes the late answer for the answer to the next command.
    """

    def read_response(self, *arguments: Any, **options: Any) -> Any:
        return super().read_response(*arguments, **{"disconnect_on_error": True, **options})


class WrongUrl(ValueError):
    """What is wrong with a store's URL, as a sentence that holds no password."""


@dataclass(frozen=True, slots=True)
class Topology:
    """Where the store is and how it is entered."""

    scheme: str
    url: str = field(repr=False)
    nodes: tuple[tuple[str, int], ...] = ()
    """Sentinels, or some nodes of the Cluster; a single server is named by its URL alone."""
    service: str = ""
    """Under which name the Sentinels know the master."""
    login: dict[str, str] = field(default_factory=dict, repr=False)

    @property
    def is_cluster(self) -> bool:
        return self.scheme == "cluster"

    def connect(self, **options: Any) -> redis.Redis:
        """A client whose commands go to whoever may write. A Cluster must answer at once, the others later."""
        options = {**self.login, **options}
        if self.is_cluster:
            nodes = [_node(host, port) for host, port in self.nodes]
            # The first MOVED shows that slots have moved: all of them are asked for again.
            return cast("redis.Redis", _cluster(startup_nodes=nodes, reinitialize_steps=1, **options))
        if self.scheme == "sentinel":
            once = Retry(NoBackoff(), 0)
            brief = {"socket_timeout": SENTINEL_S, "socket_connect_timeout": SENTINEL_S, "retry": once}
            # Every try asks the Sentinels anew, for the command and for the connection that it needs.
            options["retry"] = Retry(ConstantBackoff(0.05), 1, (redis.ConnectionError,))
            watchers = _sentinel(list(self.nodes), sentinel_kwargs=brief, **options)
            return cast("redis.Redis", watchers.master_for(self.service, connection_class=Watched))
        return redis.Redis.from_url(self.url, **options)


def read_url(url: str) -> Topology:
    """Reads ANLU_REDIS_URL; raises WrongUrl."""
    parts = urlsplit(url)
    if parts.scheme in SERVER:
        try:
            _parse(url)
        except ValueError as error:
            raise WrongUrl(f"a {parts.scheme}:// address that cannot be read") from error
        return Topology(parts.scheme, url)
    service = parts.path.strip("/")
    if parts.scheme == "sentinel" and (not service or "/" in service):
        raise WrongUrl("a sentinel:// address ends with the name of the service: sentinel://host:port,host:port/name")
    if parts.scheme == "cluster" and service:
        raise WrongUrl("a cluster:// address has nodes only and no path: cluster://host:port,host:port")
    if parts.scheme not in ("sentinel", "cluster"):
        raise WrongUrl("it must begin with redis://, rediss://, unix://, sentinel:// or cluster://")
    return Topology(parts.scheme, url, _nodes(parts), service, _login(parts))


def _nodes(parts: SplitResult) -> tuple[tuple[str, int], ...]:
    found = []
    for place in parts.netloc.rpartition("@")[2].split(","):
        try:
            node = urlsplit(f"//{place.strip()}")
            host, port = node.hostname, node.port
        except ValueError:
            host, port = None, None
        if not host or not port:
            raise WrongUrl(f"a {parts.scheme}:// address names each node as host:port, with commas between")
        found.append((host, port))
    return tuple(found)


def _login(parts: SplitResult) -> dict[str, str]:
    user, _, password = parts.netloc.rpartition("@")[0].partition(":")
    named = {"username": unquote(user), "password": unquote(password)}
    return {name: value for name, value in named.items() if value}
