"""The doctor finds what would break a promise, and says what to do in a sentence."""

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from bot import cli
from bot.core.screen.verdict import Verdict
from bot.doctor import Finding, examine
from bot.settings import Settings
from bot.wiring import Site
from tests.people_who_write import site_on


@pytest.fixture
def site(settings: Settings) -> Iterator[Site]:
    """A site whose worker gave a sign of life a moment ago."""
    with site_on(settings) as site:
        site.store.put(str(int(time.time() * 1000)), "heartbeat", "worker")
        yield site


def found(site: Site, words: str) -> Finding:
    fitting = [finding for finding in examine(site) if words in finding.says]
    assert fitting, [finding.says for finding in examine(site)]
    return fitting[0]


def test_a_site_as_it_is_shipped_has_nothing_bad(site: Site) -> None:
    assert [finding.says for finding in examine(site) if finding.grade == "bad"] == []
    assert found(site, "writes to disk before it answers").grade == "ok"


@pytest.mark.parametrize(
    ("name", "value"), [("appendfsync", "everysec"), ("appendfsync", "no"), ("maxmemory-policy", "allkeys-lru")]
)
def test_a_store_that_may_lose_a_cry_is_bad(site: Site, name: str, value: str) -> None:
    before = site.store.client.config_get(name)[name]
    site.store.client.config_set(name, value)
    try:
        finding = found(site, f"{name} {value}")
    finally:
        site.store.client.config_set(name, before)
    assert finding.grade == "bad"
    assert "set it to" in finding.says


def test_a_store_that_is_away_is_said_and_the_rest_is_looked_at(settings: Settings, tmp_path: Path) -> None:
    gone = settings.model_copy(update={"redis_url": f"unix://{tmp_path}/nobody.sock"})
    with site_on(gone) as site:
        assert found(site, "cannot be reached").grade == "bad"
        assert found(site, "answers are in order").grade == "ok"


@pytest.mark.parametrize("beat", [None, 60])
def test_a_silent_worker_is_bad(site: Site, beat: int | None) -> None:
    site.store.forget("heartbeat", "worker")
    if beat:
        site.store.put(str(int((time.time() - beat) * 1000)), "heartbeat", "worker")
    assert found(site, "no worker").grade == "bad"


def test_a_channel_that_cannot_send_because_of_its_settings_is_bad(site: Site) -> None:
    site.outbox.note_fault("sms", "20003: Twilio rejects the account SID or auth token")
    assert found(site, "sms cannot send").grade == "bad"


def test_messages_that_reached_nobody_are_pointed_out(site: Site) -> None:
    site.store.client.zadd(site.store.keys("out", "dead"), {"m1": 1})
    assert found(site, "did not reach anybody").grade == "look"


def test_a_full_disk_is_bad(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10, 9, 1))  # type: ignore[attr-defined]
    assert found(site, "0 MB are free").grade == "bad"


def test_a_data_folder_that_cannot_be_written_is_bad(site: Site) -> None:
    site.settings.data_dir.parent.mkdir(parents=True, exist_ok=True)
    site.settings.data_dir.write_text("a file where the folder should be", encoding="ascii")
    assert found(site, "cannot be written").grade == "bad"


def test_a_screen_on_words_alone_is_pointed_out(site: Site) -> None:
    assert found(site, "words alone").grade == "look"


def test_a_screen_that_misses_a_plain_cry_is_bad(site: Site) -> None:
    site.screen = lambda _message, _default="zh": Verdict(4, False, (), (), "zh")  # type: ignore[method-assign,assignment]
    assert found(site, "missed a plain cry").grade == "bad"


def test_no_channel_is_bad(settings: Settings) -> None:
    none = settings.model_copy(update={"wechat_token": None, "twilio_auth_token": None})
    with site_on(none) as site:
        assert found(site, "no channel").grade == "bad"


def test_keeping_longer_than_people_are_told_is_bad(settings: Settings) -> None:
    with site_on(settings.model_copy(update={"retention_days": 31})) as site:
        assert found(site, "ANLU_RETENTION_DAYS is 31").grade == "bad"


def test_alarms_that_sound_on_open_consoles_only_are_pointed_out(site: Site) -> None:
    assert found(site, "ANLU_ONCALL_NUMBERS").grade == "look"


def test_it_is_told_whom_alarms_reach_and_no_number(settings: Settings) -> None:
    with site_on(settings.model_copy(update={"oncall_numbers": "+85230000001"})) as site:
        site.staff.add("fang", "Fang", "supervisor", "a long enough password", "A" * 32, "+85230000003")
        finding = found(site, "alarms reach")
    assert (finding.grade, finding.says) == ("ok", "alarms reach 1 on-call phones, 1 supervisors by SMS")


def test_the_command_fails_when_something_is_bad(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "build_site", lambda _: site)
    assert CliRunner().invoke(cli.main, ["doctor"]).exit_code == 0
    site.store.forget("heartbeat", "worker")
    told = CliRunner().invoke(cli.main, ["doctor"])
    assert told.exit_code == 1
    assert "1 of these must be mended" in told.output
    assert "Traceback" not in told.output
