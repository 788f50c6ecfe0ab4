"""`python -m tests.fault [names] [--cries N]`: the faults in their long form, as a table; 1 when anything was lost."""

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path

import pytest

from bot.log import configure
from tests.fault.catalogue import FAULTS
from tests.fault.judge import Verdict
from tests.fault.trial import Trial

HEAD = ("fault", "accepted", "lost", "twice", "double-worked", "out of order", "silent", "unconfirmed, told", "seconds")
CRIES = 800


def main() -> int:
    arguments = argparse.ArgumentParser(prog="python -m tests.fault", description=__doc__)
    arguments.add_argument("names", nargs="*", choices=[*FAULTS, []], metavar="name", help=", ".join(FAULTS))
    arguments.add_argument("--cries", type=int, default=CRIES, help="accepted cries wanted of each fault")
    wanted = arguments.parse_args()
    configure("fault", quiet=True)
    print(" | ".join(HEAD), flush=True)
    good, total, began = True, 0, time.monotonic()
    for name in wanted.names or FAULTS:
        verdict, seconds = _run(name, wanted.cries)
        if verdict is None:
            continue
        good, total = good and verdict.good, total + verdict.accepted
        counts = (verdict.lost, verdict.twice, verdict.doubled, verdict.disordered, verdict.silent)
        row = (name, verdict.accepted, *map(len, counts), verdict.reported, f"{seconds:.0f}", verdict.note)
        print(" | ".join(map(str, row)), flush=True)
    print(f"{total} accepted cries in {time.monotonic() - began:.0f} s: {'all kept' if good else 'NOT ALL KEPT'}")
    return 0 if good else 1


def _run(name: str, cries: int) -> tuple[Verdict | None, float]:
    folder, began = Path(tempfile.mkdtemp(prefix="anlu-fault-")), time.monotonic()
    try:
        with Trial(folder, cries, long=True) as trial:
            return FAULTS[name](trial), time.monotonic() - began
    except pytest.skip.Exception as reason:
        print(f"{name} | left out: {reason}", flush=True)
        return None, 0.0
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
