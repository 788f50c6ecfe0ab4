"""A store by any URL; and what counts as accepted is on the replicas' disks too."""

import os
import secrets
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bot.core.cipher import Cipher
from bot.core.message import CounsellorId, PersonId
from bot.doctor import _store as look_at_the_store
from bot.settings import Settings
from bot.store.backup import Backup
from bot.store.calls import load_scripts
from bot.store.connection import Store, StoreAway, Unconfirmed
from bot.store.erased import Erased
from bot.store.people import People
from bot.store.referral import Claim, Placed
from bot.store.referrals import Referrals
from bot.store.spool import SetAside
from bot.store.topology import WrongUrl, read_url
from bot.wiring import Site
from tests.fault.servers import Server, cluster, replicated, wait_until, watched

CIPHER = Cipher({"k1": os.urandom(32)})
MEI, LAN = CounsellorId("mei"), CounsellorId("lan")


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Server]]:
    with replicated(tmp_path_factory.mktemp("pair"), 1) as servers:
        yield servers


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[list[Server], str]]:
    with cluster(tmp_path_factory.mktemp("cluster")) as found:
        yield found


class Queue:
    """A site's referrals on a store of the given URL."""

    def __init__(self, url: str, replicas: int = 0, site: str = "") -> None:
        self.store = Store(url, site or "q" + secrets.token_hex(6), replicas)
        self.people = People(self.store, CIPHER, b"pseudonyms of this test")
        self.referrals = Referrals(self.store, self.people)

    def cry(self, op: str = "op") -> Placed:
        return self.referrals.enqueue(op, self.person, "sms", "en", 1, ("threat",), "help")

    @property
    def person(self) -> PersonId:
        return self.people.welcome("sms", "+85250000000")


@pytest.mark.parametrize(
    ("url", "nodes", "service", "login"),
    [
        ("sentinel://a:1,b:2/anlu", (("a", 1), ("b", 2)), "anlu", {}),
        ("sentinel://me:p%40ss@a:1/anlu", (("a", 1),), "anlu", {"username": "me", "password": "p@ss"}),
        ("cluster://a:1,[::1]:2", (("a", 1), ("::1", 2)), "", {}),
        ("cluster://:secret@a:1", (("a", 1),), "", {"password": "secret"}),
    ],
)
def test_a_url_names_nodes_service_and_login(url: str, nodes: object, service: str, login: object) -> None:
    found = read_url(url)
    assert (found.nodes, found.service, found.login) == (nodes, service, login)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://a",
        "redis://a:port",
        "sentinel://a:1",
        "sentinel://a:1/x/y",
        "sentinel://me:hidden@a/anlu",
        "cluster://a:1/0",
        "cluster://a:1,,b:2",
        "cluster://a:99999",
        "cluster://",
    ],
)
def test_a_wrong_url_is_refused_with_a_sentence_that_holds_no_password(url: str) -> None:
    with pytest.raises(WrongUrl, match=r"\w+ \w+ \w+") as refused:
        read_url(url)
    assert "hidden" not in str(refused.value)


def test_a_cry_counts_once_a_replica_has_it(pair: list[Server]) -> None:
    queue = Queue(pair[0].url, 1)
    queue.cry()
    assert pair[1].client.exists(queue.store.keys("open", queue.person))


def frozen(replica: Server, what: Callable[[], object]) -> None:
    """Expects Unconfirmed while the replica writes nothing."""
    replica.signal(signal.SIGSTOP)
    try:
        with pytest.raises(Unconfirmed):
            what()
    finally:
        replica.signal(signal.SIGCONT)


def test_a_cry_that_no_replica_has_is_not_accepted_and_can_be_tried_again(pair: list[Server]) -> None:
    queue = Queue(pair[0].url, 1)
    queue.cry("another")
    frozen(pair[1], queue.cry)
    placed = queue.cry()
    assert (placed.created, len(queue.referrals.waiting())) == (False, 1)
    referral = queue.referrals.waiting()[0]
    assert len(queue.referrals.transcript(referral, MEI)) == 2


def test_a_repetition_on_another_connection_is_not_taken_for_confirmed(pair: list[Server]) -> None:
    """The trap: a connection that wrote nothing is confirmed at once, whatever the replicas have."""
    first = Queue(pair[0].url)
    first.person
    again = Queue(pair[0].url, 1, first.store.keys.prefix[1:-2])
    again.store.client.ping()

    def unnoticed() -> None:
        first.cry()
        again.cry()

    frozen(pair[1], unnoticed)
    assert again.cry().created


@pytest.mark.parametrize("step", ["claim", "send", "transfer", "resolve"])
def test_every_step_that_a_counsellor_relies_on_is_confirmed(pair: list[Server], step: str) -> None:
    queue = Queue(pair[0].url, 1)
    queue.cry()
    claim = queue.referrals.claim("c", MEI) if step != "claim" else None
    steps: dict[str, Callable[[Claim], object]] = {
        "claim": lambda _: queue.referrals.claim("step", MEI),
        "send": lambda claim: queue.referrals.send("step", claim, "hello"),
        "transfer": lambda claim: queue.referrals.transfer("step", claim, LAN),
        "resolve": lambda claim: queue.referrals.resolve("step", claim, "helped", "bye"),
    }
    frozen(pair[1], lambda: steps[step](claim))  # type: ignore[arg-type]
    steps[step](claim)  # type: ignore[arg-type]


def test_without_an_append_only_file_replicas_confirm_from_memory(pair: list[Server]) -> None:
    queue = Queue(pair[0].url, 1)
    pair[0].client.config_set("appendonly", "no")
    try:
        assert queue.cry().created
        frozen(pair[1], lambda: queue.cry("two"))
    finally:
        pair[0].client.config_set("appendonly", "yes")


def test_cries_set_aside_wait_for_replicas_without_stopping_the_worker(pair: list[Server], settings: Settings) -> None:
    site = Site(settings.model_copy(update={"redis_url": pair[0].url, "confirm_replicas": 1}))
    site.spool.put("1", SetAside("op", "sms", "+85250000000", "en", 1, ("threat",), "help", ()))
    pair[1].signal(signal.SIGSTOP)
    try:
        site.upkeep.empty_spool()
        assert site.spool.count() == 1
    finally:
        pair[1].signal(signal.SIGCONT)
    site.upkeep.empty_spool()
    assert site.spool.count() == 0
    assert len(site.referrals.waiting()) == 1


def test_scripts_that_change_a_referral_keep_their_result() -> None:
    """What is confirmed is repeated, and a repetition is known by its kept result."""
    for name in ("enqueue", "claim", "send", "transfer", "resolve"):
        own = load_scripts()[name].text.split("return message")[-1]
        assert "before(" in own
        assert "after(" in own


@pytest.mark.parametrize(("replicas", "grade"), [(0, "look"), (1, "ok"), (2, "bad")])
def test_the_doctor_compares_the_replicas_with_what_is_confirmed(
    pair: list[Server], settings: Settings, replicas: int, grade: str
) -> None:
    site = Site(settings.model_copy(update={"redis_url": pair[0].url, "confirm_replicas": replicas}))
    found = [finding for finding in look_at_the_store(site) if "replicas" in finding.says.lower()]
    assert [finding.grade for finding in found] == [grade]


def test_the_queue_and_its_backup_work_on_a_cluster(nodes: tuple[list[Server], str], tmp_path: Path) -> None:
    queue = Queue(nodes[1])
    assert queue.cry().created
    claim = queue.referrals.claim("c", MEI)
    assert claim
    queue.referrals.send("s", claim, "hello")
    queue.store.count("helped", "2030-01", field="x yes", ttl_s=60)
    assert queue.store.durability().settings["appendfsync"] == "always"
    erased = Erased(tmp_path / "erased")
    Backup(queue.store, queue.people, erased, CIPHER).write(tmp_path / "backup")
    other = Queue(nodes[1])
    restored = Backup(other.store, other.people, erased, CIPHER).restore(tmp_path / "backup")
    assert (restored.waiting, restored.to_send) == (1, 1)


def test_a_cluster_that_is_away_is_a_store_that_is_away() -> None:
    store = Store("cluster://127.0.0.1:1", "gone")
    with pytest.raises(StoreAway):
        store.ping()
    with pytest.raises(StoreAway):
        store.run("reap", 1)
    with pytest.raises(StoreAway):
        store.get("bell")


def test_a_master_is_found_through_its_sentinels(tmp_path: Path) -> None:
    with watched(tmp_path) as (_, url, _):
        queue = Queue(url, 1)
        assert queue.cry().created
        assert len(queue.referrals.waiting()) == 1


def test_a_late_answer_is_not_taken_for_the_next_ones(tmp_path: Path) -> None:
    with watched(tmp_path) as (servers, url, _):
        store = Store(url, "late")
        store.put("first", "one")
        store.put("second", "two")
        servers[0].client.execute_command("CLIENT", "PAUSE", 1200, "ALL")
        with pytest.raises(StoreAway):
            store.get("one")
        assert wait_until(lambda: answered(store)) == "second"


def answered(store: Store) -> str | None:
    try:
        return store.get("two")
    except StoreAway:
        return None


def test_sentinels_that_are_away_are_a_store_that_is_away() -> None:
    with pytest.raises(StoreAway):
        Store("sentinel://127.0.0.1:1/anlu", "gone").get("bell")
