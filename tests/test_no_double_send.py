"""Proves that a worker that is killed while it sends leaves one copy at a platform that can be asked, never none."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from typing import Any

import pytest
from flask import Flask, Response, jsonify, request
from werkzeug.serving import make_server

from bot.core.message import PersonId
from bot.service.delivery import Delivery
from bot.settings import ROOT, Settings
from bot.store.connection import Store
from bot.store.outbox import Outbox
from bot.store.people import People
from bot.store.sessions import Sessions
from bot.store.windows import Windows
from bot.wiring import Site
from channels.base import SendError, TryLater, Unsure
from tests.people_who_write import site_on
from tests.platforms import NUMBER, SID
from tests.test_delivery import Platform, make_due

TEXT, OTHER_SID = "同事：你现在方便吗？", "SM" + "d" * 32


@dataclass
class Recalling(Platform):
    """A platform that can be asked what it has taken."""

    taken: list[str] = field(default_factory=list)
    asked: list[tuple[str, str, datetime]] = field(default_factory=list)
    away: bool = False

    window = None
    patience_s = 1.0

    def find_sent(self, address: str, text: str, since: datetime) -> list[str]:
        self.asked.append((address, text, since))
        if self.away:
            raise TryLater("x", "away")
        return self.taken


@pytest.fixture
def platform() -> Recalling:
    return Recalling()


@pytest.fixture
def delivery(outbox: Outbox, people: People, platform: Recalling, sessions: Sessions, windows: Windows) -> Delivery:
    return Delivery(outbox, people, {"sms": platform}, sessions, windows)


@pytest.fixture
def person(people: People) -> PersonId:
    return people.welcome("sms", NUMBER)


def twice(delivery: Delivery, store: Store, person: PersonId) -> dict[str, str]:
    """Two tries; the message afterwards."""
    delivery.one()
    make_due(store, person)
    delivery.one()
    return store.hash("out", "message", "m1")


def test_what_the_platform_has_already_is_not_sent_again(
    delivery: Delivery, outbox: Outbox, store: Store, person: PersonId, platform: Recalling
) -> None:
    platform.errors, platform.taken = [Unsure("ReadTimeout", "?")], [SID]
    outbox.post("m1", person, "sms", TEXT)
    before = datetime.now(timezone.utc)
    message = twice(delivery, store, person)
    assert (platform.sent, message["provider_id"], message["state"], message["maybe_sent"]) == ([], SID, "sent", "0")
    [(address, text, since)] = platform.asked
    assert (address, text) == (NUMBER, TEXT)
    assert before - timedelta(seconds=5) < since < datetime.now(timezone.utc) + timedelta(seconds=5)


def test_a_first_try_asks_nobody(delivery: Delivery, outbox: Outbox, person: PersonId, platform: Recalling) -> None:
    platform.taken = [SID]
    outbox.post("m1", person, "sms", TEXT)
    delivery.one()
    assert (len(platform.sent), platform.asked) == (1, [])


def test_the_same_words_of_an_earlier_message_are_not_taken_for_this_one(
    delivery: Delivery, outbox: Outbox, store: Store, person: PersonId, platform: Recalling
) -> None:
    outbox.post("m0", person, "sms", TEXT)
    delivery.one()
    platform.errors, platform.taken = [Unsure("ReadTimeout", "?")], ["SM1"]
    outbox.post("m1", person, "sms", TEXT)
    message = twice(delivery, store, person)
    assert (len(platform.sent), message["provider_id"], message["maybe_sent"]) == (2, "SM2", "1")


def test_a_platform_that_does_not_tell_is_sent_the_message_and_it_is_marked(
    delivery: Delivery, outbox: Outbox, store: Store, person: PersonId, platform: Recalling
) -> None:
    platform.errors, platform.away = [Unsure("ReadTimeout", "?")], True
    outbox.post("m1", person, "sms", TEXT)
    message = twice(delivery, store, person)
    assert (len(platform.sent), message["state"], message["maybe_sent"]) == (1, "sent", "1")


# Twilio's list


class FakeTwilio:
    """Takes and lists messages; may kill the worker before or after it has taken one, and never answers it then."""

    def __init__(self) -> None:
        self.taken: list[dict[str, Any]] = []
        self.victim: subprocess.Popen[bytes] | None = None
        self.kill_when_taken = True

    def message(self, sid: str, text: str = TEXT, age_s: int = 0, **fields: str) -> dict[str, Any]:
        created = datetime.now(timezone.utc) - timedelta(seconds=age_s)
        row = {"sid": sid, "body": text, "status": "queued", "direction": "outbound-api"}
        return {**row, "date_created": format_datetime(created), **fields}

    def app(self) -> Flask:
        app = Flask("twilio")

        @app.post("/2010-04-01/Accounts/<_>/Messages.json")
        def take(_: str) -> tuple[Response, int]:
            if self.victim and not self.kill_when_taken:
                self._kill()
                return jsonify(), 500
            self.taken.insert(0, self.message(f"SM{len(self.taken):032}", request.form["Body"]))
            if self.victim:
                self._kill()
            return jsonify(self.taken[0]), 201

        @app.get("/2010-04-01/Accounts/<_>/Messages.json")
        def listed(_: str) -> Response:
            return jsonify(messages=self.taken, next_page_uri=None)

        return app

    def _kill(self) -> None:
        assert self.victim
        os.kill(self.victim.pid, signal.SIGKILL)
        self.victim.wait(10)
        self.victim = None


@pytest.fixture
def twilio() -> FakeTwilio:
    return FakeTwilio()


@pytest.fixture
def site(settings: Settings, twilio: FakeTwilio) -> Iterator[Site]:
    server = make_server("127.0.0.1", 0, twilio.app(), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    with site_on(settings.model_copy(update={"twilio_api": f"http://127.0.0.1:{server.server_port}"})) as site:
        yield site
    server.shutdown()
    thread.join()
    server.server_close()


def find(site: Site, since: datetime | None = None) -> list[str]:
    return site.channels["sms"].find_sent(  # type: ignore[attr-defined,no-any-return]
        NUMBER, TEXT, since or datetime.now(timezone.utc) - timedelta(minutes=1)
    )


def test_twilio_is_asked_for_our_own_messages_of_these_words_since_then(site: Site, twilio: FakeTwilio) -> None:
    twilio.taken = [
        twilio.message("SM-second"),
        twilio.message("SM-first", age_s=30),
        twilio.message("SM-other-words", text="你好"),
        twilio.message("SM-passive", direction="outbound-reply"),
        twilio.message("SM-failed", status="undelivered"),
        twilio.message("SM-before", age_s=600),
    ]
    assert find(site) == ["SM-first", "SM-second"]


@pytest.mark.parametrize("row", [{}, {"sid": "SM1"}, {"sid": "SM1", "body": None}, {"body": 7, "date_created": "x"}])
def test_a_list_of_another_shape_is_a_doubt(site: Site, twilio: FakeTwilio, row: dict[str, Any]) -> None:
    twilio.taken = [row]
    with pytest.raises(SendError):
        find(site)


WORKER = (
    "import json, sys\n"
    "from bot.settings import settings_of\n"
    "from bot.wiring import Site\n"
    "Site(settings_of(json.load(sys.stdin))).worker.send()\n"
)


def variables(settings: Settings) -> dict[str, str]:
    raw = {name: getattr(settings, name) for name in type(settings).model_fields}
    plain = {name: getattr(value, "get_secret_value", lambda v=value: str(v))() for name, value in raw.items()}
    return {f"ANLU_{name.upper()}": value for name, value in plain.items()}


def work(site: Site, twilio: FakeTwilio | None = None) -> int:
    """A worker's process that sends what is due; how it ended."""
    process = subprocess.Popen(
        [sys.executable, "-c", WORKER], cwd=ROOT, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    if twilio:
        twilio.victim = process
    process.communicate(json.dumps(variables(site.settings)).encode(), timeout=60)
    return process.returncode


@pytest.mark.parametrize("kill_when_taken", [True, False])
def test_a_worker_killed_while_it_sends_leaves_one_copy(site: Site, twilio: FakeTwilio, kill_when_taken: bool) -> None:
    twilio.kill_when_taken = kill_when_taken
    person = site.people.welcome("sms", NUMBER)
    site.outbox.post("m1", person, "sms", TEXT)
    site.outbox.post("m2", person, "sms", TEXT)
    assert work(site, twilio) == -signal.SIGKILL
    assert len(twilio.taken) == int(kill_when_taken)
    make_due(site.store, person)
    assert work(site) == 0
    assert [message["body"] for message in twilio.taken] == [TEXT, TEXT]
    ids = [site.store.hash("out", "message", id_)["provider_id"] for id_ in ("m1", "m2")]
    assert sorted(ids) == sorted(message["sid"] for message in twilio.taken)
