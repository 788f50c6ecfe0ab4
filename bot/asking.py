"""`anlu ask`: messages through the production path, one JSON object for each; for evaluation.

The store is a fresh private one, so that no test message ever reaches a real queue. The dialogue engine is the one of
a running service when there is one, else a private one started for the time of the command.
"""

import contextlib
import json
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from bot import rasa_process
from bot.dialogue.client import Engine
from bot.onemachine import RASA_PATIENCE_S, RUN, kept_secrets, new_secrets
from bot.service.inbound import Outcome
from bot.settings import settings_of
from bot.store.embedded import EmbeddedStore
from bot.supervisor import Child, answers, free_port
from bot.wiring import Site
from channels.terminal import Terminal

AT_ONCE = 3
ALTERNATIVES = 3
EVALUATION_DEADLINE_S = 10.0
"""Longer than in service: an evaluation wants the engine's answer, not the menu's."""


def ask_all(messages: Iterable[str], var: Path) -> Iterator[dict[str, Any]]:
    """One row for each message, in order; each message is a conversation of its own."""
    with private_site(var) as site, ThreadPoolExecutor(AT_ONCE) as pool:
        yield from pool.map(lambda message: _row(site.inbound.handle(Terminal().say(message), "text")), messages)


@contextlib.contextmanager
def private_site(var: Path) -> Iterator[Site]:
    """A site on a store of its own, with the dialogue engine that is there or one started for it."""
    with tempfile.TemporaryDirectory(prefix="anlu-ask-") as folder, EmbeddedStore(Path(folder) / "store") as store:
        values = {**new_secrets(), **_running_engine(var)}
        with contextlib.ExitStack() as stack:
            if "ANLU_RASA_URL" not in values:
                values["ANLU_RASA_URL"] = stack.enter_context(_private_engine(store.url, values, Path(folder)))
            values |= {
                "ANLU_SITE": "ask",
                "ANLU_REDIS_URL": store.url,
                "ANLU_PUBLIC_URL": "http://127.0.0.1",
                "ANLU_DATA_DIR": folder,
                "ANLU_RASA_DEADLINE_S": str(EVALUATION_DEADLINE_S),
            }
            yield Site(settings_of(values))


def _running_engine(var: Path) -> dict[str, str]:
    """Address and secret of a running service's engine, when there is one that answers."""
    try:
        port = json.loads((var / RUN).read_text())["rasa"]
    except (OSError, ValueError, KeyError):
        return {}
    kept = kept_secrets(var)
    found = {"ANLU_RASA_URL": f"http://127.0.0.1:{port}", "ANLU_RASA_SECRET": kept["ANLU_RASA_SECRET"]}
    return found if Engine(found["ANLU_RASA_URL"], found["ANLU_RASA_SECRET"], 2.0).ready() else {}


@contextlib.contextmanager
def _private_engine(store_url: str, secrets: dict[str, str], folder: Path) -> Iterator[str]:
    print("anlu: starting the dialogue engine for this command", file=sys.stderr)
    port = free_port(0)
    url = f"http://127.0.0.1:{port}"
    env = rasa_process.environment({**secrets, "ANLU_REDIS_URL": store_url, "ANLU_SITE": "ask"})
    ready = f"{url}/webhooks/anlu/ready"
    command = rasa_process.command(rasa_process.train(), port)
    child = Child("rasa", command, env, lambda: answers(ready), RASA_PATIENCE_S, folder / "rasa.log")
    began = time.monotonic()
    child.start()
    try:
        child.wait_ready()
        print(f"anlu: ready after {time.monotonic() - began:.0f} s", file=sys.stderr)
        yield url
    finally:
        child.stop()


def _row(outcome: Outcome) -> dict[str, Any]:
    understanding, verdict = outcome.understanding, outcome.verdict
    topics = [topic for topic, _ in understanding.ranking] if understanding else []
    if not topics and verdict.kinds:
        topics = [f"distress/{kind}" for kind in verdict.kinds]
    return {
        "level": outcome.level,
        "check": verdict.check,
        "kinds": list(verdict.kinds),
        "reasons": list(verdict.reasons),
        "language": verdict.language,
        "topic": topics[0] if topics else None,
        "alternatives": topics[1 : ALTERNATIVES + 1],
        "confidence": understanding.confidence if understanding else None,
        "answer": outcome.answer,
    }
