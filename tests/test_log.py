"""A log line carries allow-listed keys and nothing else: no text, no openid, no number."""

import ast
import io
import json
import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.core.message import Inbound, Reply
from bot.log import ALLOWED, LONGEST, configure, logger
from bot.settings import ROOT

CRY = "他把我锁在房间里"


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """Where the log of this test goes."""
    written = io.StringIO()
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", written)
        configure("gateway")
        yield written
    configure("test")


def only(lines: io.StringIO) -> dict[str, Any]:
    """The one line that was logged."""
    (line,) = lines.getvalue().splitlines()
    return dict(json.loads(line))


def test_an_event_is_one_line_with_its_time_level_and_process(lines: io.StringIO) -> None:
    logger().info("message_answered", channel="sms")
    event = only(lines)
    assert event.pop("timestamp").endswith("Z")
    assert event == {"event": "message_answered", "channel": "sms", "level": "info", "process": "gateway"}


@pytest.mark.parametrize("key", ["text", "message", "openid", "address_book", "From", "body", "person", "phone"])
def test_a_key_that_is_not_allowed_is_dropped_and_only_its_name_noted(lines: io.StringIO, key: str) -> None:
    logger().info("message_answered", **{key: CRY})
    assert only(lines)["dropped"] == [key]
    assert CRY not in lines.getvalue()


def test_keys_bound_beforehand_are_dropped_too(lines: io.StringIO) -> None:
    logger().bind(openid="oABC").info("message_answered")
    assert "oABC" not in lines.getvalue()


def test_a_traceback_never_reaches_the_log(lines: io.StringIO) -> None:
    try:
        raise ValueError(CRY)
    except ValueError:
        logger().exception("message_failed")
    assert CRY not in lines.getvalue()


def test_a_message_given_by_mistake_shows_neither_text_nor_sender(lines: io.StringIO) -> None:
    logger().info("message_answered", error=Inbound("sms", "+85251234567", "SM1", text=CRY), answer=Reply((CRY,)))
    assert CRY not in lines.getvalue()
    assert "51234567" not in lines.getvalue()


def test_a_long_value_is_cut(lines: io.StringIO) -> None:
    logger().info("message_failed", error="x" * 10 * LONGEST)
    assert len(only(lines)["error"]) == LONGEST


@pytest.mark.parametrize("value", [ValueError("x" * 10 * LONGEST), ["x" * 10 * LONGEST]], ids=["exception", "list"])
def test_a_long_value_that_is_no_string_is_cut_too(lines: io.StringIO, value: object) -> None:
    logger().info("message_failed", error=value)
    assert len(lines.getvalue()) < 2 * LONGEST


def test_a_line_break_in_a_value_makes_no_second_line(lines: io.StringIO) -> None:
    logger().info("webhook_refused", reason='a\n{"event": "forged"}')
    assert only(lines)["event"] == "webhook_refused"


def test_details_for_developers_are_not_logged(lines: io.StringIO) -> None:
    logger().debug("message_answered")
    assert lines.getvalue() == ""


def test_a_quiet_process_logs_only_what_is_critical(lines: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", lines)
    configure("cli", quiet=True)
    logger().error("engine_was_away")
    logger().critical("cry_for_help_not_saved")
    assert only(lines)["event"] == "cry_for_help_not_saved"


@pytest.mark.parametrize("name", ["twilio.http_client", "urllib3"])
def test_libraries_that_print_parameters_are_silenced(name: str) -> None:
    assert not logging.getLogger(name).isEnabledFor(logging.INFO)


def _events() -> list[tuple[str, ast.Call]]:
    """Every call of logger().info(...) and the like in the code, with its place."""
    found = []
    for path in [*(ROOT / "bot").rglob("*.py"), *(ROOT / "channels").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and _is_logger(node.func.value):
                found.append((f"{Path(path).relative_to(ROOT)}:{node.lineno}", node))
    return found


def _is_logger(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "logger"


def test_the_code_logs_only_allowed_keys() -> None:
    wrong = [f"{place} {word.arg}" for place, call in _events() for word in call.keywords if word.arg not in ALLOWED]
    assert wrong == []


def test_every_event_has_a_fixed_name() -> None:
    wrong = [place for place, call in _events() if not isinstance(call.args[0], ast.Constant) or len(call.args) > 1]
    assert wrong == []
