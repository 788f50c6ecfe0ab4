"""What can happen to the store's clients: they die with something in their hands, or come back too late."""

import contextlib

import pytest

from bot.core.message import CounsellorId
from bot.store.embedded import EmbeddedStore, EmbeddedStoreError
from bot.store.referral import Stale
from bot.store.referrals import Referrals
from tests.fault.judge import Verdict
from tests.fault.servers import wait_until
from tests.fault.trial import Trial

LEASE_MS = 400
DEATHS = 3
LATE = CounsellorId("c-late")


def counsellor_dies(trial: Trial) -> Verdict:
    """kill -9 of counsellors and of those who cry, anywhere between a claim and its acknowledgement."""
    trial.options["lease_ms"] = LEASE_MS
    with EmbeddedStore(trial.folder / "store") as store:
        trial.url = store.url
        with trial.upkeep():
            trial.start(criers=1, counsellors=2)
            for _ in trial.evenly(range(DEATHS)):
                for role in ("counsellor", "crier"):
                    trial.kill(next(name for name in trial.processes if name.startswith(role)))
                    trial.start_one(role)
            verdict = trial.finish()
        verdict.note = f"{2 * DEATHS} clients killed, {_lapses(trial)} leases lapsed"
        return verdict


def lease_lapsed(trial: Trial) -> Verdict:
    """Somebody falls silent with a referral in hand, and writes after it was passed on: refused every time."""
    trial.options["lease_ms"] = LEASE_MS
    refused = 0
    with EmbeddedStore(trial.folder / "store") as store:
        trial.url = store.url
        queue = trial.queue()
        with trial.upkeep():
            trial.start(counsellors=1)
            for number in range(max(2, trial.cries // 100)):
                refused += _comes_late(queue, f"late{number}")
            verdict = trial.finish()
    verdict.note = f"{refused} late steps refused"
    return verdict


def _comes_late(queue: Referrals, op: str) -> int:
    """Claims, waits until the lease is over, and then tries all that a holder may do."""
    claim = wait_until(lambda: queue.claim(op, LATE))
    queue._store.run("renew", claim.referral, LATE, claim.fence, LEASE_MS)
    wait_until(lambda: (found := queue.get(claim.referral)) and (found.holder != LATE or found.fence != claim.fence))
    steps = (
        lambda: queue.renew(claim),
        lambda: queue.send(f"s{op}", claim, "too late"),
        lambda: queue.transfer(f"t{op}", claim, None),
        lambda: queue.resolve(f"r{op}", claim, "helped", "bye"),
    )
    for step in steps:
        with pytest.raises(Stale):
            step()
    return len(steps)


def second_launcher(trial: Trial) -> Verdict:
    """Two launchers on one data directory: the second is refused with a sentence, again and again."""
    with EmbeddedStore(trial.folder / "store") as store:
        trial.url = store.url
        with trial.upkeep():
            trial.start()
            for _ in trial.evenly(range(DEATHS)):
                second = EmbeddedStore(trial.folder / "store")
                with pytest.raises(EmbeddedStoreError, match="another Anlu already runs on .*: stop it first"):
                    second.start()
            return trial.finish()


def _lapses(trial: Trial) -> int:
    store = trial.store()
    with contextlib.closing(store.client) as client:
        entries = client.xrange(store.keys("audit"), "-", "+")
        return sum(entry["action"] == "lease_expired" for _, entry in entries)  # type: ignore[union-attr]
