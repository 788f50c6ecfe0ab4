"""How long the distress screen takes for one message, on one core: `make bench`.

Messages of the evaluation sets in random order, each by itself; all layers and layers 1 to 3 alone are timed
in one run, so that their ratio holds on a noisy machine. Also texts made to be slow.
"""

import os
import random
import statistics
import time
from collections.abc import Callable, Sequence

from bot.core.screen import Verdict
from bot.evaluating import SETS
from bot.evaluating_distress import PARTS, read_distress
from bot.wiring import load_screen

SEED = 5
HOSTILE = {
    "10,000 letters": "a" * 10_000,
    "10,000 Chinese characters": "我被老公打" * 2_000,
    "combining marks": "e" + "\u0301" * 10_000,
    "U+FDFA": "\ufdfa" * 10_000,
    "emoji": "😭👩‍👧🏽" * 2_000,
    "spelled out": "h.e.l.p. " * 1_200,
    "many languages": "救命 help ช่วยด้วย កូន giúp tôi ກຳລັງ အကူအညီ " * 250,
    "brackets and marks": "((((.*+?^${}[]|\\" * 600,
}


def times(screen: Callable[[str], Verdict], texts: Sequence[str]) -> list[float]:
    """Milliseconds a text, sorted."""
    found = []
    for text in texts:
        began = time.perf_counter()
        screen(text)
        found.append(1000 * (time.perf_counter() - began))
    return sorted(found)


def main() -> None:
    os.sched_setaffinity(0, {sorted(os.sched_getaffinity(0))[0]})
    full, words = load_screen(), load_screen(model=False)
    texts = [text for name in PARTS.values() for path in SETS.glob(f"{name}.*.tsv") for *_, text in read_distress(path)]
    random.Random(SEED).shuffle(texts)
    times(full, texts[:200])
    for name, screen in (("all layers", full), ("layers 1-3", words)):
        found = times(screen, texts)
        p99 = found[int(0.99 * len(found))]
        print(f"{name}: median {statistics.median(found):.3f} ms, p99 {p99:.2f} ms, worst {found[-1]:.1f} ms")
    for name, text in HOSTILE.items():
        print(f"  {name}: {times(full, [text] * 3)[1]:.1f} ms")


if __name__ == "__main__":
    main()
