"""Settings, from environment variables that begin with ANLU_ (or files of those names in /run/secrets).

Secrets have no defaults: outside the simulator a missing or well-known one stops the start with a sentence.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from bot.core.alarms import PHONE_NUMBER
from bot.core.cipher import Cipher, unb64
from bot.store.topology import WrongUrl, read_url

ROOT = Path(__file__).resolve().parent.parent
SECRETS_DIR = Path("/run/secrets")
WELL_KNOWN = {"secret", "changeme", "change-me", "password", "token", "default", "test", "anlu", "example"}
SHORTEST_SECRET = 16


class SettingsError(Exception):
    """What is missing or wrong in the settings, as a sentence for the operator."""


class Settings(BaseSettings):
    """Every setting of every process; docs/SETTINGS.md is compared with it by a test."""

    model_config = SettingsConfigDict(
        env_prefix="ANLU_",
        frozen=True,
        extra="ignore",
        secrets_dir=SECRETS_DIR if SECRETS_DIR.is_dir() else None,
    )

    site: str = Field("anlu", description="name of the site; all its keys in the store carry it")
    simulator: bool = Field(False, description="turns the phone simulator on; never in production")
    redis_url: str = Field(
        ...,
        description="the store: redis://, rediss://, unix://, sentinel://host:port,host:port/name or cluster://host:port",
    )
    confirm_replicas: int = Field(
        0, ge=0, description="replicas that must have a cry for help before it counts as accepted"
    )
    public_url: str = Field(..., description="the gateway's address as WeChat and Twilio see it, without path")
    data_dir: Path = Field(ROOT / "var", description="folder for the spool of messages kept while the store is away")

    retention_days: int = Field(
        30, ge=1, description="days after its end until a conversation with a counsellor is deleted"
    )

    master_keys: SecretStr = Field(
        ..., description="id:key pairs, comma between, key = 32 bytes base64; first is active"
    )
    pseudonym_secret: SecretStr = Field(..., description="keys the pseudonyms of people")
    session_secret: SecretStr = Field(..., description="signs the console's cookies")

    rasa_url: str = Field("http://127.0.0.1:5005", description="address of the dialogue engine; private network only")
    rasa_secret: SecretStr = Field(..., description="shared by gateway and dialogue engine")
    rasa_deadline_s: float = Field(2.5, description="seconds until the menu answers in the engine's place")

    wechat_token: SecretStr | None = Field(None, description="WeChat: token of the server configuration")
    wechat_app_id: str = Field("", description="WeChat: AppID")
    wechat_app_secret: SecretStr | None = Field(None, description="WeChat: AppSecret, for messages sent later")
    wechat_aes_key: SecretStr | None = Field(None, description="WeChat: EncodingAESKey, 43 characters, for safe mode")
    wechat_mode: Literal["plain", "compatible", "safe"] = Field(
        "safe", description="WeChat: message encryption mode of the server configuration"
    )
    wechat_api: str = Field("https://api.weixin.qq.com", description="WeChat: address of the platform's interface")

    twilio_account_sid: str = Field("", description="Twilio: account SID")
    twilio_auth_token: SecretStr | None = Field(None, description="Twilio: auth token")
    twilio_number: str = Field("", description="Twilio: the number that sends, E.164")
    twilio_api: str = Field("https://api.twilio.com", description="Twilio: address of the platform's interface")

    console_cookie_secure: bool = Field(True, description="sends the console's cookie over https only")
    console_url: str = Field("", description="the console's address as staff see it; alarms name it")

    alarm_webhook: str = Field("", description="address that alarms are posted to as JSON; empty: none")
    alarm_webhook_secret: SecretStr | None = Field(None, description="signs what is posted to ANLU_ALARM_WEBHOOK")
    oncall_numbers: str = Field("", description="numbers of the on-call phones, E.164, comma between")
    silence_hours: int = Field(
        6, ge=0, description="hours of daytime without any message until the silence alarm; 0 turns it off"
    )

    @cached_property
    def site_cipher(self) -> Cipher:
        pairs = [pair.strip().partition(":") for pair in self.master_keys.get_secret_value().split(",")]
        if len({key_id for key_id, _, _ in pairs}) < len(pairs):
            raise SettingsError("ANLU_MASTER_KEYS names two keys alike: give each an id of its own")
        try:
            return Cipher({key_id: unb64(key) for key_id, _, key in pairs})
        except ValueError as error:
            raise SettingsError(
                "ANLU_MASTER_KEYS cannot be read: write id:key with 32 bytes in base64 "
                "(make one with `anlu new-secrets`)"
            ) from error

    @property
    def on_call(self) -> tuple[str, ...]:
        """The on-call phones' numbers."""
        return tuple(number.strip() for number in self.oncall_numbers.split(",") if number.strip())

    @property
    def wechat_on(self) -> bool:
        return self.wechat_token is not None

    @property
    def twilio_on(self) -> bool:
        return self.twilio_auth_token is not None


def settings_of(variables: Mapping[str, str]) -> Settings:
    """Settings from given ANLU_ variables alone, unchecked: for the stores of one machine and of evaluations."""
    named = {name: value for name, value in variables.items() if name.startswith("ANLU_")}
    return Settings.model_validate({name.removeprefix("ANLU_").lower(): value for name, value in named.items()})


def load_settings() -> Settings:
    """Reads and checks the settings; raises SettingsError with one sentence for everything that is wrong."""
    try:
        settings = Settings()  # type: ignore[call-arg]
    except ValidationError as error:
        names = ", ".join("ANLU_" + "_".join(map(str, e["loc"])).upper() for e in error.errors())
        raise SettingsError(f"These settings are missing or wrong: {names}. docs/SETTINGS.md explains each.") from None
    problems = [p for name in _secret_names() for p in _weak(settings, name)]
    try:
        read_url(settings.redis_url)
    except WrongUrl as error:
        problems.append(f"ANLU_REDIS_URL is wrong: {error}")
    problems += [*_account_problems(settings), *_alarm_problems(settings)]
    if settings.simulator and urlsplit(settings.public_url).hostname not in {"127.0.0.1", "localhost"}:
        problems.append("ANLU_SIMULATOR is on at a public address: turn it off, anybody could write as anybody")
    if problems:
        raise SettingsError("; ".join(problems) + ".")
    settings.site_cipher  # noqa: B018 - a broken key must stop the start, not the first message
    return settings


def _account_problems(settings: Settings) -> Iterator[str]:
    """What is missing or wrong in the accounts at the platforms."""
    if settings.wechat_on and not (settings.wechat_app_id and settings.wechat_app_secret):
        yield "ANLU_WECHAT_TOKEN is set, so ANLU_WECHAT_APP_ID and ANLU_WECHAT_APP_SECRET are needed too"
    if settings.wechat_on and settings.wechat_mode != "plain" and not settings.wechat_aes_key:
        yield "ANLU_WECHAT_MODE is not plain, so ANLU_WECHAT_AES_KEY is needed too"
    aes = settings.wechat_aes_key.get_secret_value() if settings.wechat_aes_key else None
    if aes is not None and not re.fullmatch(r"[A-Za-z0-9+/]{43}", aes):
        yield "ANLU_WECHAT_AES_KEY must be the 43 letters and digits of the account's EncodingAESKey"
    if settings.twilio_on and not (settings.twilio_account_sid and settings.twilio_number):
        yield ("ANLU_TWILIO_AUTH_TOKEN is set, so ANLU_TWILIO_ACCOUNT_SID and ANLU_TWILIO_NUMBER are needed too")


def _alarm_problems(settings: Settings) -> Iterator[str]:
    if settings.alarm_webhook and urlsplit(settings.alarm_webhook).scheme not in {"http", "https"}:
        yield "ANLU_ALARM_WEBHOOK must be an address that begins with https://"
    if settings.alarm_webhook and not settings.alarm_webhook_secret:
        yield "ANLU_ALARM_WEBHOOK is set, so ANLU_ALARM_WEBHOOK_SECRET is needed too"
    if not all(PHONE_NUMBER.fullmatch(number) for number in settings.on_call):
        yield "ANLU_ONCALL_NUMBERS must be numbers such as +85230000000, comma between"
    if settings.on_call and not settings.twilio_on:
        yield "ANLU_ONCALL_NUMBERS is set, so ANLU_TWILIO_AUTH_TOKEN is needed to send SMS"


def _secret_names() -> list[str]:
    return [name for name, field in Settings.model_fields.items() if "SecretStr" in str(field.annotation)]


def _weak(settings: Settings, name: str) -> list[str]:
    secret: SecretStr | None = getattr(settings, name)
    if secret is None:
        return []
    value = secret.get_secret_value()
    if value.lower() in WELL_KNOWN or len(value) < SHORTEST_SECRET:
        # The platforms' own tokens may be short (WeChat allows 3 to 32 characters); well-known ones may not be.
        if name == "wechat_token" and len(value) >= 8 and value.lower() not in WELL_KNOWN:
            return []
        return [f"ANLU_{name.upper()} is a default or shorter than {SHORTEST_SECRET} characters: choose a real secret"]
    return []
