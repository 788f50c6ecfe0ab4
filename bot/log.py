"""Structured logs that cannot carry what a person wrote or who she is.

Only keys of the allow-list reach a log line; anything else is dropped and its name noted. Values are cut short.
"""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

ALLOWED = frozenset({
    "event", "level", "timestamp", "process", "channel", "kind", "status", "code", "error", "attempt", "attempts",
    "took_ms", "waiting", "count", "referral_level", "kinds", "created", "answer", "path", "reason", "dropped",
})  # fmt: skip
"""The keys a log line may have; none of them can hold a text, an openid or a number."""
LONGEST = 200
MOST = 20


def _only_allowed(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    kept = {key: value for key, value in event.items() if key in ALLOWED}
    dropped = sorted(set(event) - set(kept))
    if dropped:
        kept["dropped"] = dropped
    return {key: _cut(value) for key, value in kept.items()}


def _cut(value: Any) -> Any:
    if value is None or isinstance(value, int | float):
        return value
    if isinstance(value, list):
        return [str(item)[:LONGEST] for item in value[:MOST]]
    return str(value)[:LONGEST]


def configure(process: str, quiet: bool = False) -> None:
    """Sets up JSON lines on standard error for one process; libraries that print parameters are silenced.

    ``quiet`` leaves only critical events, for commands whose output is for a person.
    """
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            lambda _, __, event: {"process": process, **event},
            _only_allowed,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL if quiet else logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.getLogger("twilio.http_client").setLevel(logging.WARNING)
    logging.getLogger("urllib3").setLevel(logging.WARNING)


def logger() -> Any:
    return structlog.get_logger()
