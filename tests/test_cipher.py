"""What is sealed opens only with its key, for its field and its person; a pseudonym names nobody."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.cipher import Cipher, SealBroken, b64, pseudonym, unb64

OLD, NEW = bytes(range(32)), bytes(range(32, 64))
ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=200)


@pytest.fixture
def cipher() -> Cipher:
    return Cipher({"k1": OLD})


@given(ANY_TEXT)
def test_any_text_comes_back_as_it_was_sealed(text: str) -> None:
    cipher = Cipher({"k1": OLD})
    assert cipher.open(cipher.seal(text, "line:p1"), "line:p1") == text


@given(st.binary(max_size=200))
def test_any_bytes_come_back_as_they_were_sealed(data: bytes) -> None:
    cipher = Cipher({"k1": OLD})
    assert cipher.open_bytes(cipher.seal(data, "key:p1"), "key:p1") == data


@pytest.mark.parametrize("other", ["line:p2", "address:p1", ""])
def test_a_sealed_value_cannot_be_moved_to_another_person_or_field(cipher: Cipher, other: str) -> None:
    sealed = cipher.seal("救命", "line:p1")
    with pytest.raises(SealBroken):
        cipher.open(sealed, other)


def test_the_same_text_is_never_sealed_twice_alike(cipher: Cipher) -> None:
    assert cipher.seal("1", "line:p1") != cipher.seal("1", "line:p1")


def test_a_sealed_value_does_not_show_its_text(cipher: Cipher) -> None:
    sealed = cipher.seal("locked in at Dongguan", "line:p1")
    assert b"Dongguan" not in unb64(sealed.split(".")[2])


@pytest.mark.parametrize("place", [0, 5, 12, 20, -1])
def test_a_changed_byte_is_noticed(cipher: Cipher, place: int) -> None:
    version, key_id, body = cipher.seal("他打我", "line:p1").split(".")
    raw = bytearray(unb64(body))
    raw[place] ^= 1
    with pytest.raises(SealBroken):
        cipher.open(f"{version}.{key_id}.{b64(bytes(raw))}", "line:p1")


def test_the_first_key_seals_and_an_older_one_still_opens() -> None:
    before = Cipher({"k1": OLD}).seal("早", "line:p1")
    rotated = Cipher({"k2": NEW, "k1": OLD})
    assert rotated.open(before, "line:p1") == "早"
    assert rotated.seal("晚", "line:p1").split(".")[1] == "k2"


def test_without_its_key_a_value_is_gone() -> None:
    sealed = Cipher({"k1": OLD}).seal("erased", "line:p1")
    with pytest.raises(SealBroken):
        Cipher({"k2": NEW}).open(sealed, "line:p1")


def test_another_key_of_the_same_name_does_not_open() -> None:
    sealed = Cipher({"k1": OLD}).seal("erased", "line:p1")
    with pytest.raises(SealBroken):
        Cipher({"k1": NEW}).open(sealed, "line:p1")


@given(st.one_of(ANY_TEXT, ANY_TEXT.map(lambda body: f"1.k1.{body}"), st.binary().map(lambda b: f"1.k1.{b64(b)}")))
def test_whatever_was_not_sealed_by_us_is_a_broken_seal(text: str) -> None:
    with pytest.raises(SealBroken):
        Cipher({"k1": OLD}).open(text, "line:p1")


def test_an_unknown_form_of_seal_is_refused(cipher: Cipher) -> None:
    with pytest.raises(SealBroken):
        cipher.open("2" + cipher.seal("x", "line:p1")[1:], "line:p1")


@pytest.mark.parametrize("keys", [{}, {"k1": b"short"}, {"k1": OLD + b"x"}, {"k.1": OLD}])
def test_a_wrong_key_is_refused_at_once(keys: dict[str, bytes]) -> None:
    with pytest.raises(ValueError, match="key"):
        Cipher(keys)


def test_a_refused_key_is_not_quoted() -> None:
    with pytest.raises(ValueError, match="32 bytes") as refused:
        Cipher({"k1": b"secret-key-material"})
    assert "secret-key-material" not in str(refused.value)


def test_a_pseudonym_is_the_same_for_the_same_person() -> None:
    assert pseudonym(b"s", "sms", "+85251234567") == pseudonym(b"s", "sms", "+85251234567")


@pytest.mark.parametrize(
    ("secret", "channel", "address"),
    [(b"t", "sms", "+85251234567"), (b"s", "wechat", "+85251234567"), (b"s", "sms", "+85251234568")],
)
def test_a_pseudonym_differs_by_secret_channel_and_address(secret: bytes, channel: str, address: str) -> None:
    assert pseudonym(secret, channel, address) != pseudonym(b"s", "sms", "+85251234567")


@given(st.text(max_size=30), st.text(max_size=60))
def test_a_pseudonym_is_22_characters_that_fit_everywhere(channel: str, address: str) -> None:
    name = pseudonym(os.urandom(16), channel, address)
    assert len(name) == 22
    assert name.replace("-", "").replace("_", "").isalnum()
