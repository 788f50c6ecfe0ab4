"""One call of a script on one server, and the proof that replicas have what it did."""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import redis
from redis.exceptions import NoScriptError

SCRIPTS = Path(__file__).parent / "scripts"
SHARED = ("common", "queue")
"""Functions that stand before every script."""
CONFIRM_MS = 500
"""So long replicas may take to confirm what was done, before it is asked for again; less than a socket's patience."""
CONFIRM_TRIES = 3


class TooFewReplicas(Exception):
    """What was done may be lost with this server; it may be asked for again."""


@dataclass(frozen=True, slots=True)
class Script:
    text: str = field(repr=False)
    sha: str


def load_scripts() -> dict[str, Script]:
    """All scripts by name, each with the shared text before its own."""
    shared = "".join((SCRIPTS / f"{name}.lua").read_text() for name in SHARED)
    texts = {path.stem: shared + path.read_text() for path in SCRIPTS.glob("*.lua") if path.stem not in SHARED}
    return {name: Script(text, hashlib.sha1(text.encode()).hexdigest()) for name, text in texts.items()}  # noqa: S324


def call(node: redis.Redis, script: Script, *arguments: str | int) -> Any:
    """Runs it, by its hash where the server knows it."""
    try:
        return node.evalsha(script.sha, 1, *arguments)
    except NoScriptError:
        return node.eval(script.text, 1, *arguments)


def call_confirmed(node: redis.Redis, script: Script, replicas: int, *arguments: str | int) -> Any:
    """Runs it until so many replicas have on disk what it wrote; raises TooFewReplicas. It must keep its result.

    A kept result is written anew by the script (common.lua): so a repetition waits like the first try, though on
    a connection that has written nothing yet, which would be confirmed at once.
    """
    for _ in range(CONFIRM_TRIES):
        answer, in_memory, on_disk = _call_and_wait(node, script, replicas, arguments)
        if isinstance(in_memory, Exception):
            raise in_memory
        # A server that is too old for WAITAOF, or keeps no append-only file, refuses it: then memory must do.
        if in_memory >= replicas and (isinstance(on_disk, Exception) or on_disk[0] >= 1 and on_disk[1] >= replicas):
            return answer
        # Perhaps this server is cut off from the others: the next try asks anew who is master.
        node.connection_pool.disconnect(inuse_connections=False)
    raise TooFewReplicas


def _call_and_wait(node: redis.Redis, script: Script, replicas: int, arguments: tuple[str | int, ...]) -> list[Any]:
    """Both on one connection: what the script answered, how many replicas have it, and on how many disks it is.

    WAIT comes first since a replica answers before it has written: asked for its disk alone, it would tell of this
    write with its next report, a second later.
    """
    for way, what in (("EVALSHA", script.sha), ("EVAL", script.text)):
        pipe: Any = node.pipeline(transaction=False)
        pipe.execute_command(way, what, 1, *arguments)
        pipe.execute_command("WAIT", replicas, CONFIRM_MS // 2)
        pipe.execute_command("WAITAOF", 1, replicas, CONFIRM_MS // 2)
        answers: list[Any] = pipe.execute(raise_on_error=False)
        if not isinstance(answers[0], Exception):
            return answers
        if not isinstance(answers[0], NoScriptError):
            break
    raise answers[0]
