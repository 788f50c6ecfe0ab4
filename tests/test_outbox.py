"""Proves that messages go out in order for each person, are never dropped, and survive a worker that dies."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from bot.core.message import Kind, PersonId
from bot.store.connection import Store
from bot.store.outbox import LEASE_MS, Outbox, Parcel
from bot.store.people import People, UnknownPerson
from bot.store.windows import Windows


@pytest.fixture
def person(people: People) -> PersonId:
    return people.welcome("sms", "+85251234567")


def taken(outbox: Outbox) -> Parcel:
    parcel = outbox.take()
    assert parcel, "something should be due"
    return parcel


def let_the_lease_pass(store: Store, person: PersonId) -> None:
    store.client.zadd(store.keys("out", "due"), {person: 1})


def test_a_message_comes_out_as_it_went_in(outbox: Outbox, person: PersonId) -> None:
    outbox.post("m1", person, "sms", "你好 hello")
    parcel = taken(outbox)
    assert (parcel.id, parcel.person, parcel.channel, outbox.text(parcel)) == ("m1", person, "sms", "你好 hello")


def test_a_first_try_was_surely_not_sent_before(outbox: Outbox, person: PersonId) -> None:
    outbox.post("m1", person, "sms", "hello")
    parcel = taken(outbox)
    assert (parcel.attempts, parcel.maybe_sent) == (1, False)


def test_an_empty_outbox_gives_nothing(outbox: Outbox) -> None:
    assert outbox.take() is None


def test_the_same_id_is_queued_once(outbox: Outbox, person: PersonId) -> None:
    assert [outbox.post("m1", person, "sms", text) for text in ("first", "second")] == [True, False]
    outbox.sent(taken(outbox), "SM1")
    assert outbox.take() is None


def test_a_sent_message_posted_again_stays_sent(outbox: Outbox, person: PersonId) -> None:
    outbox.post("m1", person, "sms", "hello")
    outbox.sent(taken(outbox), "SM1")
    assert outbox.post("m1", person, "sms", "hello") is False
    assert outbox.take() is None


def test_messages_of_one_person_go_out_in_order(outbox: Outbox, person: PersonId) -> None:
    for number in range(5):
        outbox.post(f"m{number}", person, "sms", str(number))
    texts = []
    while parcel := outbox.take():
        texts.append(outbox.text(parcel))
        outbox.sent(parcel, "SM")
    assert texts == ["0", "1", "2", "3", "4"]


def test_the_second_waits_until_the_first_is_settled(outbox: Outbox, person: PersonId) -> None:
    outbox.post("m1", person, "sms", "first")
    outbox.post("m2", person, "sms", "second")
    outbox.take()
    assert outbox.take() is None


def test_a_message_posted_while_another_is_being_sent_does_not_overtake_it(outbox: Outbox, person: PersonId) -> None:
    outbox.post("m1", person, "sms", "first")
    first = taken(outbox)
    outbox.post("m2", person, "sms", "second")
    outbox.retry(first, 0, "busy")
    assert outbox.text(taken(outbox)) == "first"


def test_one_persons_trouble_does_not_hold_up_another(outbox: Outbox, people: People, person: PersonId) -> None:
    outbox.post("m1", person, "sms", "hers")
    outbox.retry(taken(outbox), 60_000, "busy")
    outbox.post("m2", people.welcome("sms", "+85259999999"), "sms", "the other's")
    assert outbox.text(taken(outbox)) == "the other's"


def test_a_retry_comes_again_with_the_next_attempt(outbox: Outbox, person: PersonId) -> None:
    outbox.post("m1", person, "sms", "hello")
    outbox.retry(taken(outbox), 0, "busy")
    parcel = taken(outbox)
    assert (parcel.id, parcel.attempts, parcel.maybe_sent) == ("m1", 2, False)


def test_a_retry_waits_its_pause(outbox: Outbox, person: PersonId) -> None:
    outbox.post("m1", person, "sms", "hello")
    outbox.retry(taken(outbox), 60_000, "busy")
    assert outbox.take() is None
    assert outbox.waiting() == 1


def test_a_message_given_up_is_kept_and_counted(outbox: Outbox, store: Store, person: PersonId) -> None:
    outbox.post("m1", person, "sms", "hello")
    outbox.dead(taken(outbox), "21610")
    assert outbox.given_up() == 1
    message = store.hash("out", "message", "m1")
    assert (message["state"], message["error"]) == ("dead", "21610")


def test_a_message_given_up_never_expires(outbox: Outbox, store: Store, person: PersonId) -> None:
    outbox.post("m1", person, "sms", "hello")
    outbox.dead(taken(outbox), "21610")
    assert store.client.ttl(store.keys("out", "message", "m1")) == -1


def test_giving_up_stands_in_the_audit(outbox: Outbox, store: Store, person: PersonId) -> None:
    outbox.post("m1", person, "sms", "hello")
    outbox.dead(taken(outbox), "21610")
    assert [entry["action"] for _, entry in store.client.xrange(store.keys("audit"))] == ["undeliverable"]


def test_after_a_message_given_up_the_next_goes_out(outbox: Outbox, person: PersonId) -> None:
    outbox.post("m1", person, "sms", "first")
    outbox.post("m2", person, "sms", "second")
    outbox.dead(taken(outbox), "21610")
    assert outbox.text(taken(outbox)) == "second"


def test_a_sent_message_is_forgotten_after_a_while(outbox: Outbox, store: Store, person: PersonId) -> None:
    outbox.post("m1", person, "sms", "hello")
    outbox.sent(taken(outbox), "SM1")
    assert store.client.ttl(store.keys("out", "message", "m1")) > 0


def test_a_message_in_work_is_leased(outbox: Outbox, store: Store, person: PersonId) -> None:
    outbox.post("m1", person, "sms", "hello")
    due = store.client.zscore(store.keys("out", "due"), person)
    outbox.take()
    assert store.client.zscore(store.keys("out", "due"), person) >= due + LEASE_MS


def test_a_worker_that_dies_gives_the_message_back_marked(outbox: Outbox, store: Store, person: PersonId) -> None:
    outbox.post("m1", person, "sms", "hello")
    taken(outbox)
    let_the_lease_pass(store, person)
    parcel = taken(outbox)
    assert (parcel.id, parcel.attempts, parcel.maybe_sent) == ("m1", 2, True)


@pytest.mark.parametrize("settle", ["sent", "retry", "dead"])
def test_a_slow_worker_cannot_settle_what_another_has_taken_over(
    outbox: Outbox, store: Store, person: PersonId, settle: str
) -> None:
    outbox.post("m1", person, "sms", "hello")
    slow = taken(outbox)
    let_the_lease_pass(store, person)
    taken(outbox)
    {
        "sent": lambda: outbox.sent(slow, "SM1"),
        "retry": lambda: outbox.retry(slow, 0, "busy"),
        "dead": lambda: outbox.dead(slow, "21610"),
    }[settle]()
    assert store.hash("out", "message", "m1")["state"] == "sending"


def test_a_message_that_was_settled_cannot_be_settled_otherwise(outbox: Outbox, store: Store, person: PersonId) -> None:
    outbox.post("m1", person, "sms", "hello")
    parcel = taken(outbox)
    outbox.sent(parcel, "SM1")
    outbox.dead(parcel, "late")
    assert store.hash("out", "message", "m1")["state"] == "sent"


def test_two_workers_never_take_the_same_message(outbox: Outbox, people: People) -> None:
    for number in range(20):
        outbox.post(f"m{number}", people.welcome("sms", f"+8525000{number:04}"), "sms", "hello")
    with ThreadPoolExecutor(8) as pool:
        got = [parcel.id for parcel in pool.map(lambda _: outbox.take(), range(30)) if parcel]
    assert sorted(got) == sorted({f"m{number}" for number in range(20)})


def test_a_message_to_somebody_erased_can_still_be_taken_and_given_up(
    outbox: Outbox, people: People, person: PersonId
) -> None:
    outbox.post("m1", person, "sms", "hello")
    people.erase(person)
    parcel = taken(outbox)
    with pytest.raises(UnknownPerson):
        outbox.text(parcel)
    outbox.dead(parcel, "erased")
    assert (outbox.given_up(), outbox.waiting()) == (1, 0)


def test_the_text_stays_out_of_the_representation(outbox: Outbox, person: PersonId) -> None:
    outbox.post("m1", person, "sms", "秘密")
    assert "秘密" not in repr(taken(outbox))


def test_a_message_that_a_wrong_clock_put_off_by_a_week_goes_out_today(
    outbox: Outbox, store: Store, person: PersonId
) -> None:
    outbox.post("m1", person, "sms", "hello")
    store.client.zadd(store.keys("out", "due"), {person: (store.client.time()[0] + 7 * 86400) * 1000})
    assert taken(outbox).id == "m1"
    assert outbox.take() is None


@hypothesis_settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(plan=st.lists(st.tuples(st.integers(0, 2), st.sampled_from(["sent", "retry", "crash", "closed"])), max_size=10))
def test_whatever_fails_on_the_way_each_person_gets_everything_in_order(
    outbox: Outbox, store: Store, people: People, windows: Windows, plan: list[tuple[int, str]]
) -> None:
    run = store.client.incr(store.keys("run-of-this-property"))
    wanted: dict[PersonId, list[str]] = {}
    trouble: dict[str, str] = {}
    for number, (who, fate) in enumerate(plan):
        person = people.welcome("sms", f"+852{run:04}{who}")
        outbox.post(f"m{run}-{number}", person, "sms", f"{number}")
        wanted.setdefault(person, []).append(f"{number}")
        trouble[f"m{run}-{number}"] = fate
    got: dict[PersonId, list[str]] = {}
    while parcel := outbox.take():
        fate = trouble.pop(parcel.id, "sent")
        if fate == "sent":
            got.setdefault(parcel.person, []).append(outbox.text(parcel))
            outbox.sent(parcel, "SM")
        elif fate == "retry":
            outbox.retry(parcel, 0, "busy")
        elif fate == "closed":
            opening = windows.of(parcel.person, "wechat")
            outbox.close(parcel, opening.wrote if opening else "", "shut")
            windows.heard(parcel.person, "wechat", Kind.TEXT)
        else:
            let_the_lease_pass(store, parcel.person)
    assert got == wanted
