"""Counsellors and supervisors: who they are, how they sign in, who is on duty."""

import hmac
import secrets
import time
from dataclasses import dataclass

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from bot.core.cipher import Cipher
from bot.core.message import CounsellorId
from bot.store.connection import Store, store_errors

ROLES = ("counsellor", "supervisor")
PRESENT_MS = 60_000
TRIES = 8
TRIES_WINDOW_S = 15 * 60
TOTP_STEP_S = 30


class SignInRefused(Exception):
    """Wrong login, password or code; which one is not said."""


class TooManyTries(Exception):
    """This login or address has failed too often in the last 15 minutes."""


@dataclass(frozen=True, slots=True)
class Counsellor:
    id: CounsellorId
    login: str
    name: str
    role: str


class Staff:
    """Passwords are argon2id hashes; TOTP secrets are sealed under the site's key; each code works once."""

    def __init__(self, store: Store, site_cipher: Cipher) -> None:
        self._store = store
        self._cipher = site_cipher
        self._hasher = PasswordHasher()
        self._nobody = self._hasher.hash(secrets.token_hex(16))

    @store_errors
    def add(self, login: str, name: str, role: str, password: str, totp_secret: str) -> Counsellor:
        """A new member of staff; ValueError when the login is taken or the password short."""
        if role not in ROLES:
            raise ValueError(f"the role must be one of {', '.join(ROLES)}")
        if len(password) < 12:
            raise ValueError("a password needs at least 12 characters")
        id_ = CounsellorId("c" + secrets.token_hex(6))
        if not self._store.client.hsetnx(self._store.keys("staff", "logins"), login.lower(), id_):
            raise ValueError(f"the login {login} is taken")
        self._store.client.hset(
            self._store.keys("staff", id_),
            mapping={
                "login": login.lower(),
                "name": name,
                "role": role,
                "password": self._hasher.hash(password),
                "totp": self._cipher.seal(totp_secret, f"totp:{id_}"),
            },
        )
        return Counsellor(id_, login.lower(), name, role)

    @store_errors
    def any(self) -> bool:
        return bool(self._store.client.exists(self._store.keys("staff", "logins")))

    def get(self, id_: CounsellorId) -> Counsellor | None:
        raw = self._store.hash("staff", id_)
        return Counsellor(id_, raw["login"], raw["name"], raw["role"]) if raw else None

    @store_errors
    def everyone(self) -> list[Counsellor]:
        ids = [str(id_) for id_ in self._store.client.hvals(self._store.keys("staff", "logins"))]
        found = (self.get(CounsellorId(id_)) for id_ in ids)
        return sorted((c for c in found if c), key=lambda c: c.name)

    @store_errors
    def sign_in(self, login: str, password: str, code: str, origin: str) -> Counsellor:
        """Checks all three in the same time whoever asks; raises SignInRefused or TooManyTries."""
        self._refuse_after_many(login.lower(), origin)
        id_ = self._store.client.hget(self._store.keys("staff", "logins"), login.lower())
        raw = self._store.hash("staff", str(id_)) if id_ else {}
        known = self._password_fits(raw.get("password", self._nobody), password)
        if not raw or not known or not self._code_fits(str(id_), raw["totp"], code):
            self._count_failures(login.lower(), origin)
            raise SignInRefused
        self._store.forget("staff", "tries", self._store.keys.digest(login.lower()))
        return Counsellor(CounsellorId(str(id_)), raw["login"], raw["name"], raw["role"])

    def _refuse_after_many(self, *who: str) -> None:
        tries = (self._store.get("staff", "tries", self._store.keys.digest(one)) for one in who)
        if any(int(count or 0) >= TRIES for count in tries):
            raise TooManyTries

    def _count_failures(self, *who: str) -> None:
        for one in who:
            key = self._store.keys("staff", "tries", self._store.keys.digest(one))
            if int(self._store.client.incr(key)) == 1:
                self._store.client.expire(key, TRIES_WINDOW_S)

    def _password_fits(self, hashed: str, password: str) -> bool:
        try:
            return self._hasher.verify(hashed, password)
        except (VerifyMismatchError, InvalidHashError):
            return False

    def _code_fits(self, id_: str, sealed: str, code: str) -> bool:
        totp = pyotp.TOTP(self._cipher.open(sealed, f"totp:{id_}"))
        step = int(time.time()) // TOTP_STEP_S
        used = int(self._store.get("staff", "totp", id_) or 0)
        for candidate in (step, step - 1):
            if candidate > used and hmac.compare_digest(totp.at(candidate * TOTP_STEP_S), code.strip()):
                self._store.put(str(candidate), "staff", "totp", id_, ttl_s=600)
                return True
        return False

    @store_errors
    def be_present(self, id_: CounsellorId) -> None:
        """A sign of life from the counsellor's screen; on duty for the next minute."""
        until = int(time.time() * 1000) + PRESENT_MS
        self._store.client.zadd(self._store.keys("staff", "present"), {id_: until})

    @store_errors
    def leave(self, id_: CounsellorId) -> None:
        self._store.client.zrem(self._store.keys("staff", "present"), id_)

    @store_errors
    def present(self) -> list[CounsellorId]:
        low = int(time.time() * 1000)
        return [
            CounsellorId(str(i))
            for i in self._store.client.zrangebyscore(self._store.keys("staff", "present"), low, "+inf")
        ]
