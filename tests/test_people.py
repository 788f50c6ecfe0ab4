"""Proves that people are known by pseudonym only and that erasing one makes everything of hers unreadable."""

import os
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.cipher import Cipher, SealBroken, pseudonym
from bot.core.message import PersonId
from bot.store.connection import Store
from bot.store.people import People, UnknownPerson
from bot.store.sessions import Session, Sessions

OPENID = "oOpenId-of-somebody"


@pytest.fixture
def person(people: People) -> PersonId:
    return people.welcome("wechat", OPENID)


def test_the_same_person_always_has_the_same_name(people: People, person: PersonId) -> None:
    assert people.welcome("wechat", OPENID) == people.name("wechat", OPENID) == person


def test_the_name_does_not_show_the_address(person: PersonId) -> None:
    assert OPENID not in person


@given(st.lists(st.tuples(st.text(max_size=8), st.text(max_size=8)), min_size=2, max_size=2, unique=True))
def test_two_people_never_share_a_name(pair: list[tuple[str, str]]) -> None:
    pair = [(channel.replace("\x00", ""), address) for channel, address in pair]
    names = {pseudonym(b"secret", channel, address) for channel, address in pair}
    assert len(names) == len(set(pair))


def test_a_number_on_sms_and_the_same_openid_are_two_people(people: People) -> None:
    assert people.name("sms", "1") != people.name("wechat", "1")


def test_without_the_secret_the_name_cannot_be_recomputed(store: Store, site_cipher: Cipher, person: PersonId) -> None:
    assert People(store, site_cipher, b"another secret").name("wechat", OPENID) != person


def test_a_name_fits_into_keys_and_addresses(person: PersonId) -> None:
    assert len(person) == 22
    assert set(person) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def test_the_address_is_given_back_to_senders(people: People, person: PersonId) -> None:
    assert people.address(person) == OPENID


def test_nobody_has_an_address_before_she_wrote(people: People) -> None:
    with pytest.raises(UnknownPerson):
        people.address(people.name("wechat", "never wrote"))


def test_nothing_can_be_sealed_for_somebody_unknown(people: People) -> None:
    with pytest.raises(UnknownPerson):
        people.seal(people.name("wechat", "never wrote"), "text", "line")


def test_what_is_sealed_opens_again(people: People, person: PersonId) -> None:
    assert people.open(person, people.seal(person, "救命 \ud800", "line"), "line") == "救命 \ud800"


def test_the_same_text_never_looks_the_same(people: People, person: PersonId) -> None:
    assert people.seal(person, "text", "line") != people.seal(person, "text", "line")


def test_a_sealed_text_opens_for_its_field_only(people: People, person: PersonId) -> None:
    with pytest.raises(SealBroken):
        people.open(person, people.seal(person, "text", "line"), "outbox")


def test_a_sealed_text_opens_for_its_person_only(people: People, person: PersonId) -> None:
    with pytest.raises(SealBroken):
        people.open(people.welcome("wechat", "another"), people.seal(person, "text", "line"), "line")


def test_a_stolen_store_opens_nothing_without_the_sites_key(store: Store, people: People, person: PersonId) -> None:
    thief = People(store, Cipher({"k1": os.urandom(32)}), b"pseudonyms of this test")
    with pytest.raises(SealBroken):
        thief.open(person, people.seal(person, "text", "line"), "line")


def test_a_new_site_key_still_opens_what_the_old_one_sealed(store: Store) -> None:
    old, new = os.urandom(32), os.urandom(32)
    before = People(store, Cipher({"k1": old}), b"s")
    person = before.welcome("sms", "+85251234567")
    sealed = before.seal(person, "text", "line")
    assert People(store, Cipher({"k2": new, "k1": old}), b"s").open(person, sealed, "line") == "text"


def test_people_welcomed_at_the_same_moment_have_one_key(people: People) -> None:
    with ThreadPoolExecutor(8) as pool:
        persons = list(pool.map(lambda _: people.welcome("wechat", OPENID), range(8)))
    sealed = people.seal(persons[0], "text", "line")
    assert {people.open(person, sealed, "line") for person in persons} == {"text"}
    assert people.address(persons[0]) == OPENID


def test_a_welcome_again_keeps_the_key(people: People, person: PersonId) -> None:
    sealed = people.seal(person, "text", "line")
    people.welcome("wechat", OPENID)
    assert people.open(person, sealed, "line") == "text"


def test_an_erased_person_has_no_address(people: People, person: PersonId) -> None:
    people.erase(person)
    with pytest.raises(UnknownPerson):
        people.address(person)


def test_erasing_makes_everything_unreadable(people: People, person: PersonId) -> None:
    sealed = people.seal(person, "text", "line")
    people.erase(person)
    with pytest.raises(UnknownPerson):
        people.open(person, sealed, "line")


def test_what_was_erased_stays_unreadable_when_she_comes_back(people: People, person: PersonId) -> None:
    sealed = people.seal(person, "text", "line")
    people.erase(person)
    people.welcome("wechat", OPENID)
    with pytest.raises(SealBroken):
        people.open(person, sealed, "line")


def test_erasing_takes_the_conversation_along(
    store: Store, people: People, person: PersonId, sessions: Sessions
) -> None:
    sessions.save(person, Session(greeted=True))
    store.put("sealed by rasa", "talk", person)
    store.client.zadd(store.keys("talks"), {person: 1})
    people.erase(person)
    left = list(store.client.scan_iter(match=f"*{store.keys.prefix[1:-2]}*{person}*"))
    assert (left, store.client.zscore(store.keys("talks"), person)) == ([], None)


def test_erasing_one_leaves_others_alone(people: People, person: PersonId) -> None:
    other = people.welcome("wechat", "another")
    people.erase(person)
    assert people.address(other) == "another"


def test_erasing_twice_is_harmless(people: People, person: PersonId) -> None:
    people.erase(person)
    people.erase(person)
    assert people.welcome("wechat", OPENID) == person


def test_a_record_half_erased_is_made_whole_at_the_next_message(store: Store, people: People, person: PersonId) -> None:
    store.client.hdel(store.keys("person", person), "key")
    people.welcome("wechat", OPENID)
    assert people.open(person, people.seal(person, "text", "line"), "line") == "text"
