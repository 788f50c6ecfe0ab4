"""An alarm in a real browser: it is seen, heard, answered by keyboard, and silent afterwards."""

import logging
import os
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pyotp
import pytest
from playwright.sync_api import Browser, Page, expect
from werkzeug.serving import make_server

from bot.settings import Settings
from bot.wiring import Site, console_of
from tests.e2e.service import wait_for
from tests.people_who_write import site_on

pytestmark = [pytest.mark.slow, pytest.mark.browser]
PASSWORD, SECRET = "a long enough password", "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
COUNT_TONES = """
window.tones = 0;
const start = OscillatorNode.prototype.start;
OscillatorNode.prototype.start = function () { window.tones += 1; return start.call(this); };
"""
FORBID_SOUND = """
let clicked = false, allowed = false;
addEventListener("click", () => { clicked = true; }, true);
Object.defineProperty(BaseAudioContext.prototype, "state", { get() { return allowed ? "running" : "suspended"; } });
AudioContext.prototype.resume = () => clicked ? Promise.resolve(allowed = true) : new Promise(() => {});
"""


@pytest.fixture
def site(settings: Settings) -> Iterator[Site]:
    with site_on(settings.model_copy(update={"console_cookie_secure": False})) as site:
        site.staff.add("mei", "Mei", "counsellor", PASSWORD, SECRET)
        yield site


@pytest.fixture
def address(site: Site) -> Iterator[str]:
    """The console, served on loopback until the test ends."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, console_of(site), threaded=True)
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    serving.join()
    server.server_close()


@pytest.fixture
def open_console(browser: Browser, address: str) -> Iterator[Callable[[str], Page]]:
    """Signs Mei in, with a script that runs before those of the page."""
    pages = []

    def open_console(script: str) -> Page:
        page = browser.new_page(viewport={"width": 1100, "height": 520})
        pages.append(page)
        page.add_init_script(COUNT_TONES + script)
        page.goto(address)
        page.get_by_label("Login").fill("mei")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_label("Code").fill(pyotp.TOTP(SECRET).now())
        page.get_by_role("button", name="Sign in").click()
        expect(page.locator("#live.on")).to_be_visible()
        return page

    yield open_console
    for page in pages:
        page.close()


def cry(site: Site, level: int = 1) -> None:
    person = site.people.welcome("wechat", "oOpenId")
    site.referrals.enqueue("cry", person, "wechat", "zh", level, ("confinement",), "he locked the door")


def tones(page: Page) -> int:
    return int(page.evaluate("window.tones"))


def shot(page: Page, name: str) -> None:
    folder = os.environ.get("ANLU_SHOTS")
    if folder:
        page.screenshot(path=str(Path(folder) / f"{name}.png"))


def test_an_alarm_is_seen_heard_and_answered_by_keyboard(site: Site, open_console: Callable[[str], Page]) -> None:
    page = open_console("")
    faults: list[str] = []
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    cry(site)
    alarm = page.get_by_role("alert").filter(has_text="Nobody is on it")
    expect(alarm).to_be_visible(timeout=5_000)
    expect(page).to_have_title(re.compile(r"^\(1\) Queue"), timeout=5_000)
    wait_for(lambda: tones(page) >= 2, 15)
    shot(page, "alarm")
    page.get_by_role("button", name="I am on it").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("is on it until")).to_contain_text("Mei", timeout=5_000)
    shot(page, "alarm-acknowledged")
    expect(page).to_have_title(re.compile("^Queue"), timeout=5_000)
    assert page.get_by_role("button", name="I am on it").count() == 0
    heard = tones(page)
    page.wait_for_timeout(3_500)
    assert tones(page) == heard
    assert faults == []


def test_a_browser_that_forbids_sound_shows_a_button_that_allows_it(
    site: Site, open_console: Callable[[str], Page]
) -> None:
    page = open_console(FORBID_SOUND)
    cry(site)
    button = page.get_by_role("button", name="Turn sound on")
    expect(button).to_be_visible(timeout=5_000)
    assert tones(page) == 0
    shot(page, "alarm-silent")
    button.click()
    expect(button).to_be_hidden()
    wait_for(lambda: tones(page) >= 1, 10)


def test_who_is_calm_sounds_once(site: Site, open_console: Callable[[str], Page]) -> None:
    page = open_console("")
    cry(site, level=3)
    wait_for(lambda: tones(page) == 1, 5)
    page.wait_for_timeout(3_500)
    assert tones(page) == 1
    assert page.get_by_role("alert").count() == 0
