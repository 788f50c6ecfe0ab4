"""A missing, default, short or unreadable secret stops the start with a sentence that does not quote it."""

import os
import traceback

import pytest

from bot.settings import Settings, SettingsError, load_settings

COMPLETE = {
    "ANLU_REDIS_URL": "redis://127.0.0.1:6379/0",
    "ANLU_PUBLIC_URL": "https://anlu.example",
    "ANLU_MASTER_KEYS": "k1:" + "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
    "ANLU_PSEUDONYM_SECRET": "pseudonym-q8w7e6r5t4",
    "ANLU_SESSION_SECRET": "session-q8w7e6r5t4y3",
    "ANLU_RASA_SECRET": "engine-q8w7e6r5t4y3u2",
}
WECHAT = {
    "ANLU_WECHAT_TOKEN": "wechat-token-0123",
    "ANLU_WECHAT_APP_ID": "wx0123456789abcdef",
    "ANLU_WECHAT_APP_SECRET": "app-secret-q8w7e6r5t4",
    "ANLU_WECHAT_AES_KEY": "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
}
TWILIO = {
    "ANLU_TWILIO_AUTH_TOKEN": "auth-token-q8w7e6r5t4",
    "ANLU_TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
    "ANLU_TWILIO_NUMBER": "+85230000000",
}
SECRETS = ["ANLU_PSEUDONYM_SECRET", "ANLU_SESSION_SECRET", "ANLU_RASA_SECRET", "ANLU_WECHAT_APP_SECRET",
           "ANLU_WECHAT_TOKEN", "ANLU_TWILIO_AUTH_TOKEN"]  # fmt: skip


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The environment of a complete site with both channels, and nothing of the machine's own."""
    for name in [name for name in os.environ if name.upper().startswith("ANLU_")]:
        monkeypatch.delenv(name)
    for name, value in (COMPLETE | WECHAT | TWILIO).items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def refusal() -> SettingsError:
    with pytest.raises(SettingsError) as refused:
        load_settings()
    return refused.value


def test_a_complete_environment_is_accepted(environment: pytest.MonkeyPatch) -> None:
    settings = load_settings()
    assert (settings.wechat_on, settings.twilio_on) == (True, True)


def test_a_site_may_have_no_channel_yet(environment: pytest.MonkeyPatch) -> None:
    for name in WECHAT | TWILIO:
        environment.delenv(name)
    settings = load_settings()
    assert (settings.wechat_on, settings.twilio_on) == (False, False)


@pytest.mark.parametrize("name", COMPLETE)
def test_a_missing_setting_is_named(environment: pytest.MonkeyPatch, name: str) -> None:
    environment.delenv(name)
    assert name in str(refusal())


def test_all_missing_settings_are_named_at_once(environment: pytest.MonkeyPatch) -> None:
    for name in COMPLETE:
        environment.delenv(name)
    assert all(name in str(error) for error in [refusal()] for name in COMPLETE)


@pytest.mark.parametrize("name", SECRETS)
@pytest.mark.parametrize("value", ["", "secret", "CHANGEME", "password", "short"])
def test_a_default_or_short_secret_is_refused(environment: pytest.MonkeyPatch, name: str, value: str) -> None:
    environment.setenv(name, value)
    assert name in str(refusal())


def test_wechat_s_own_token_may_be_as_short_as_the_platform_has_it(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("ANLU_WECHAT_TOKEN", "x7Kp2mQ9")
    assert load_settings().wechat_on


def test_every_weak_secret_is_named_at_once(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("ANLU_SESSION_SECRET", "secret")
    environment.setenv("ANLU_RASA_SECRET", "secret")
    said = str(refusal())
    assert "ANLU_SESSION_SECRET" in said
    assert "ANLU_RASA_SECRET" in said


def test_a_refused_secret_is_not_quoted(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("ANLU_SESSION_SECRET", "weak-q8w7e6")
    assert "weak-q8w7e6" not in str(refusal())


def test_no_secret_stands_in_the_traceback_of_a_refusal(environment: pytest.MonkeyPatch) -> None:
    for name in ["ANLU_PUBLIC_URL", *WECHAT, *TWILIO]:
        environment.delenv(name)
    shown = "".join(traceback.format_exception(refusal()))
    assert "q8w7e6r5" not in shown


@pytest.mark.parametrize(
    "keys",
    ["k1" * 10, "k1:" + "A" * 20, "k1:" + "A" * 43, "k1:" + "A" * 60, "k.1:" + "A" * 43 + "=", "k1:" + "字" * 43,
     COMPLETE["ANLU_MASTER_KEYS"] + ","],
)  # fmt: skip
def test_an_unreadable_master_key_stops_the_start(environment: pytest.MonkeyPatch, keys: str) -> None:
    environment.setenv("ANLU_MASTER_KEYS", keys)
    assert "ANLU_MASTER_KEYS" in str(refusal())


def test_the_first_master_key_is_the_active_one(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("ANLU_MASTER_KEYS", "k2:" + "B" * 43 + "=, " + COMPLETE["ANLU_MASTER_KEYS"])
    assert load_settings().site_cipher.seal("x", "y").startswith("1.k2.")


@pytest.mark.parametrize(
    ("on", "needed"),
    [
        ("ANLU_WECHAT_TOKEN", "ANLU_WECHAT_APP_ID"),
        ("ANLU_WECHAT_TOKEN", "ANLU_WECHAT_APP_SECRET"),
        ("ANLU_WECHAT_MODE", "ANLU_WECHAT_AES_KEY"),
        ("ANLU_TWILIO_AUTH_TOKEN", "ANLU_TWILIO_ACCOUNT_SID"),
        ("ANLU_TWILIO_AUTH_TOKEN", "ANLU_TWILIO_NUMBER"),
    ],
)
def test_a_channel_that_is_half_set_up_is_refused(environment: pytest.MonkeyPatch, on: str, needed: str) -> None:
    environment.delenv(needed)
    said = str(refusal())
    assert on in said
    assert needed in said


def test_wechat_in_plain_mode_needs_no_aes_key(environment: pytest.MonkeyPatch) -> None:
    environment.delenv("ANLU_WECHAT_AES_KEY")
    environment.setenv("ANLU_WECHAT_MODE", "plain")
    assert load_settings().wechat_on


@pytest.mark.parametrize("key", ["a" * 42, "a" * 44, "a" * 42 + "!"])
def test_an_aes_key_of_the_wrong_form_is_refused(environment: pytest.MonkeyPatch, key: str) -> None:
    environment.setenv("ANLU_WECHAT_AES_KEY", key)
    assert "ANLU_WECHAT_AES_KEY" in str(refusal())


@pytest.mark.parametrize(("name", "value"), [("ANLU_WECHAT_MODE", "unsafe"), ("ANLU_RASA_DEADLINE_S", "soon")])
def test_a_value_of_the_wrong_form_is_named(environment: pytest.MonkeyPatch, name: str, value: str) -> None:
    environment.setenv(name, value)
    assert name in str(refusal())


def test_settings_do_not_show_their_secrets(environment: pytest.MonkeyPatch) -> None:
    shown = repr(load_settings())
    assert not [value for name, value in (COMPLETE | WECHAT | TWILIO).items() if name in SECRETS and value in shown]


def test_messages_are_encrypted_unless_the_operator_says_otherwise(environment: pytest.MonkeyPatch) -> None:
    assert load_settings().wechat_mode == "safe"


def test_the_simulator_is_off_unless_the_operator_turns_it_on(environment: pytest.MonkeyPatch) -> None:
    assert load_settings().simulator is False


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_every_setting_says_what_it_is(name: str) -> None:
    assert Settings.model_fields[name].description


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"ANLU_ALARM_WEBHOOK": "https://pager.example/"}, "ANLU_ALARM_WEBHOOK_SECRET is needed"),
        ({"ANLU_ALARM_WEBHOOK": "pager.example", "ANLU_ALARM_WEBHOOK_SECRET": "k" * 16}, "begins with https://"),
        ({"ANLU_ALARM_WEBHOOK_SECRET": "short"}, "ANLU_ALARM_WEBHOOK_SECRET"),
        ({"ANLU_ONCALL_NUMBERS": "+85230000001,12345"}, "ANLU_ONCALL_NUMBERS"),
        ({"ANLU_SILENCE_HOURS": "-1"}, "ANLU_SILENCE_HOURS"),
    ],
)
def test_alarms_that_could_reach_nobody_are_refused(
    environment: pytest.MonkeyPatch, given: dict[str, str], told: str
) -> None:
    for name, value in given.items():
        environment.setenv(name, value)
    assert told in str(refusal())
    assert "12345" not in str(refusal())


def test_on_call_phones_need_a_channel_that_sends_sms(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("ANLU_ONCALL_NUMBERS", "+85230000001, +85230000002")
    assert load_settings().on_call == ("+85230000001", "+85230000002")
    environment.delenv("ANLU_TWILIO_AUTH_TOKEN")
    assert "ANLU_ONCALL_NUMBERS" in str(refusal())


@pytest.mark.parametrize("url", ["redis:127.0.0.1", "sentinel://127.0.0.1:26379", "cluster://127.0.0.1"])
def test_a_stores_address_that_cannot_be_read_is_refused(environment: pytest.MonkeyPatch, url: str) -> None:
    environment.setenv("ANLU_REDIS_URL", url)
    assert "ANLU_REDIS_URL is wrong: " in str(refusal())


def test_fewer_than_no_replicas_are_refused(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("ANLU_CONFIRM_REPLICAS", "-1")
    assert "ANLU_CONFIRM_REPLICAS" in str(refusal())
