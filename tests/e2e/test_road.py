"""The whole road in a real browser: a cry for help typed on a phone, answered by a counsellor, and handed back."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.service import Service

pytestmark = [pytest.mark.slow, pytest.mark.browser]
SEEN_WITHIN_MS = 2_000


def shot(page: Page, name: str) -> None:
    """Keeps a picture when ANLU_SHOTS names a folder; the README's pictures come from here."""
    folder = os.environ.get("ANLU_SHOTS")
    if folder:
        page.screenshot(path=str(Path(folder) / f"{name}.png"))


def signed_in(browser: Browser, service: Service) -> Page:
    counsellor = service.new_counsellor()
    page = browser.new_page(viewport={"width": 1100, "height": 620})
    page.goto(service.console)
    page.get_by_label("Login").fill(counsellor.login)
    page.get_by_label("Password").fill(counsellor.password)
    page.get_by_label("Code").fill(counsellor.code())
    shot(page, "sign-in")
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("#live.on")).to_be_visible()
    return page


def write(page: Page, phone: str, text: str) -> None:
    form = page.locator(f".phone.{phone} form")
    form.get_by_role("textbox").fill(text)
    form.get_by_role("button").click()


def test_a_cry_for_help_reaches_a_counsellor_and_her_words_reach_the_phone(browser: Browser, service: Service) -> None:
    service.clear_queue()
    console = signed_in(browser, service)
    phones = browser.new_page(viewport={"width": 1100, "height": 820})
    phones.goto(f"{service.gateway}/simulator/")
    write(phones, "wechat", "老板三个月没发工资了")
    expect(phones.locator(".wechat li.them").last).to_contain_text("12333")

    write(phones, "sms", "help me he locked me in the room and took my phone, i use friend phone")
    expect(console.locator("#waiting .referral")).to_have_count(1, timeout=SEEN_WITHIN_MS)
    expect(phones.locator(".sms li.them").last).to_contain_text("110")
    expect(console.locator("#waiting .referral")).to_contain_text("locked in")
    shot(console, "queue")

    console.get_by_role("button", name="Take", exact=True).click()
    expect(console.locator(".lines")).to_contain_text("he locked me in the room")
    console.get_by_label("Message").fill("Hello, I am Mei. I read your message. Is it quiet around you?")
    console.get_by_role("button", name="Send").click()
    expect(phones.locator(".sms li.them").last).to_contain_text("I am Mei", timeout=5_000)
    expect(console.locator(".lines .counsellor")).to_contain_text("delivered", timeout=5_000)

    before = phones.locator(".sms li.them").count()
    write(phones, "sms", "yes quiet now")
    expect(console.locator(".lines")).to_contain_text("yes quiet now", timeout=SEEN_WITHIN_MS)
    assert phones.locator(".sms li.them").count() == before, "the bot must be silent while a counsellor holds the talk"
    shot(console, "conversation")
    shot(phones, "phones")

    console.get_by_label("How did it end?").select_option("helped")
    console.get_by_role("button", name="Resolve").click()
    expect(console.locator("#waiting .referral")).to_have_count(0)
    expect(phones.locator(".sms li.them").last).to_contain_text("automatic reply", timeout=5_000)
    write(phones, "sms", "how is overtime paid on sunday")
    expect(phones.locator(".sms li.them").last).to_contain_text("200", timeout=5_000)
    phones.close()
    console.close()


def test_what_people_say_of_an_answer_stands_on_the_console(browser: Browser, service: Service) -> None:
    console = signed_in(browser, service)
    phones = browser.new_page(viewport={"width": 1100, "height": 820})
    phones.goto(f"{service.gateway}/simulator/")
    write(phones, "sms", "can i join a trade union")
    expect(phones.locator(".sms li.them").last).to_contain_text("Did this help?", timeout=5_000)
    write(phones, "sms", "1")
    expect(phones.locator(".sms li.them").last).to_contain_text("Thank you", timeout=5_000)
    console.get_by_role("link", name="Answers").click()
    row = console.locator(".answers tr", has_text="rights/union")
    expect(row).to_contain_text("100 %")
    shot(console, "answers")
    phones.close()
    console.close()
