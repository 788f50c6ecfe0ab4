"""How long Rasa takes to understand one message, on one core: `make bench`.

The real model, loaded as the engine loads it; messages of the frozen sets in all languages, one after another. Prints
medians and 99th percentiles of the whole understanding (pipeline and Rasa's own share) and of the encoder alone.
"""

import asyncio
import logging
import os
import statistics
import sys
import time
from pathlib import Path

from rasa.core.agent import Agent
from rasa.utils.log_utils import configure_structlog

from nlu.components.encoder import Encoder

SETS = Path(__file__).resolve().parents[2] / "nlu" / "eval"
EVERY = 5
"""One message of so many is taken."""


def messages() -> list[str]:
    found = []
    for path in sorted(SETS.glob("topics.*.tsv")):
        found += [line.split("\t")[1] for line in path.read_text(encoding="utf-8").splitlines()[::EVERY]]
    return found


def told(name: str, times: list[float]) -> None:
    times.sort()
    median, late = statistics.median(times), times[int(0.99 * len(times))]
    print(f"{name:20} median {1_000 * median:5.1f} ms   p99 {1_000 * late:5.1f} ms   of {len(times)}")


async def understand(agent: Agent, texts: list[str]) -> list[float]:
    times = []
    for text in texts:
        began = time.perf_counter()
        await agent.parse_message(text)
        times.append(time.perf_counter() - began)
    return times


def main(model: str) -> None:
    configure_structlog(logging.ERROR)  # as in service, where no text is logged
    os.sched_setaffinity(0, {sorted(os.sched_getaffinity(0))[0]})
    texts, agent, encoder = messages(), Agent.load(model), Encoder()
    asyncio.run(understand(agent, texts[:20]))  # the first ones are slow
    told("whole understanding", asyncio.run(understand(agent, texts)))
    alone = []
    for text in texts:
        began = time.perf_counter()
        encoder(text)
        alone.append(time.perf_counter() - began)
    told("encoder alone", alone)


if __name__ == "__main__":
    main(sys.argv[1])
