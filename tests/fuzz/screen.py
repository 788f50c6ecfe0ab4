"""Looks for messages that break the distress screen or make it slow, guided by the coverage of its code.

Needs `atheris` beside the packages of requirements/app.txt:

    python -m tests.fuzz.screen corpus -max_total_time=600 -max_len=4000

Any exception ends the run with the message in a file. The slowest messages found are timed once more in a process
without instruments, which slow everything down; one over LIMIT_MS fails the run.
"""

import heapq
import subprocess
import sys
import tempfile
import time
from pathlib import Path

LIMIT_MS = 50.0
KEPT = 30
slowest: list[tuple[float, str]] = []


def timed() -> None:
    """Reads messages (one a line, escaped) and prints the worst of three times for each, in milliseconds."""
    from bot.wiring import load_screen

    screen = load_screen()
    screen("warm up")
    worst = 0.0
    for line in sys.stdin:
        message = line.rstrip("\n").encode("ascii").decode("unicode_escape")
        times = []
        for _ in range(3):
            began = time.perf_counter()
            screen(message)
            times.append(1000 * (time.perf_counter() - began))
        worst = max(worst, min(times))
    print(f"slowest message: {worst:.1f} ms (limit {LIMIT_MS})")
    sys.exit(worst > LIMIT_MS)


def fuzz() -> None:
    import atheris

    with atheris.instrument_imports(include=["bot.core"]):
        from bot.wiring import load_screen

    screen = load_screen()

    def one(data: bytes) -> None:
        message = atheris.FuzzedDataProvider(data).ConsumeUnicode(len(data))
        began = time.perf_counter()
        verdict = screen(message)
        took = time.perf_counter() - began
        if verdict.faults:
            raise RuntimeError(f"a layer failed: {verdict.faults}")
        escaped = message.encode("unicode_escape").decode("ascii")
        (heapq.heappush if len(slowest) < KEPT else heapq.heappushpop)(slowest, (took, escaped))
        if time.monotonic() > due[0]:
            due[0] = time.monotonic() + 5
            kept.write_text("\n".join(text for _, text in slowest), encoding="ascii")

    due = [0.0]
    kept = Path(tempfile.gettempdir()) / "anlu-fuzz-slowest.txt"
    atheris.Setup(sys.argv, one)
    try:
        atheris.Fuzz()  # leaves the process by itself when its time is up
    finally:
        kept.write_text("\n".join(text for _, text in slowest), encoding="ascii")


def main() -> None:
    if sys.argv[1:] == ["--timed"]:
        timed()
    elif "--child" in sys.argv:
        sys.argv.remove("--child")
        fuzz()
    else:
        done = subprocess.run([sys.executable, "-m", "tests.fuzz.screen", "--child", *sys.argv[1:]], check=False)
        if done.returncode:
            sys.exit(done.returncode)
        kept = Path(tempfile.gettempdir()) / "anlu-fuzz-slowest.txt"
        with kept.open(encoding="ascii") as messages:
            sys.exit(subprocess.run([sys.executable, "-m", "tests.fuzz.screen", "--timed"], stdin=messages).returncode)


if __name__ == "__main__":
    main()
