"""Proves that only staff come in: argon2 passwords, codes that work once, tries that are limited, duty that ends."""

import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pyotp
import pytest
from argon2 import PasswordHasher

from bot.core.cipher import Cipher
from bot.store.connection import Store
from bot.store.staff import PRESENT_MS, TRIES, TRIES_WINDOW_S, Counsellor, SignInRefused, Staff, TooManyTries

pytestmark = pytest.mark.usefixtures("cheap_hashes")

PASSWORD = "a long enough password"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
NOON = 1_800_000_000
HOME = "192.0.2.1"


class Clock:
    """The time that the staff book reads, moved by hand."""

    def __init__(self) -> None:
        self.seconds = NOON

    def time(self) -> float:
        return float(self.seconds)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("bot.store.staff.time", SimpleNamespace(time=clock.time))
    return clock


@pytest.fixture
def mei(staff: Staff, clock: Clock) -> Counsellor:
    return staff.add("Mei", "Mei 梅", "counsellor", PASSWORD, SECRET)


def code(at: int = NOON) -> str:
    return pyotp.TOTP(SECRET).at(at)


# Adding


def test_a_new_site_has_no_staff(staff: Staff) -> None:
    assert (staff.any(), staff.everyone()) == (False, [])


def test_who_was_added_is_known(staff: Staff, mei: Counsellor) -> None:
    assert (staff.any(), staff.get(mei.id), staff.everyone()) == (True, mei, [mei])


def test_an_unknown_id_is_nobody(staff: Staff) -> None:
    assert staff.get("c-unknown") is None


@pytest.mark.parametrize("again", ["mei", "MEI", "Mei"])
def test_a_login_is_given_once_whatever_its_case(staff: Staff, mei: Counsellor, again: str) -> None:
    with pytest.raises(ValueError, match="is taken"):
        staff.add(again, "Another", "counsellor", PASSWORD, SECRET)


def test_a_short_password_is_refused(staff: Staff) -> None:
    with pytest.raises(ValueError, match="at least 12"):
        staff.add("mei", "Mei", "counsellor", "short", SECRET)


def test_an_unknown_role_is_refused(staff: Staff) -> None:
    with pytest.raises(ValueError, match="role"):
        staff.add("mei", "Mei", "queen", PASSWORD, SECRET)


def test_a_refused_addition_leaves_the_login_free(staff: Staff) -> None:
    with pytest.raises(ValueError, match="at least 12"):
        staff.add("mei", "Mei", "counsellor", "short", SECRET)
    assert staff.add("mei", "Mei", "counsellor", PASSWORD, SECRET).login == "mei"


def test_the_password_is_kept_as_an_argon2id_hash_of_full_strength(
    store: Store, site_cipher: Cipher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.store.staff.PasswordHasher", PasswordHasher)
    mei = Staff(store, site_cipher).add("mei", "Mei", "counsellor", PASSWORD, SECRET)
    assert store.hash("staff", mei.id)["password"].startswith("$argon2id$v=19$m=65536,t=3,")


def test_neither_password_nor_secret_can_be_read_in_the_store(staff: Staff, store: Store, mei: Counsellor) -> None:
    raw = str(store.hash("staff", mei.id))
    assert [s for s in (PASSWORD, SECRET) if s in raw] == []


def test_a_secret_moved_to_another_login_is_worthless(staff: Staff, store: Store, mei: Counsellor) -> None:
    lan = staff.add("lan", "Lan", "counsellor", PASSWORD, pyotp.random_base32())
    store.client.hset(store.keys("staff", lan.id), "totp", store.hash("staff", mei.id)["totp"])
    with pytest.raises((SignInRefused, ValueError)):
        staff.sign_in("lan", PASSWORD, code(), HOME)


# Signing in


def test_login_password_and_code_together_open_the_door(staff: Staff, mei: Counsellor) -> None:
    assert staff.sign_in("mei", PASSWORD, code(), HOME) == mei


def test_the_logins_case_and_spaces_around_the_code_do_not_matter(staff: Staff, mei: Counsellor) -> None:
    assert staff.sign_in("MEI", PASSWORD, f" {code()} ", HOME) == mei


@pytest.mark.parametrize(
    ("login", "password", "given"),
    [
        ("nobody", PASSWORD, code()),
        ("mei", "another long password", code()),
        ("mei", "", code()),
        ("mei", PASSWORD, "000000"),
        ("mei", PASSWORD, ""),
        ("", "", ""),
        ("mei", PASSWORD, code() + "0"),
        ("mei", "\x00", code()),
        ("梅", "密码密码密码密码密码密码", "000000"),
    ],
)
def test_one_wrong_part_keeps_the_door_shut(
    staff: Staff, mei: Counsellor, login: str, password: str, given: str
) -> None:
    with pytest.raises(SignInRefused):
        staff.sign_in(login, password, given, HOME)


def test_which_part_was_wrong_is_not_said(staff: Staff, mei: Counsellor) -> None:
    said = set()
    for login, password, given in [("nobody", PASSWORD, code()), ("mei", "x", code()), ("mei", PASSWORD, "000000")]:
        with pytest.raises(SignInRefused) as refused:
            staff.sign_in(login, password, given, HOME)
        said.add(str(refused.value))
    assert len(said) == 1


def test_an_unknown_login_costs_a_hash_like_a_known_one(
    staff: Staff, mei: Counsellor, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[str] = []
    fits = staff._password_fits
    monkeypatch.setattr(staff, "_password_fits", lambda hashed, given: checked.append(hashed) or fits(hashed, given))
    with pytest.raises(SignInRefused):
        staff.sign_in("nobody", PASSWORD, code(), HOME)
    assert [hashed.split("$")[1:4] for hashed in checked] == [staff._nobody.split("$")[1:4]]


@pytest.mark.parametrize("given", ["１２３４５６", "一二三四五六", "é"])
def test_a_code_typed_in_other_digits_is_refused_not_a_fault(staff: Staff, mei: Counsellor, given: str) -> None:
    with pytest.raises(SignInRefused):
        staff.sign_in("mei", PASSWORD, given, HOME)


# Codes


def test_a_code_works_once(staff: Staff, mei: Counsellor) -> None:
    staff.sign_in("mei", PASSWORD, code(), HOME)
    with pytest.raises(SignInRefused):
        staff.sign_in("mei", PASSWORD, code(), HOME)


def test_a_code_works_once_even_at_the_same_moment(
    staff: Staff, mei: Counsellor, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, right = threading.Barrier(2, timeout=0.3), pyotp.TOTP.at

    def both_are_here(totp: pyotp.TOTP, moment: int) -> str:
        with contextlib.suppress(threading.BrokenBarrierError):
            gate.wait()
        return right(totp, moment)

    def come_in(number: int) -> bool:
        try:
            staff.sign_in("mei", PASSWORD, now, f"192.0.2.{number}")
        except SignInRefused:
            return False
        return True

    now = code()
    monkeypatch.setattr(pyotp.TOTP, "at", both_are_here)
    with ThreadPoolExecutor(2) as pool:
        assert sum(pool.map(come_in, range(2))) == 1


def test_the_code_of_the_step_before_still_works(staff: Staff, mei: Counsellor) -> None:
    assert staff.sign_in("mei", PASSWORD, code(NOON - 30), HOME) == mei


def test_a_code_two_steps_old_does_not(staff: Staff, mei: Counsellor) -> None:
    with pytest.raises(SignInRefused):
        staff.sign_in("mei", PASSWORD, code(NOON - 60), HOME)


def test_a_code_of_the_future_does_not_work(staff: Staff, mei: Counsellor) -> None:
    with pytest.raises(SignInRefused):
        staff.sign_in("mei", PASSWORD, code(NOON + 30), HOME)


def test_after_a_code_an_older_one_does_not_work(staff: Staff, mei: Counsellor) -> None:
    staff.sign_in("mei", PASSWORD, code(), HOME)
    with pytest.raises(SignInRefused):
        staff.sign_in("mei", PASSWORD, code(NOON - 30), HOME)


def test_the_next_code_works_again(staff: Staff, mei: Counsellor, clock: Clock) -> None:
    staff.sign_in("mei", PASSWORD, code(), HOME)
    clock.seconds += 30
    assert staff.sign_in("mei", PASSWORD, code(clock.seconds), HOME) == mei


def test_a_wrong_password_does_not_use_up_the_code(staff: Staff, mei: Counsellor) -> None:
    with pytest.raises(SignInRefused):
        staff.sign_in("mei", "another long password", code(), HOME)
    assert staff.sign_in("mei", PASSWORD, code(), HOME) == mei


# Tries


def fail(staff: Staff, login: str, origin: str) -> None:
    with pytest.raises((SignInRefused, TooManyTries)):
        staff.sign_in(login, "wrong", "000000", origin)


def test_after_too_many_tries_even_the_right_password_waits(staff: Staff, mei: Counsellor) -> None:
    for number in range(TRIES):
        fail(staff, "mei", f"192.0.2.{number}")
    with pytest.raises(TooManyTries):
        staff.sign_in("mei", PASSWORD, code(), "198.51.100.1")


def test_one_address_cannot_try_many_logins(staff: Staff, mei: Counsellor) -> None:
    for number in range(TRIES):
        fail(staff, f"login{number}", HOME)
    with pytest.raises(TooManyTries):
        staff.sign_in("mei", PASSWORD, code(), HOME)


def test_tries_are_forgotten_after_a_while(staff: Staff, store: Store, mei: Counsellor) -> None:
    fail(staff, "mei", HOME)
    for who in ("mei", HOME):
        assert 0 < store.client.ttl(store.keys("staff", "tries", store.keys.digest(who))) <= TRIES_WINDOW_S


def test_coming_in_forgets_the_failed_tries_of_the_login(staff: Staff, mei: Counsellor) -> None:
    for number in range(TRIES - 1):
        fail(staff, "mei", f"192.0.2.{number}")
    staff.sign_in("mei", PASSWORD, code(), "198.51.100.1")
    with pytest.raises(SignInRefused):
        staff.sign_in("mei", "wrong", "000000", "198.51.100.2")


def test_tries_of_one_login_do_not_lock_another_out(staff: Staff, mei: Counsellor) -> None:
    for number in range(TRIES + 1):
        fail(staff, "lan", f"192.0.2.{number}")
    assert staff.sign_in("mei", PASSWORD, code(), "198.51.100.1") == mei


def test_tries_at_the_same_moment_are_limited_too(staff: Staff, mei: Counsellor) -> None:
    gate = threading.Barrier(3 * TRIES)

    def guess(number: int) -> bool:
        gate.wait()
        try:
            staff.sign_in("mei", PASSWORD, "000000", f"192.0.2.{number}")
        except TooManyTries:
            return False
        except SignInRefused:
            return True
        return True

    with ThreadPoolExecutor(3 * TRIES) as pool:
        assert sum(pool.map(guess, range(3 * TRIES))) <= TRIES


def test_logins_and_addresses_stand_in_no_key(staff: Staff, store: Store, mei: Counsellor) -> None:
    fail(staff, "mei", HOME)
    keys = "\n".join(store.client.scan_iter(match=store.keys.prefix + "*"))
    assert [s for s in ("mei", HOME) if s in keys] == []


def test_a_whole_shift_may_come_in_from_one_office(staff: Staff, mei: Counsellor, clock: Clock) -> None:
    for number in range(TRIES + 1):
        assert staff.sign_in("mei", PASSWORD, code(NOON + 30 * number), HOME) == mei
        clock.seconds += 30


def test_an_address_that_is_shut_out_cannot_lock_logins(staff: Staff, mei: Counsellor) -> None:
    for number in range(TRIES):
        fail(staff, f"login{number}", HOME)
    for _ in range(TRIES):
        fail(staff, "mei", HOME)
    assert staff.sign_in("mei", PASSWORD, code(), "198.51.100.1") == mei


# Duty


def test_a_sign_of_life_puts_her_on_duty(staff: Staff, mei: Counsellor) -> None:
    staff.be_present(mei.id)
    assert staff.present() == [mei.id]


def test_without_a_sign_of_life_duty_ends(staff: Staff, mei: Counsellor, clock: Clock) -> None:
    staff.be_present(mei.id)
    clock.seconds += PRESENT_MS // 1000 + 1
    assert staff.present() == []


def test_who_leaves_is_off_duty_at_once(staff: Staff, mei: Counsellor) -> None:
    staff.be_present(mei.id)
    staff.leave(mei.id)
    assert staff.present() == []


def test_colleagues_stand_in_the_order_of_their_names(staff: Staff, mei: Counsellor) -> None:
    staff.add("anna", "Anna", "supervisor", PASSWORD, SECRET)
    assert [c.name for c in staff.everyone()] == ["Anna", "Mei 梅"]


def test_a_site_key_that_was_lost_lets_nobody_in(store: Store, staff: Staff, mei: Counsellor) -> None:
    other = Staff(store, Cipher({"k1": bytes(32)}))
    with pytest.raises((SignInRefused, ValueError)):
        other.sign_in("mei", PASSWORD, code(), HOME)


def test_an_alarm_number_is_kept_sealed_and_can_be_changed(staff: Staff, store: Store) -> None:
    mei = staff.add("mei", "Mei", "counsellor", PASSWORD, SECRET, "+85230000002")
    assert staff.alarm_number(mei.id) == "+85230000002"
    assert "85230000002" not in str(store.hash("staff", mei.id))
    staff.set_alarm_number("MEI", "+85230000003")
    assert staff.alarm_number(mei.id) == "+85230000003"
    staff.set_alarm_number("mei", "")
    assert staff.alarm_number(mei.id) == ""


@pytest.mark.parametrize(("login", "number"), [("mei", "12345"), ("mei", "+0123456"), ("nobody", "+85230000002")])
def test_an_alarm_number_that_is_none_or_nobody_s_is_refused(staff: Staff, login: str, number: str) -> None:
    staff.add("mei", "Mei", "counsellor", PASSWORD, SECRET)
    with pytest.raises(ValueError, match=r"alarm number|nobody"):
        staff.set_alarm_number(login, number)
