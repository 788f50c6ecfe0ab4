"""The running service over its real channels: right answers, valid replies, refusals, evaluation commands."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from bot.settings import ROOT
from tests.e2e.platforms import twiml_texts
from tests.e2e.service import Desk, Service, new_number, new_sid, wait_for

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("aes", [False, True], ids=["plain", "aes"])
def test_unpaid_wages_in_chinese_by_wechat_get_the_chinese_answer(service: Service, aes: bool) -> None:
    reply = service.wechat(f"openid-unpaid-{aes}", "老板三个月没发工资了", aes)
    assert "关于工资的问题" in reply
    assert "\n12333\n" in reply  # alone on its line, the offer of the form below it


def test_a_kept_passport_in_english_by_sms_gets_the_english_answer(service: Service) -> None:
    texts = twiml_texts(service.sms(new_number(), "my boss keep my passport"))
    assert len(texts) == 1
    assert "may not keep your papers" in texts[0]


def test_the_minimum_wage_is_asked_for_by_place_and_told_with_its_date(service: Service) -> None:
    assert "哪个城市干活" in service.wechat("openid-wage", "最低工资是多少", True)
    told = service.wechat("openid-wage", "东莞的", True)
    assert "2080" in told
    assert "2025-03-01" in told


def test_a_question_inside_the_form_is_answered_and_the_form_offered_again(service: Service) -> None:
    service.wechat("openid-trap", "最低工资是多少", False)
    told = service.wechat("openid-trap", "老板不给我签合同怎么办", False)
    assert "合同" in told
    assert "哪个城市干活" in told


def test_not_knowing_the_place_ends_the_form_kindly(service: Service) -> None:
    service.wechat("openid-dunno", "最低工资是多少", False)
    assert "没关系" in service.wechat("openid-dunno", "不知道", False)


def test_a_repeated_message_gets_the_same_answer_and_no_second_referral(service: Service) -> None:
    number, sid = new_number(), new_sid()
    first = service.sms(number, "please help they locked the door and will sell me", sid)
    again = service.sms(number, "please help they locked the door and will sell me", sid)
    assert twiml_texts(first) == twiml_texts(again)
    desk = Desk.sign_in(service)
    assert len(desk.waiting()) == len(set(desk.waiting()))


def test_words_that_look_like_commands_of_the_engine_are_only_words(service: Service) -> None:
    assert service.wechat("openid-slash", "/restart", False)
    assert service.wechat("openid-slash", "/ask{}", False)


def test_the_engine_refuses_whoever_has_not_the_secret(service: Service) -> None:
    url = f"http://127.0.0.1:{service.facts['rasa']}/webhooks/anlu/message"
    assert requests.post(url, json={"conversation": "x", "text": "hi"}, timeout=5).status_code == 403
    rest = f"http://127.0.0.1:{service.facts['rasa']}/webhooks/rest/webhook"
    assert requests.post(rest, json={"sender": "x", "message": "hi"}, timeout=5).status_code == 404


def test_no_log_of_any_process_carries_words_numbers_or_openids(service: Service) -> None:
    number, openid = new_number(), "openid-never-in-a-log"
    service.sms(number, "zebra question about my payslip")
    service.wechat(openid, "斑马问题 工资条", True)
    everything = "".join(path.read_text(errors="replace") for path in (service.home / "log").glob("*.log"))
    assert "message_answered" in everything
    for private in (number, number[1:], openid, "zebra", "斑马"):
        assert private not in everything


def test_two_counsellors_cannot_take_the_same_referral(service: Service) -> None:
    service.sms(new_number(), "my husband is beating me now please help")
    desk = Desk.sign_in(service)
    id_ = wait_for(desk.waiting, 3)[0]
    assert desk.post(f"/claim/{id_}").ok
    assert desk.post(f"/claim/{id_}").status_code == 409


def run_command(name: str, messages: list[str], home: Path) -> list[dict[str, object]]:
    answer = subprocess.run(
        [sys.executable, "-m", "bot.cli", name],
        input="\n".join(messages) + "\n",
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "ANLU_HOME": str(home)},
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    return [json.loads(line) for line in answer.stdout.splitlines()]


MESSAGES = ["老板三个月没发工资了", "he locked me in the room please help", "", "what is the weather", "最低工资 东莞"]
SCREEN_KEYS = {"level", "check", "kinds", "reasons", "language"}
ASK_KEYS = SCREEN_KEYS | {"topic", "alternatives", "confidence", "answer"}


def test_screen_prints_one_object_a_line_in_order(tmp_path: Path) -> None:
    rows = run_command("screen", MESSAGES, tmp_path)
    assert len(rows) == len(MESSAGES)
    assert all(set(row) == SCREEN_KEYS for row in rows)
    assert [row["level"] in (1, 2) for row in rows] == [False, True, False, False, False]


def test_ask_uses_the_running_engine_and_leaves_the_real_queue_alone(service: Service) -> None:
    before = Desk.sign_in(service).waiting()
    rows = run_command("ask", MESSAGES, service.home)
    assert len(rows) == len(MESSAGES)
    assert all(set(row) == ASK_KEYS for row in rows)
    assert rows[0]["topic"] == "wages/unpaid"
    assert rows[0]["answer"] == "wages/unpaid"
    assert rows[1]["level"] in (1, 2)
    assert str(rows[1]["answer"]).startswith("safety/")
    assert rows[4]["topic"] == "wages/minimum_wage"
    assert Desk.sign_in(service).waiting() == before
