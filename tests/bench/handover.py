"""How soon a cry for help is on a counsellor's screen, and back in the queue when she falls silent.

    python -m tests.bench.handover [--cries 20]

On the real processes of a site without its dialogue engine: a signed webhook at the gateway, the console's stream of
events and its board, as a browser uses them. The counsellor of the second part signs in, takes one, and is gone.
"""

import argparse
import statistics
import tempfile
import threading
import time
from pathlib import Path

from bot.store.embedded import EmbeddedStore
from tests.e2e.service import Desk, new_sid
from tests.fault.machine import CRY, Machine

PATIENCE_S = 120.0


def screen_times(machine: Machine, desk: Desk, cries: int) -> list[float]:
    """Seconds from the webhook's answer until the page that the bell fetched shows one more."""
    times = []
    for number in range(cries):
        before, shown = len(desk.waiting()), threading.Event()
        watcher = threading.Thread(target=_watch, args=(desk, before, shown))
        watcher.start()
        time.sleep(0.5)
        machine.deliver(machine.ports[0], f"+8526{number:07}", CRY, new_sid())
        answered = time.monotonic()
        shown.wait(PATIENCE_S)
        times.append(max(0.0, time.monotonic() - answered))
        watcher.join()
    return times


def _watch(desk: Desk, before: int, shown: threading.Event) -> None:
    """What console.js does: every bell fetches the board anew."""
    with desk.session.get(f"{desk.service.console}/events", stream=True, timeout=PATIENCE_S) as stream:
        for line in stream.iter_lines(chunk_size=1):
            if line == b"event: bell" and len(desk.waiting()) > before:
                shown.set()
                return


def return_time(machine: Machine, desk: Desk) -> float:
    """Seconds until what she took and left is in the queue again."""
    id_ = desk.waiting()[0]
    desk.post(f"/claim/{id_}")
    taken, site = time.monotonic(), machine.site()
    while id_ not in {referral.id for referral in site.referrals.waiting()}:
        if time.monotonic() - taken > PATIENCE_S:
            raise SystemExit("it did not come back")
        time.sleep(0.1)
    site.store.client.close()
    return time.monotonic() - taken


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--cries", type=int, default=20)
    cries = options.parse_args().cries
    with (
        tempfile.TemporaryDirectory() as folder,
        EmbeddedStore(Path(folder) / "store") as store,
        Machine(Path(folder), store.url) as machine,
    ):
        desk = Desk.sign_in(machine)
        times = screen_times(machine, desk, cries)
        print(f"on the screen after {statistics.median(times):.2f} s (median of {cries}), {max(times):.2f} s at most")
        print(f"back in the queue after {return_time(machine, desk):.1f} s of silence")


if __name__ == "__main__":
    main()
