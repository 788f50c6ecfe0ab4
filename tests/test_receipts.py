"""Proves that a message is followed to its end, whatever the order in which its reports come, and that it is shown."""

import itertools
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
import requests
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.serving import make_server

from bot.core.message import CounsellorId, PersonId
from bot.gateway.app import create_gateway
from bot.gateway.simulator import simulator
from bot.service.delivery import Delivery
from bot.service.receipts import Receipts
from bot.settings import Settings
from bot.store.connection import Store
from bot.store.outbox import Outbox
from bot.store.people import People
from bot.store.referrals import Referrals
from bot.store.sessions import Sessions
from bot.store.windows import Windows
from bot.wiring import Site
from channels.base import BODY_LIMIT, Refused, SendError, Status, TryLater, Webhook
from tests.e2e.service import wait_for
from tests.people_who_write import site_on
from tests.platforms import ACCOUNT, NUMBER, PUBLIC_URL, SID, sms_signature
from tests.test_delivery import Platform

MEI = CounsellorId("mei")
OFF = "30003: the phone is off or out of reach"


@pytest.fixture
def person(people: People) -> PersonId:
    return people.welcome("sms", NUMBER)


@pytest.fixture
def sent(outbox: Outbox, person: PersonId) -> None:
    """The message m1, which the platform took as SID."""
    outbox.post("m1", person, "sms", "hello")
    settle(outbox)


def settle(outbox: Outbox, provider_id: str = SID) -> None:
    parcel = outbox.take()
    assert parcel
    outbox.sent(parcel, provider_id)


def state(store: Store, message: str = "m1") -> str:
    return store.hash("out", "message", message)["state"]


def audited(store: Store) -> list[str]:
    return [entry["action"] for _, entry in store.client.xrange(store.keys("audit"))]


@pytest.mark.usefixtures("sent")
def test_a_delivered_message_is_shown_as_delivered(outbox: Outbox, store: Store) -> None:
    before = store.bell()
    assert outbox.follow("sms", SID, "delivered", "") == "ok"
    assert (state(store), store.bell()) == ("delivered", before + 1)


@pytest.mark.usefixtures("sent")
def test_a_message_that_did_not_arrive_is_kept_shown_and_audited(outbox: Outbox, store: Store) -> None:
    outbox.follow("sms", SID, "failed", OFF)
    message = store.hash("out", "message", "m1")
    assert (message["state"], message["error"], outbox.given_up()) == ("dead", OFF, 1)
    assert audited(store) == ["undeliverable"]
    assert store.client.ttl(store.keys("out", "message", "m1")) == -1


@pytest.mark.usefixtures("sent")
@pytest.mark.parametrize("reports", list(itertools.permutations(["delivered", "failed", "failed"])))
def test_delivered_is_final_whatever_else_is_reported(outbox: Outbox, store: Store, reports: tuple[str, ...]) -> None:
    for report in reports:
        outbox.follow("sms", SID, report, OFF)
    assert (state(store), outbox.given_up()) == ("delivered", 0)


@pytest.mark.usefixtures("sent")
def test_a_report_that_comes_twice_counts_once(outbox: Outbox, store: Store) -> None:
    assert [outbox.follow("sms", SID, "failed", OFF) for _ in range(3)] == ["ok", "old", "old"]
    assert audited(store) == ["undeliverable"]


@pytest.mark.parametrize(
    ("reports", "end"),
    [(["delivered"], "delivered"), (["failed"], "dead"), (["delivered", "failed"], "delivered"),
     (["failed", "delivered"], "delivered")],
)  # fmt: skip
def test_a_report_that_overtakes_the_worker_is_not_lost(
    outbox: Outbox, store: Store, person: PersonId, reports: list[str], end: str
) -> None:
    outbox.post("m1", person, "sms", "hello")
    parcel = outbox.take()
    assert parcel
    assert {outbox.follow("sms", SID, report, OFF) for report in reports} == {"early"}
    outbox.sent(parcel, SID)
    assert (state(store), outbox.given_up()) == (end, int(end == "dead"))


def test_what_is_remembered_of_unknown_ids_is_forgotten_after_a_day(outbox: Outbox, store: Store) -> None:
    outbox.follow("sms", SID, "delivered", "")
    [key] = store.client.keys(store.keys("out", "early", "*"))
    assert 0 < store.client.ttl(key) <= 86400


def test_the_platforms_id_stands_in_no_key(outbox: Outbox, store: Store, person: PersonId) -> None:
    outbox.follow("sms", SID, "delivered", "")
    outbox.post("m1", person, "sms", "hello")
    settle(outbox, "SM" + "b" * 32)
    assert not [key for key in store.client.keys(store.keys("*")) if SID in key or "SM" in key]


def test_the_counsellor_sees_what_became_of_her_words(
    outbox: Outbox, people: People, referrals: Referrals, person: PersonId
) -> None:
    referrals.enqueue("cry", person, "sms", "zh", 1, ("threat",), "help")
    claim = referrals.claim("claim", MEI)
    assert claim
    referrals.send("write", claim, "Are you safe?")
    settle(outbox)
    outbox.follow("sms", SID, "failed", OFF)
    referral = referrals.get(claim.referral)
    assert referral
    line = referrals.transcript(referral, MEI)[-1]
    assert (line.delivery, line.why) == ("dead", OFF)


# A report that does not come


@dataclass
class Asked(Platform):
    """A platform that knows what became of its messages."""

    knows: dict[str, Status | SendError] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    window = None
    patience_s = 1.0

    def status(self, webhook: Webhook) -> Status:
        raise Refused(403, "nobody calls")

    def ask(self, provider_id: str) -> Status:
        self.asked.append(provider_id)
        known = self.knows[provider_id]
        if isinstance(known, SendError):
            raise known
        return known


@pytest.fixture
def platform() -> Asked:
    return Asked()


@pytest.fixture
def receipts(outbox: Outbox, platform: Asked) -> Receipts:
    return Receipts(outbox, {"sms": platform})


@pytest.fixture
def sends(
    outbox: Outbox,
    people: People,
    store: Store,
    person: PersonId,
    platform: Asked,
    sessions: Sessions,
    windows: Windows,
) -> Callable[[], None]:
    """Sends the message m1, whose report is late at once."""

    def send() -> None:
        outbox.post("m1", person, "sms", "hello")
        Delivery(outbox, people, {"sms": platform}, sessions, windows).one()
        store.client.zadd(store.keys("out", "followed"), {"m1": 0}, xx=True)

    return send


@pytest.mark.parametrize(
    ("known", "end"),
    [
        (Status("SM1", "delivered"), "delivered"),
        (Status("SM1", "failed", OFF), "dead"),
        (Status("SM1", "on_its_way"), "sent"),
        (TryLater("x", "away"), "sent"),
    ],
)
def test_a_report_that_does_not_come_is_asked_for_once_in_an_hour(
    receipts: Receipts, store: Store, platform: Asked, sends: Callable[[], None], known: Status | SendError, end: str
) -> None:
    platform.knows["SM1"] = known
    sends()
    receipts.ask_for_missing()
    receipts.ask_for_missing()
    assert (state(store), platform.asked) == (end, ["SM1"])


def test_a_report_that_came_is_not_asked_for(
    receipts: Receipts, outbox: Outbox, platform: Asked, sends: Callable[[], None]
) -> None:
    sends()
    outbox.follow("sms", "SM1", "delivered", "")
    receipts.ask_for_missing()
    assert platform.asked == []


def test_after_some_days_nobody_asks_any_more(
    receipts: Receipts, store: Store, platform: Asked, sends: Callable[[], None]
) -> None:
    sends()
    store.client.hset(store.keys("out", "message", "m1"), "settled", 1)
    receipts.ask_for_missing()
    assert (platform.asked, store.client.zcard(store.keys("out", "followed"))) == ([], 0)


def test_a_platform_that_reports_nothing_is_not_asked(
    outbox: Outbox, store: Store, person: PersonId, people: People, sessions: Sessions, windows: Windows
) -> None:
    outbox.post("m1", person, "sms", "hello")
    Delivery(outbox, people, {"sms": Platform()}, sessions, windows).one()
    assert store.client.zcard(store.keys("out", "followed")) == 0


# Over HTTP


@pytest.fixture
def site(settings: Settings) -> Iterator[Site]:
    with site_on(settings) as site:
        yield site


@pytest.fixture
def client(site: Site) -> FlaskClient:
    return create_gateway(site.inbound, site.channels, site.health, site.receipts).test_client()


def post(client: FlaskClient, token: str = "t" * 32, **fields: str) -> int:
    fields = {"MessageSid": SID, "AccountSid": ACCOUNT, "MessageStatus": "delivered", **fields}
    headers = {"X-Twilio-Signature": sms_signature(fields, f"{PUBLIC_URL}/webhooks/sms/status", token)}
    return client.post("/webhooks/sms/status", data=fields, headers=headers).status_code


def test_a_signed_report_is_noted_and_a_forged_one_is_not(client: FlaskClient, site: Site) -> None:
    site.outbox.post("m1", site.people.welcome("sms", NUMBER), "sms", "hello")
    settle(site.outbox)
    assert post(client, token="x" * 32) == 403
    assert state(site.store) == "sent"
    assert [post(client), post(client), post(client, MessageStatus="sent")] == [204, 204, 204]
    assert state(site.store) == "delivered"


def test_a_channel_without_reports_has_no_address_for_them(client: FlaskClient) -> None:
    assert [client.post(f"/webhooks/{name}/status").status_code for name in ("wechat", "nobody")] == [404, 404]


def test_a_report_beyond_the_limit_is_too_large(client: FlaskClient) -> None:
    assert client.post("/webhooks/sms/status", data=b"x" * (BODY_LIMIT + 1)).status_code == 413


def test_while_the_store_is_away_the_platform_is_told_to_come_again(settings: Settings) -> None:
    with site_on(settings.model_copy(update={"redis_url": "unix:///nowhere/at/all.sock"})) as away:
        client = create_gateway(away.inbound, away.channels, away.health, away.receipts).test_client()
        assert post(client) == 503


def test_a_report_leaves_neither_id_nor_number_in_the_log(client: FlaskClient, logged: Callable[[], str]) -> None:
    post(client, To=NUMBER, MessageStatus="failed", ErrorCode="30003")
    post(client, token="x" * 32, To=NUMBER)
    assert [word for word in (NUMBER, NUMBER[1:], SID) if word in logged()] == []


# The simulated phone


@pytest.fixture
def served(settings: Settings) -> Iterator[Site]:
    """A gateway with the simulator on a port of its own, to which the site speaks as to Twilio."""
    app = Flask("port")
    server = make_server("127.0.0.1", 0, app, threaded=True)
    base = f"http://127.0.0.1:{server.server_port}"
    own = settings.model_copy(update={"public_url": base, "twilio_api": f"{base}/simulator/platform/twilio"})
    with site_on(own) as site:
        server.app = create_gateway(site.inbound, site.channels, site.health, site.receipts)
        server.app.register_blueprint(simulator(own))
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield site
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize(("power", "end", "shown"), [("1", "delivered", 1), ("0", "dead", 0)])
def test_the_simulated_platform_reports_what_became_of_a_message(
    served: Site, power: str, end: str, shown: int
) -> None:
    base = served.settings.public_url
    requests.post(f"{base}/simulator/sms/power", data={"address": NUMBER, "on": power}, timeout=5)
    served.outbox.post("m1", served.people.welcome("sms", NUMBER), "sms", "hello")
    settle(served.outbox, served.channels["sms"].send(NUMBER, "hello"))
    wait_for(lambda: state(served.store) == end, 10)
    provider_id = served.store.hash("out", "message", "m1")["provider_id"]
    assert served.channels["sms"].ask(provider_id).state == ("delivered" if shown else "failed")  # type: ignore[attr-defined]
    screen = requests.get(f"{base}/simulator/messages", params={"address": NUMBER}, timeout=5).json()
    assert len(screen) == shown
