"""kill -9 of gateway, worker and console while people cry through the real webhook and counsellors work."""

from bot.store.embedded import EmbeddedStore
from tests.fault.client import Ledger
from tests.fault.judge import Verdict, judge, read_ledgers
from tests.fault.machine import Counsellors, Machine, People
from tests.fault.servers import wait_until
from tests.fault.trial import PATIENCE_S, Trial

SENDERS, ROUNDS = 4, 4
NAMES = ("gateway0", "worker", "console")


def processes_killed(trial: Trial) -> Verdict:
    """Each of the site's processes in turn (short: at once); the platform delivers again what was not answered."""
    victims = [(name,) for name in NAMES * ROUNDS] if trial.long else [NAMES]
    with EmbeddedStore(trial.folder / "store") as store, Machine(trial.folder, store.url) as machine:
        ledger = trial.folder / "crier.ledger"
        threads = [*(People(machine, Ledger(ledger)) for _ in range(SENDERS)), Counsellors(machine)]
        for thread in threads:
            thread.start()
        for victim in trial.evenly(victims):
            machine.kill(*victim)
        trial.wait_for_all()
        for thread in threads:
            thread.stopping.set()
        for thread in threads:
            thread.join(PATIENCE_S)
        site = machine.site()
        wait_until(lambda: site.spool.count() == 0, PATIENCE_S)
        verdict = judge(read_ledgers([ledger]), site.store, site.people, in_order=False)
        site.store.client.close()
        verdict.note = f"{sum(map(len, victims))} killed; {threads[-1].ended} referrals ended at the console"
        return verdict
