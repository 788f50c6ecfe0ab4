"""Concurrent clients of the real queue are answered as if one thing had been done after another."""

import itertools
import random
import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from bot.core.cipher import Cipher
from bot.core.message import CounsellorId, PersonId, ReferralId
from bot.store.audit import Audit
from bot.store.calls import load_scripts
from bot.store.connection import Store
from bot.store.embedded import EmbeddedStore
from bot.store.people import People
from bot.store.referral import Claim, Stale, Taken
from bot.store.referrals import Referrals
from tests.fault.history import Queue, Step, answers, is_sound

ROUNDS, CLIENTS, STEPS = 12, 4, 9
LAPSE = """if redis.call('HGET', KEYS[1], 'state') ~= 'claimed' then return 0 end
redis.call('HSET', KEYS[1], 'lease', 1) redis.call('ZADD', KEYS[2], 1, ARGV[1]) return 1"""


class Round:
    """Some clients on a fresh site with few people, each doing what comes to its mind."""

    def __init__(self, url: str, seed: int, breaking: tuple[str, str] | None = None) -> None:
        self.store = Store(url, "h" + secrets.token_hex(6))
        for name, script in load_scripts().items():
            text = script.text.replace(*breaking) if breaking else script.text
            self.store._scripts[name] = replace(script, text=text, sha=script.sha if text == script.text else "0" * 40)
        self.people = People(self.store, Cipher({"k1": secrets.token_bytes(32)}), b"history")
        self.referrals = Referrals(self.store, self.people)
        self.persons = [self.people.welcome("sms", f"+8525000000{number}") for number in range(3)]
        self.seed, self.ops = seed, itertools.count()
        self.steps: list[Step] = []
        self.claims: list[Claim] = []

    def play(self) -> "Round":
        gate = threading.Barrier(CLIENTS)
        threads = [threading.Thread(target=self._client, args=(number, gate)) for number in range(CLIENTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return self

    def _client(self, number: int, gate: threading.Barrier) -> None:
        mind, me = random.Random(f"{self.seed}.{number}"), CounsellorId(f"c{number}")
        gate.wait()
        for _ in range(STEPS):
            self._one(mind, me)

    def _one(self, mind: random.Random, me: CounsellorId) -> None:
        claim = mind.choice(self.claims) if self.claims else None
        name = mind.choice(["cry", "cry", "claim_next", "claim_next", "claim", "renew", "send", "resolve", "give_back",
                            "pass_on", "lapse", "reap"])  # fmt: skip
        op = f"op{next(self.ops)}"
        if name == "cry":
            self._record(name, (mind.choice(self.persons),), lambda person: self._cry(op, person))
        elif name == "claim_next":
            self._record(name, (me,), lambda by: self._claimed(self.referrals.claim(op, by)))
        elif name == "reap":
            self._record(name, (), lambda: self.referrals.reap()[0])
        elif claim and name == "claim":
            self._record(name, (me, claim.referral), lambda by, id_: self._claimed(self.referrals.claim(op, by, id_)))
        elif claim and name == "lapse":
            self._record(name, (claim.referral,), self._lapse)
        elif claim:
            self._fenced(name, claim, op, mind.choice(["c0", "c1"]))

    def _cry(self, op: str, person: PersonId) -> tuple[str, bool]:
        placed = self.referrals.enqueue(op, person, "sms", "en", 1, ("threat",), "help")
        return placed.id, placed.created

    def _claimed(self, claim: Claim | None) -> tuple[str, int] | None:
        if claim is None:
            return None
        self.claims.append(claim)
        return claim.referral, int(claim.fence)

    def _lapse(self, id_: ReferralId) -> bool:
        keys = self.store.keys
        return bool(self.store.client.eval(LAPSE, 2, keys("referral", id_), keys("leases"), id_))

    def _fenced(self, name: str, claim: Claim, op: str, to: str) -> None:
        steps: dict[str, Callable[[], None]] = {
            "renew": lambda: self.referrals.renew(claim),
            "send": lambda: self.referrals.send(op, claim, "hello"),
            "resolve": lambda: self.referrals.resolve(op, claim, "helped", "bye"),
            "give_back": lambda: self.referrals.transfer(op, claim, None),
            "pass_on": lambda: self.referrals.transfer(op, claim, CounsellorId(to)),
        }
        named = (claim.counsellor, claim.referral, int(claim.fence)) + ((to,) if name == "pass_on" else ())
        self._record(name, named, lambda *_: steps[name]() or "ok")

    def _record(self, name: str, arguments: tuple[Any, ...], do: Callable[..., Any]) -> None:
        asked = time.monotonic()
        try:
            answer = do(*arguments)
        except Taken:
            answer = "taken"
        except Stale:
            answer = "stale"
        self.steps.append(Step(name, arguments, answer, asked, time.monotonic()))

    @property
    def sound(self) -> bool:
        waits: Counter[str] = Counter()
        began = []
        for entry in Audit(self.store, b"history").entries():
            if entry.action in ("opened", "reopened"):
                began.append((int(entry.at), entry.referral, waits[entry.referral]))
                waits[entry.referral] += 1
        return is_sound(self.steps, Queue(tuple((id_, wait) for _, id_, wait in sorted(began))), answers)


def test_concurrent_clients_see_one_queue(embedded_store: EmbeddedStore) -> None:
    done: set[str] = set()
    for seed in range(ROUNDS):
        played = Round(embedded_store.url, seed).play()
        assert played.sound, played.steps
        done |= {f"{step.name} {step.answer}" if step.answer in ("ok", "stale") else step.name for step in played.steps}
        played.store.client.close()
    assert {"claim", "lapse", "reap", "resolve ok", "send stale", "pass_on ok"} <= done


@pytest.mark.parametrize(
    "breaking",
    [
        ("if case(id).state ~= 'waiting' then return cjson.encode({'taken', id}) end", ""),
        ("  return c.state == 'claimed' and c.holder == counsellor", "  do return true end\n  return c.state == ''"),
        ("  local fence = redis.call('INCR', P .. 'fence')\n", "  local fence = 7\n"),
        ("put(id, 'state', '', 'holder', '', 'lease', 0)\n  line_up(id)\n", ""),
    ],
    ids=["a claim without looking", "every fence holds", "one fence for all", "put back nowhere"],
)
def test_a_broken_queue_is_seen(embedded_store: EmbeddedStore, breaking: tuple[str, str]) -> None:
    assert any(breaking[0] in script.text for script in load_scripts().values())
    rounds = (Round(embedded_store.url, seed, breaking).play() for seed in range(3 * ROUNDS))
    assert any(not played.sound for played in rounds)


def step(name: str, arguments: tuple[Any, ...], answer: Any, asked: float, answered: float) -> Step:
    return Step(name, arguments, answer, asked, answered)


def test_the_order_of_what_does_not_overlap_is_kept() -> None:
    cry, claim = ("cry", ("p",), ("r", True)), ("claim_next", ("c",), ("r", 1))
    empty = ("claim_next", ("c",), None)
    start = Queue((("r", 0),))
    assert is_sound([step(*empty, 0, 1), step(*cry, 2, 3), step(*claim, 4, 5)], start, answers)
    assert is_sound([step(*cry, 0, 3), step(*empty, 1, 2)], start, answers)
    assert not is_sound([step(*cry, 0, 1), step(*empty, 2, 3)], start, answers)
    assert not is_sound([step(*claim, 0, 1), step(*cry, 2, 3)], start, answers)
