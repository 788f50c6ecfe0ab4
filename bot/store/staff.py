"""Counsellors and supervisors: who they are, how they sign in, who is on duty."""

import hmac
import secrets
import time
from dataclasses import dataclass

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from bot.core.alarms import PHONE_NUMBER
from bot.core.cipher import Cipher
from bot.core.language import LANGUAGES
from bot.core.message import CounsellorId
from bot.core.screen import KINDS
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
class Skills:
    """What a counsellor can do; None means all. ``capacity``: how many conversations she holds at once."""

    languages: tuple[str, ...] | None = None
    kinds: tuple[str, ...] | None = None
    provinces: tuple[str, ...] | None = None
    """Codes of the provinces that she knows well (content/data/minimum_wage.yml)."""
    capacity: int = 5


@dataclass(frozen=True, slots=True)
class Counsellor:
    id: CounsellorId
    login: str
    name: str
    role: str
    skills: Skills = Skills()


class Staff:
    """Passwords are argon2id hashes; TOTP secrets are sealed under the site's key; each code works once."""

    def __init__(self, store: Store, site_cipher: Cipher) -> None:
        self._store = store
        self._cipher = site_cipher
        self._hasher = PasswordHasher()
        self._nobody = self._hasher.hash(secrets.token_hex(16))

    @store_errors
    def add(
        self, login: str, name: str, role: str, password: str, totp_secret: str, alarm_number: str = ""
    ) -> Counsellor:
        """A new member of staff; ValueError when the login is taken, the password short or the number none."""
        _check_number(alarm_number)
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
                "capacity": Skills().capacity,
                "alarm": self._sealed_number(id_, alarm_number),
            },
        )
        return Counsellor(id_, login.lower(), name, role)

    @store_errors
    def equip(self, id_: CounsellorId, skills: Skills) -> None:
        """Says what a counsellor can do. ValueError for an unknown language or kind, or no room for anybody."""
        for given, known in ((skills.languages, LANGUAGES), (skills.kinds, KINDS)):
            unknown = set(given or ()) - set(known)
            if unknown:
                raise ValueError(f"{', '.join(sorted(unknown))}: choose from {', '.join(known)}")
        if skills.capacity < 1:
            raise ValueError("a counsellor holds at least one conversation")
        self._store.client.hset(
            self._store.keys("staff", id_),
            mapping={
                "languages": _listed(skills.languages),
                "kinds": _listed(skills.kinds),
                "provinces": _listed(skills.provinces),
                "capacity": skills.capacity,
            },
        )
        self._note_what_is_lacking()

    def _note_what_is_lacking(self) -> None:
        """What somebody on the staff cannot do: only that is worth waiting for. The queue's scripts read it."""
        lacking: set[str] = set()
        for each in (counsellor.skills for counsellor in self.everyone()):
            if each.languages is not None:
                lacking |= {f"language:{one}" for one in LANGUAGES if one not in each.languages}
            if each.kinds is not None:
                lacking |= {f"kind:{one}" for one in KINDS if one not in each.kinds}
            lacking |= {f"province:{one}" for one in each.provinces or ()}
        key = self._store.keys("staff", "lacking")
        gone = set(map(str, self._store.client.smembers(key))) - lacking
        if lacking:
            self._store.client.sadd(key, *lacking)
        if gone:
            self._store.client.srem(key, *gone)

    @store_errors
    def set_alarm_number(self, login: str, number: str) -> None:
        """Where alarms reach her by SMS (E.164; empty: nowhere). ValueError for no number and an unknown login."""
        _check_number(number)
        id_ = self.by_login(login).id
        self._store.client.hset(self._store.keys("staff", id_), "alarm", self._sealed_number(id_, number))

    def alarm_number(self, id_: CounsellorId) -> str:
        """Her number for alarms; empty when she has none."""
        sealed = self._store.hash("staff", id_).get("alarm")
        return self._cipher.open(sealed, f"alarm:{id_}") if sealed else ""

    def _sealed_number(self, id_: str, number: str) -> str:
        return self._cipher.seal(number, f"alarm:{id_}") if number else ""

    @store_errors
    def any(self) -> bool:
        return bool(self._store.client.exists(self._store.keys("staff", "logins")))

    def get(self, id_: CounsellorId) -> Counsellor | None:
        raw = self._store.hash("staff", id_)
        return _counsellor(id_, raw) if raw else None

    @store_errors
    def by_login(self, login: str) -> Counsellor:
        """ValueError when nobody has this login."""
        id_ = self._store.client.hget(self._store.keys("staff", "logins"), login.lower())
        found = self.get(CounsellorId(str(id_))) if id_ else None
        if found is None:
            raise ValueError(f"nobody has the login {login}")
        return found

    @store_errors
    def everyone(self) -> list[Counsellor]:
        ids = [CounsellorId(str(id_)) for id_ in self._store.client.hvals(self._store.keys("staff", "logins"))]
        pipe = self._store.client.pipeline(transaction=False)
        for id_ in ids:
            pipe.hgetall(self._store.keys("staff", id_))
        rows = zip(ids, pipe.execute(), strict=True)
        return sorted((_counsellor(id_, row) for id_, row in rows if row), key=lambda c: c.name)

    def names(self) -> dict[CounsellorId, str]:
        """Of all staff, by id."""
        return {each.id: each.name for each in self.everyone()}

    @store_errors
    def sign_in(self, login: str, password: str, code: str, origin: str) -> Counsellor:
        """Checks all three in the same time whoever asks; raises SignInRefused or TooManyTries."""
        self._count_try(origin)  # first, so that an address that is shut out cannot shut out anybody's login
        self._count_try(login.lower())
        id_ = self._store.client.hget(self._store.keys("staff", "logins"), login.lower())
        raw = self._store.hash("staff", str(id_)) if id_ else {}
        known = self._password_fits(raw.get("password", self._nobody), password)
        if not raw or not known or not self._code_fits(str(id_), raw["totp"], code):
            raise SignInRefused
        self._store.client.delete(self._tries(login.lower()))
        self._store.client.decr(self._tries(origin))
        return _counsellor(CounsellorId(str(id_)), raw)

    def _tries(self, who: str) -> str:
        return self._store.keys("staff", "tries", self._store.keys.digest(who))

    def _count_try(self, who: str) -> None:
        """Counted before anything is checked, so that many at the same moment do not slip through."""
        count = int(self._store.client.incr(self._tries(who)))
        if count == 1:
            self._store.client.expire(self._tries(who), TRIES_WINDOW_S)
        if count > TRIES:
            raise TooManyTries

    def _password_fits(self, hashed: str, password: str) -> bool:
        try:
            return self._hasher.verify(hashed, password)
        except (VerifyMismatchError, InvalidHashError):
            return False

    def _code_fits(self, id_: str, sealed: str, code: str) -> bool:
        """A code of this half minute or the one before; each is taken once, by whoever comes first."""
        totp = pyotp.TOTP(self._cipher.open(sealed, f"totp:{id_}"))
        now = int(time.time()) // TOTP_STEP_S
        given = code.strip().encode("utf-8", "surrogatepass")
        last = int(self._store.get("staff", "totp", id_) or 0)
        for step in (now, now - 1):
            if step > last and hmac.compare_digest(totp.at(step * TOTP_STEP_S).encode(), given):
                first = self._store.put_new(
                    secrets.token_hex(8), "staff", "totp", id_, str(step), ttl_ms=10 * TOTP_STEP_S * 1000
                )
                self._store.put(str(step), "staff", "totp", id_, ttl_s=10 * TOTP_STEP_S)
                return first
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


ALL = "*"


def _listed(skill: tuple[str, ...] | None) -> str:
    return ALL if skill is None else ",".join(skill)


def _unlisted(written: str) -> tuple[str, ...] | None:
    return None if written == ALL else tuple(part for part in written.split(",") if part)


def _counsellor(id_: CounsellorId, raw: dict[str, str]) -> Counsellor:
    languages, kinds, provinces = (_unlisted(raw.get(name, ALL)) for name in ("languages", "kinds", "provinces"))
    skills = Skills(languages, kinds, provinces, int(raw.get("capacity", Skills().capacity)))
    return Counsellor(id_, raw["login"], raw["name"], raw["role"], skills)


def _check_number(number: str) -> None:
    if number and not PHONE_NUMBER.fullmatch(number):
        raise ValueError("an alarm number is written such as +85230000000")
