"""What can happen to the clock: an hour back, then two hours on, while people cry and counsellors work."""

from bot.store.embedded import EmbeddedStore
from bot.store.referrals import REAP_AT_MOST
from tests.fault.judge import Verdict
from tests.fault.servers import wait_until
from tests.fault.shifting import ShiftedStore
from tests.fault.trial import Trial

BACK_S, ON_S = -3600, 7200
LEASE_MS = 600


def clock_set(trial: Trial) -> Verdict:
    """The server's clock is set an hour back and then two on: the order stays, leases end, never too many at once."""
    trial.options |= {"lease_ms": LEASE_MS, "shifted": True}
    with EmbeddedStore(trial.folder / "store") as store:
        trial.url = store.url
        clock = ShiftedStore(store.url, trial.site)
        ended: list[list[str]] = []
        with trial.upkeep(shifted=True, ended=ended):
            trial.start(counsellors=2)
            for number, shift in enumerate((BACK_S, BACK_S + ON_S, 0), 1):
                trial.wait_for_all(number / 4)
                clock.shift(shift)
                lapsed = sum(map(len, ended))
                trial.wait_for_more(trial.cries // 4)
                # A lease taken since then ends, though the clock shows an earlier time.
                wait_until(lambda lapsed=lapsed: sum(map(len, ended)) > lapsed)
            verdict = trial.finish()
        clock.client.close()
    assert max(map(len, ended)) <= REAP_AT_MOST
    verdict.note = f"{sum(map(len, ended))} leases lapsed, {max(map(len, ended))} at once at most"
    return verdict
