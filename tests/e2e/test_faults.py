"""kill -9 of every process while cries for help come in: all comes back by itself, nothing accepted is lost."""

import os
import signal
import threading
import time

import pytest
import requests

from bot.store.connection import StoreAway
from bot.wiring import Site
from tests.e2e.platforms import twiml_texts
from tests.e2e.service import Service, new_number, wait_for

pytestmark = pytest.mark.slow
CRIES_BEFORE, CRIES_AFTER = 5, 15
NOT_KEPT = "could not be kept"
BACK_S = 60


class Cries(threading.Thread):
    """Sends cries for help from new numbers until told to stop; remembers which were accepted."""

    def __init__(self, service: Service) -> None:
        super().__init__(daemon=True)
        self.service = service
        self.accepted: list[str] = []
        self.refused = 0
        self.done = threading.Event()

    def run(self) -> None:
        while not self.done.is_set():
            number = new_number()
            try:
                texts = twiml_texts(self.service.sms(number, "help me please he locked me in and beats me"))
                if NOT_KEPT in "".join(texts):
                    self.refused += 1
                else:
                    self.accepted.append(number)
            except (requests.RequestException, AssertionError):
                self.refused += 1
                time.sleep(0.05)


def has_referral(site: Site, number: str) -> bool:
    try:
        return site.store.get("open", site.people.name("sms", number)) is not None
    except StoreAway:
        return False


def answers_of_overtime(service: Service) -> bool:
    texts = twiml_texts(service.sms(new_number(), "how is overtime paid on sunday"))
    return "200" in texts[0]


@pytest.mark.parametrize("victim", ["rasa", "gateway", "worker", "store"])
def test_a_killed_process_comes_back_and_no_accepted_cry_is_lost(service: Service, victim: str) -> None:
    cries = Cries(service)
    cries.start()
    wait_for(lambda: len(cries.accepted) >= CRIES_BEFORE, BACK_S)
    killed = service.pid(victim)
    os.kill(killed, signal.SIGKILL)
    at_kill = len(cries.accepted)
    wait_for(lambda: service.pid(victim) != killed, BACK_S)
    wait_for(lambda: len(cries.accepted) >= at_kill + CRIES_AFTER, BACK_S)
    cries.done.set()
    cries.join(20)
    site = service.site()
    for number in cries.accepted:
        wait_for(lambda number=number: has_referral(site, number), 15)
    wait_for(
        lambda: requests.get(f"{service.gateway}/health", timeout=5).json() == {"store": True, "engine": True}, BACK_S
    )
    wait_for(lambda: answers_of_overtime(service), BACK_S)
    site.store.client.close()


def test_the_screen_escalates_while_the_engine_is_down(service: Service) -> None:
    os.kill(service.pid("rasa"), signal.SIGKILL)
    number = new_number()
    texts = twiml_texts(service.sms(number, "he is beating me now help"))
    assert "110" in texts[0]
    site = service.site()
    assert has_referral(site, number)
    menu = twiml_texts(service.sms(new_number(), "boss did not pay my salary"))[0]
    assert "Boss does not pay" in menu
    wait_for(lambda: requests.get(f"{service.gateway}/health", timeout=5).json()["engine"], BACK_S)
    site.store.client.close()
