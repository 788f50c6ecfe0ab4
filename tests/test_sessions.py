"""Proves that a conversation is remembered as it was, sealed, and that an unreadable memory only begins anew."""

import os

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from bot.core.cipher import Cipher
from bot.core.message import PersonId
from bot.store.connection import Store
from bot.store.people import People
from bot.store.sessions import KEEP_S, Session, Sessions

SESSIONS = st.builds(
    Session,
    language=st.sampled_from(["zh", "en", None]),
    greeted=st.booleans(),
    asked=st.none() | st.text(),
    options=st.lists(st.text()).map(tuple),
    rest=st.lists(st.text()).map(tuple),
    unsure=st.integers(0, 9),
)


@pytest.fixture
def person(people: People) -> PersonId:
    return people.welcome("wechat", "openid")


def test_somebody_new_has_a_fresh_session(sessions: Sessions, person: PersonId) -> None:
    assert sessions.load(person) == Session()


def test_somebody_unknown_has_a_fresh_session(sessions: Sessions) -> None:
    assert sessions.load(PersonId("nobody")) == Session()


@hypothesis_settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(session=SESSIONS)
def test_a_session_comes_back_as_it_was(sessions: Sessions, person: PersonId, session: Session) -> None:
    sessions.save(person, session)
    assert sessions.load(person) == session


def test_a_change_leaves_the_rest_as_it_was() -> None:
    assert Session(language="en", unsure=1).but(asked="more") == Session(language="en", unsure=1, asked="more")


def test_two_people_have_two_sessions(sessions: Sessions, people: People, person: PersonId) -> None:
    sessions.save(person, Session(asked="safe"))
    assert sessions.load(people.welcome("wechat", "another")) == Session()


def test_nothing_of_a_session_can_be_read_in_the_store(sessions: Sessions, store: Store, person: PersonId) -> None:
    sessions.save(person, Session(options=("wages/unpaid",), rest=("rest of an answer",)))
    raw = store.get("session", person) or ""
    assert raw.startswith("1.")
    assert "wages" not in raw


def test_a_session_is_forgotten_after_its_time(sessions: Sessions, store: Store, person: PersonId) -> None:
    sessions.save(person, Session())
    assert 0 < store.client.ttl(store.keys("session", person)) <= KEEP_S


def test_a_session_of_another_person_is_not_taken_for_hers(
    sessions: Sessions, store: Store, people: People, person: PersonId
) -> None:
    other = people.welcome("wechat", "another")
    sessions.save(other, Session(greeted=True))
    store.put(store.get("session", other) or "", "session", person)
    assert sessions.load(person) == Session()


@pytest.mark.parametrize("raw", ["[]", "{}", "7", "not json", '{"options": [], "rest": [], "of_a_later_version": 1}'])
def test_a_session_of_another_version_begins_anew(
    sessions: Sessions, store: Store, people: People, person: PersonId, raw: str
) -> None:
    store.put(people.seal(person, raw, "session"), "session", person)
    assert sessions.load(person) == Session()


def test_a_session_that_is_not_sealed_begins_anew(sessions: Sessions, store: Store, person: PersonId) -> None:
    store.put("garbage", "session", person)
    assert sessions.load(person) == Session()


def test_a_session_under_a_lost_key_begins_anew(sessions: Sessions, store: Store, person: PersonId) -> None:
    sessions.save(person, Session(greeted=True))
    other_site = People(store, Cipher({"k1": os.urandom(32)}), b"pseudonyms of this test")
    assert Sessions(store, other_site).load(person) == Session()


def test_the_session_of_an_erased_person_is_gone(sessions: Sessions, people: People, person: PersonId) -> None:
    sessions.save(person, Session(greeted=True))
    people.erase(person)
    assert sessions.load(person) == Session()
