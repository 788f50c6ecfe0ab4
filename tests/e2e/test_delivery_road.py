"""What becomes of a counsellor's words, as she sees it: a phone that is off, a window that shuts and opens."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.service import Service
from tests.e2e.test_road import shot, signed_in, write

pytestmark = [pytest.mark.slow, pytest.mark.browser]
PATIENCE_MS = 10_000


def people(browser: Browser, service: Service) -> Page:
    """The two phones, with two people who never wrote."""
    phones = browser.new_page(viewport={"width": 1100, "height": 820})
    phones.goto(f"{service.gateway}/simulator/")
    phones.get_by_role("button", name="Two new people").click()
    return phones


def say(console: Page, text: str) -> None:
    console.get_by_label("Message").fill(text)
    console.get_by_role("button", name="Send").click()
    expect(console.locator(".lines .counsellor").last).to_contain_text(text)


def test_a_phone_that_is_off_is_seen_on_the_console(browser: Browser, service: Service) -> None:
    service.clear_queue()
    console, phones = signed_in(browser, service), people(browser, service)
    write(phones, "sms", "help me he locked me in the room")
    console.get_by_role("button", name="Take", exact=True).click()
    phones.get_by_label("on", exact=True).uncheck()
    say(console, "Hello, I am Mei.")
    expected = "NOT delivered (30003: the phone is off or out of reach)"
    expect(console.locator(".lines .counsellor").last).to_contain_text(expected, timeout=PATIENCE_MS)
    phones.get_by_label("on", exact=True).check()
    say(console, "Are you there?")
    expect(console.locator(".lines .counsellor").last).to_contain_text("delivered to the phone", timeout=PATIENCE_MS)
    shot(console, "undelivered")
    phones.close()
    console.close()


def test_the_box_closes_with_wechats_window_and_opens_when_she_writes(browser: Browser, service: Service) -> None:
    service.clear_queue()
    console, phones = signed_in(browser, service), people(browser, service)
    write(phones, "wechat", "他们把我锁在房间里，不让我出去")
    console.get_by_role("button", name="Take", exact=True).click()
    expect(console.locator("#window")).to_contain_text("WeChat takes 5 more messages until")
    for number in range(5):
        say(console, f"message {number}")
    expect(console.locator("#window")).to_contain_text("takes no more messages until she writes again")
    expect(console.get_by_label("Message")).to_be_disabled()
    expect(phones.locator(".wechat li.them").last).to_contain_text("message 4", timeout=PATIENCE_MS)
    shot(console, "window")
    write(phones, "wechat", "我在")
    expect(console.locator("#window")).to_contain_text("WeChat takes 5 more messages until", timeout=PATIENCE_MS)
    expect(console.get_by_label("Message")).to_be_enabled()
    say(console, "message 5")
    expect(phones.locator(".wechat li.them").last).to_contain_text("message 5", timeout=PATIENCE_MS)
    phones.close()
    console.close()
