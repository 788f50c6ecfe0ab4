"""The judge sees every way in which a promise can be broken: each is planted once."""

from collections.abc import Callable
from typing import Any

import pytest

from bot.core.message import CounsellorId
from bot.store.connection import Store
from bot.store.people import People
from bot.store.referral import Claim
from bot.store.referrals import Referrals
from tests.fault.judge import Verdict, find_doubled, judge

MEI, LAN = CounsellorId("mei"), CounsellorId("lan")


class Bench:
    """One site whose cries are told of as a client's ledger tells them."""

    def __init__(self, store: Store, people: People, referrals: Referrals) -> None:
        self.store, self.people, self.referrals = store, people, referrals
        self.events: list[dict[str, Any]] = []

    def cry(self, op: str, level: int = 1, event: str = "accepted") -> str:
        person = self.people.welcome("sms", op)
        placed = self.referrals.enqueue(op, person, "sms", "en", level, ("threat",), "help")
        self.tell("begun", op)
        self.tell(event, op, id=placed.id)
        return placed.id

    def tell(self, event: str, op: str, **facts: Any) -> None:
        self.events.append({"event": event, "op": op, "at": 0.0, "ledger": "crier1.ledger", **facts})

    def claim(self, op: str, by: CounsellorId = MEI, id_: str | None = None) -> Claim:
        claim = self.referrals.claim(op, by, id_)  # type: ignore[arg-type]
        assert claim
        return claim

    def judged(self, **options: Any) -> Verdict:
        return judge(self.events, self.store, self.people, **options)


@pytest.fixture
def bench(store: Store, people: People, referrals: Referrals) -> Bench:
    return Bench(store, people, referrals)


def test_what_is_as_it_was_told_is_good(bench: Bench) -> None:
    bench.cry("waits")
    bench.referrals.resolve("r", bench.claim("c"), "helped", "bye")
    bench.cry("held")
    bench.claim("c2")
    bench.cry("set aside", event="spooled")
    bench.tell("begun", "told no")
    bench.tell("refused", "told no")
    verdict = bench.judged()
    assert verdict.good, verdict
    assert (verdict.accepted, verdict.reported) == (2, 2)


@pytest.mark.parametrize("event", ["accepted", "spooled"])
@pytest.mark.parametrize(
    "lose",
    [
        lambda bench, id_: bench.store.forget("referral", id_),
        lambda bench, id_: bench.store.forget("transcript", id_),
        lambda bench, id_: bench.store.client.zrem(bench.store.keys("queue"), id_),
        lambda bench, id_: bench.store.forget("person", bench.people.name("sms", "op")),
        lambda bench, id_: (bench.people.erase(bench.people.name("sms", "op")), bench.people.welcome("sms", "op")),
    ],
    ids=["no referral", "no words", "not in line", "no person", "another key"],
)
def test_a_lost_cry_is_seen(bench: Bench, event: str, lose: Callable[[Bench, str], object]) -> None:
    lose(bench, bench.cry("op", event=event))
    assert bench.judged().lost == ["op"]


def test_a_cry_that_stands_twice_is_seen(bench: Bench) -> None:
    bench.cry("op")
    bench.referrals.append("again", bench.people.name("sms", "op"), "person", "help")
    assert bench.judged().twice == ["op"]


def test_a_sender_who_was_told_nothing_is_seen(bench: Bench) -> None:
    bench.tell("begun", "op")
    assert bench.judged().silent == ["op"]
    assert bench.judged(killed=["crier1.ledger"]).silent == []


def test_work_of_somebody_who_does_not_hold_it_is_seen(bench: Bench) -> None:
    id_ = bench.cry("op")
    claim = bench.claim("c")
    bench.store.client.hset(bench.store.keys("referral", id_), "holder", LAN)
    bench.referrals.send("s", Claim(claim.referral, LAN, claim.fence), "hello")
    assert bench.judged().doubled == [id_]


def test_a_later_cry_given_out_first_is_seen(bench: Bench) -> None:
    bench.cry("first")
    pause = bench.store.client.time()
    while bench.store.client.time()[1] // 1000 == pause[1] // 1000:
        continue
    later = bench.cry("later")
    bench.claim("c", id_=later)
    assert bench.judged().disordered == [later]
    assert bench.judged(in_order=False).good


def test_a_graver_cry_given_out_first_is_in_order(bench: Bench) -> None:
    bench.cry("first", level=2)
    bench.cry("graver", level=1)
    assert bench.claim("c")
    assert bench.judged().good


def did(who: str, fence: int, start: float, at: float) -> dict[str, Any]:
    return {"event": "step", "referral": "r", "who": who, "fence": fence, "start": start, "at": at}


@pytest.mark.parametrize(
    ("steps", "doubled"),
    [
        ([did("a", 1, 0, 1), did("a", 1, 2, 3), did("b", 2, 4, 5)], False),
        ([did("a", 1, 0, 1), did("b", 1, 2, 3)], True),
        ([did("a", 1, 0, 1), did("b", 2, 2, 3), did("a", 1, 4, 5)], True),
        ([did("a", 1, 0, 1), did("a", 1, 2, 5), did("b", 2, 3, 4)], False),
    ],
    ids=["one after another", "two under one fence", "back after the fence was over", "accepted just before"],
)
def test_two_who_work_on_one_referral_are_seen(steps: list[dict[str, Any]], doubled: bool) -> None:
    assert bool(list(find_doubled(steps))) is doubled
