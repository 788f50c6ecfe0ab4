"""How many referrals a second the queue hands out and finishes, and how an operation grows with those who wait.

    python -m tests.bench.queue [--rounds 5] [--waiting 1 1000 100000]

On an embedded store of its own, by client processes. "One by one": every claim and every resolve is a call of its own
that waits for its answer. "In pipelines": each client sends a batch of claims and then a batch of resolves; every one
is a script of its own with its own audit entry and answer, only the way to the store is shared.
"""

import argparse
import contextlib
import json
import multiprocessing
import os
import secrets
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.core.cipher import Cipher
from bot.core.message import CounsellorId, PersonId
from bot.store.connection import Store
from bot.store.embedded import EmbeddedStore
from bot.store.filling import ANYBODY, Filling
from bot.store.people import People
from bot.store.referral import Claim
from bot.store.referrals import OFFER_MS, Referrals

ROUND_S = 2.0
READY_WAITING = 40_000
"""In the queue when a round begins: more than are taken in one."""
REPEATS = 60
FSYNCS = ("no", "everysec", "always")


@dataclass(frozen=True, slots=True)
class Style:
    name: str
    clients: int
    batch: int


STYLES = (Style("one by one", 8, 1), Style("in pipelines", 2, 64))
Answers = multiprocessing.Queue


class Bench:
    def __init__(self, url: str) -> None:
        self.url = url
        self.store = Store(url, "bench")
        self.key = secrets.token_bytes(32)
        self.people = people_of(self.store, self.key)
        self.person = self.people.welcome("sms", "+99912345678")

    def fill(self, until: int) -> None:
        """So many wait afterwards, written in bulk as the script does; all of one person, who has no open one."""
        client = self.store.client
        filling = Filling(self.store, Cipher({"k1": self.key}), b"bench", b"bench")
        now, waiting = int(time.time() * 1000), client.zcard(self.store.keys("queue"))
        for n in range(until - waiting):
            filling.referral({
                "id": f"f{secrets.token_hex(8)}", "person": self.person, "channel": "sms", "language": "zh", "level": 3,
                "kinds": "", "province": "", "state": "waiting", "opened": now + n, "since": now + n, "known": "",
                "lane": ANYBODY, "holder": "", "fence": "0", "lease": 0, "lines": 0,
            })  # fmt: skip
        filling.flush()
        client.delete(self.store.keys("open", self.person))
        while client.info("persistence")["aof_rewrite_in_progress"]:
            time.sleep(0.1)

    def throughput(self, style: Style) -> tuple[float, float]:
        """Pairs of claim and resolve a second, and microseconds of the store's processor for one pair."""
        self.fill(READY_WAITING)
        context = multiprocessing.get_context("fork")
        answers: Answers = context.Queue()
        start = time.monotonic() + 0.5
        work = one_by_one if style.batch == 1 else in_pipelines
        clients = [
            context.Process(target=work, args=(self.url, self.key, self.person, style.batch, start, answers))
            for _ in range(style.clients)
        ]
        before = self._cpu()
        for client in clients:
            client.start()
        done, took = zip(*(answers.get(timeout=60) for _ in clients), strict=True)
        for client in clients:
            client.join()
        return sum(done) / max(took), 1e6 * (self._cpu() - before) / sum(done)

    def _cpu(self) -> float:
        """Seconds of processor that the store has used."""
        about = self.store.client.info("cpu")
        return float(about["used_cpu_user"]) + float(about["used_cpu_sys"])

    def latencies(self, times: dict[str, list[float]]) -> None:
        """Adds milliseconds of each operation by one caller, the queue as full as it is."""
        referrals, me = Referrals(self.store, self.people), CounsellorId("c")

        def timed(name: str, step: Callable[[], object]) -> object:
            began = time.perf_counter()
            found = step()
            times.setdefault(name, []).append(1000 * (time.perf_counter() - began))
            return found

        for n in range(REPEATS):
            person, op = self.people.welcome("sms", f"+999{n}{secrets.randbelow(10**9)}"), secrets.token_hex(8)
            timed("enqueue", lambda p=person, o=op: referrals.enqueue(o, p, "sms", "zh", 1, ("threat",), "help"))
            claim = timed("claim", lambda o=op: referrals.claim(o, me))
            assert isinstance(claim, Claim)
            timed("renew", lambda c=claim: referrals.renew(c))
            timed("resolve", lambda c=claim, o=op: referrals.resolve(o, c, "helped", "bye"))


def people_of(store: Store, key: bytes) -> People:
    return People(store, Cipher({"k1": key}), b"bench")


def one_by_one(url: str, key: bytes, _: PersonId, __: int, start: float, answers: Answers) -> None:
    """A client: claims the next in line and ends it, through the functions that the console uses."""
    store, me, done = Store(url, "bench"), CounsellorId(f"c{os.getpid()}"), 0
    referrals = Referrals(store, people_of(store, key))
    _wait_for(store, start)
    while time.monotonic() < start + ROUND_S:
        claim = referrals.claim(secrets.token_hex(8), me)
        if claim is None:
            raise SystemExit("the queue ran empty")
        referrals.resolve(secrets.token_hex(8), claim, "helped", "bye")
        done += 1
    answers.put((done, time.monotonic() - start))


def in_pipelines(url: str, key: bytes, person: PersonId, batch: int, start: float, answers: Answers) -> None:
    """A client: the same scripts in batches, the hand-back sealed for each."""
    store, me, done = Store(url, "bench"), f"c{os.getpid()}", 0
    people, prefix = people_of(store, key), store.keys.prefix
    claim, resolve = (store.client.script_load(store._scripts[name].text) for name in ("claim", "resolve"))
    box = people._box(person)
    _wait_for(store, start)
    while time.monotonic() < start + ROUND_S:
        pipe = store.client.pipeline(transaction=False)
        for _ in range(batch):
            pipe.evalsha(claim, 1, prefix, secrets.token_hex(16), "", me, OFFER_MS)
        claims = [json.loads(row) for row in pipe.execute()]
        for _, id_, fence in claims:
            op = secrets.token_hex(16)
            sealed = box.seal("bye", f"outbox:{person}")
            pipe.evalsha(resolve, 1, prefix, op, id_, me, fence, "helped", "m" + op, sealed, person, "sms")
        assert set(pipe.execute()) == {"ok"}
        done += batch
    answers.put((done, time.monotonic() - start))


def _wait_for(store: Store, start: float) -> None:
    store.ping()
    time.sleep(max(0.0, start - time.monotonic()))


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--waiting", type=int, nargs="+", default=[1, 1000, 100_000])
    options.add_argument("--rounds", type=int, default=5)
    chosen = options.parse_args()
    print(f"load before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    latency(chosen.waiting, chosen.rounds)
    throughput(chosen.rounds)
    print(f"load after: {os.getloadavg()[0]:.1f}")


def latency(sizes: Sequence[int], rounds: int) -> None:
    """A store for each size, measured in turn, so that whatever else runs on the machine slows them alike."""
    with contextlib.ExitStack() as stack:
        benches, times = {}, {}
        for size in sizes:
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            benches[size] = Bench(stack.enter_context(EmbeddedStore(Path(folder))).url)
            benches[size].fill(size)
            times[size] = dict[str, list[float]]()
        for _ in range(rounds):
            for size, bench in benches.items():
                bench.latencies(times[size])
        for size, found in times.items():
            ms = ", ".join(f"{name} {statistics.median(each):.2f}" for name, each in found.items())
            print(f"{size:>7} waiting: {ms} ms (median)", flush=True)


def throughput(rounds: int) -> None:
    """Each way of writing to the disk and each style of client in turn, so many times."""
    with tempfile.TemporaryDirectory() as folder, EmbeddedStore(Path(folder)) as embedded:
        bench = Bench(embedded.url)
        found: dict[tuple[str, str], list[tuple[float, float]]] = {}
        for _ in range(rounds):
            for fsync in FSYNCS:
                bench.store.client.config_set("appendfsync", fsync)
                for style in STYLES:
                    found.setdefault((fsync, style.name), []).append(bench.throughput(style))
        for (fsync, name), runs in found.items():
            rate, cpu = (statistics.median(each) for each in zip(*runs, strict=True))
            best = max(rate for rate, _ in runs)
            print(f"appendfsync {fsync:8} {name:12} {rate:7.0f} pairs/s (best {best:.0f}), store {cpu:.0f} us a pair")


if __name__ == "__main__":
    main()
