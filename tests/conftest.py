"""Fixtures: a real embedded store for the whole run, and a fresh site on it for every test."""

import functools
import io
import logging
import os
import secrets
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import pytest
import structlog
from argon2 import PasswordHasher

from bot.core.cipher import Cipher
from bot.log import configure
from bot.settings import Settings
from bot.store.connection import Store
from bot.store.embedded import EmbeddedStore
from bot.store.outbox import Outbox
from bot.store.people import People
from bot.store.referrals import Referrals
from bot.store.sessions import Sessions
from bot.store.staff import Staff
from bot.store.turns import Turns
from bot.store.windows import Windows
from bot.wiring import CONTENT
from channels.wechat import WeChat

# A busy machine makes no example wrong: neither how long one takes nor how slowly it is drawn may fail a test.
hypothesis.settings.register_profile(
    "anlu", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow], print_blob=True
)
hypothesis.settings.load_profile("anlu")


@pytest.fixture(scope="session", autouse=True)
def _logging() -> None:
    configure("test")


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Iterator[Callable[[], str]]:
    """Everything that this test has logged so far: our own lines, and those of the libraries at every level."""
    before, lines = structlog.get_config(), io.StringIO()
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", lines)
        configure("test")
    caplog.set_level(logging.DEBUG)
    yield lambda: lines.getvalue() + caplog.text
    structlog.configure(**before)


@pytest.fixture(scope="session")
def embedded_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedStore]:
    """One Valkey server, append-only with fsync, for all tests that need a store."""
    with EmbeddedStore(tmp_path_factory.mktemp("store")) as store:
        yield store


@pytest.fixture
def store(embedded_store: EmbeddedStore) -> Iterator[Store]:
    """A site of its own for each test, so that tests cannot see each other."""
    store = Store(embedded_store.url, "t" + secrets.token_hex(6))
    yield store
    store.client.close()


@pytest.fixture
def content_copy(tmp_path: Path) -> Path:
    """A copy of the content that a test may change, without the screen and most translations, which take time."""
    copy = tmp_path / "content"

    def left_out(folder: str, names: list[str]) -> set[str]:
        translated = Path(folder).parent.name == "translations"
        return {name for name in names if name == "screen" or (translated and name not in ("safety", "phrases.yml"))}

    shutil.copytree(CONTENT, copy, ignore=left_out)
    return copy


@pytest.fixture
def site_cipher() -> Cipher:
    return Cipher({"k1": os.urandom(32)})


@pytest.fixture
def people(store: Store, site_cipher: Cipher) -> People:
    return People(store, site_cipher, b"pseudonyms of this test")


@pytest.fixture
def referrals(store: Store, people: People) -> Referrals:
    return Referrals(store, people)


@pytest.fixture
def outbox(store: Store, people: People) -> Outbox:
    return Outbox(store, people)


@pytest.fixture
def sessions(store: Store, people: People) -> Sessions:
    return Sessions(store, people)


@pytest.fixture
def turns(store: Store) -> Turns:
    return Turns(store)


@pytest.fixture
def windows(store: Store) -> Windows:
    """WeChat's window; SMS has none."""
    return Windows(store, {"wechat": WeChat.window})


@pytest.fixture
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords hashed in no time, for tests in which their strength does not matter."""
    cheap = functools.partial(PasswordHasher, time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr("bot.store.staff.PasswordHasher", cheap)


@pytest.fixture
def staff(store: Store, site_cipher: Cipher) -> Staff:
    return Staff(store, site_cipher)


@pytest.fixture
def settings(embedded_store: EmbeddedStore, tmp_path: Path) -> Settings:
    """Settings of a whole site on the embedded store, both channels on, a dialogue engine that nobody runs."""
    key = "k1:" + "A" * 43 + "="
    return Settings.model_validate(
        {
            "site": "t" + secrets.token_hex(6),
            "redis_url": embedded_store.url,
            "public_url": "https://anlu.example",
            "data_dir": str(tmp_path / "data"),
            "master_keys": key,
            "pseudonym_secret": "p" * 32,
            "session_secret": "s" * 32,
            "rasa_url": "http://127.0.0.1:9",
            "rasa_secret": "r" * 32,
            "wechat_token": "wechat-token-0123",
            "wechat_app_id": "wx0123456789abcdef",
            "wechat_app_secret": "w" * 32,
            "wechat_aes_key": "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
            "wechat_mode": "compatible",
            "twilio_account_sid": "AC" + "0" * 32,
            "twilio_auth_token": "t" * 32,
            "twilio_number": "+85230000000",
        }
    )
