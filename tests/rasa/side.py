"""Checks that run inside the dialogue engine's own environment (Python 3.10, Rasa 3.6); see tests/test_rasa_side.py.

Started with the store's URL; ends with "N checks passed" or a traceback.
"""

import asyncio
import base64
import json
import sys
from collections.abc import Callable
from typing import Any

import redis
from rasa.core.actions.action import ACTION_LISTEN_NAME
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, ActiveLoop, SlotSet, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.nlu.training_data.message import Message

from bot.rasa import tracker_store
from bot.rasa.connector import GatewayInput
from bot.rasa.nlg import AnswerIds
from bot.rasa.tracker_store import TURNS, BoundedTrackerStore
from nlu.components.encoder import MAX_CHARACTERS, Encoder, readable
from nlu.components.form_answers import FormAnswers, form_questions, place_names

KEY = base64.urlsafe_b64encode(b"k" * 32).decode()
DOMAIN = Domain.load("stories/domain.yml")
WORDS = "a word that must not be readable"


def store_at(url: str, site: str = "side") -> BoundedTrackerStore:
    return BoundedTrackerStore(DOMAIN, url, site=site, key=KEY)


def talked(sender: str, turns: int) -> DialogueStateTracker:
    tracker = DialogueStateTracker(sender, DOMAIN.slots)
    tracker.update(ActionExecuted(ACTION_LISTEN_NAME))
    tracker.update(SlotSet("place", "GD.dongguan"))
    tracker.update(ActiveLoop("minimum_wage_form"))
    for number in range(turns):
        tracker.update(UserUttered(f"{WORDS} {number}", {"name": "ask", "confidence": 1.0}))
        tracker.update(ActionExecuted("utter_ask"))
        tracker.update(ActionExecuted(ACTION_LISTEN_NAME))
    return tracker


def there_and_back(url: str, tracker: DialogueStateTracker) -> DialogueStateTracker:
    async def both() -> Any:
        await store_at(url).save(tracker)
        return await store_at(url).retrieve(tracker.sender_id)

    found = asyncio.run(both())
    assert found is not None
    return found


def slots_and_form_survive_and_old_turns_do_not(url: str) -> None:
    found = there_and_back(url, talked("c1", 40))
    assert found.get_slot("place") == "GD.dongguan"
    assert found.active_loop_name == "minimum_wage_form"
    assert sum(isinstance(e, UserUttered) for e in found.events) == TURNS


def a_conversation_does_not_grow(url: str) -> None:
    sizes = []
    for turns in (TURNS, 10 * TURNS):
        there_and_back(url, talked("c2", turns))
        sizes.append(len(redis.Redis.from_url(url).get("{side}:talk:c2")))
    assert abs(sizes[0] - sizes[1]) < 200, sizes


def nothing_is_stored_in_the_clear_and_it_expires(url: str) -> None:
    there_and_back(url, talked("c3", 2))
    client = redis.Redis.from_url(url)
    assert WORDS.encode() not in client.get("{side}:talk:c3")
    assert 0 < client.ttl("{side}:talk:c3") <= tracker_store.EXPIRE_S


def the_number_of_people_held_is_bounded(url: str) -> None:
    before, tracker_store.HELD_AT_MOST = tracker_store.HELD_AT_MOST, 3

    async def many() -> list[str]:
        store = store_at(url, "bounded")
        for number in range(6):
            await store.save(talked(f"p{number}", 1))
        return list(await store.keys())

    try:
        assert asyncio.run(many()) == ["p3", "p4", "p5"]
        assert redis.Redis.from_url(url).get("{bounded}:talk:p0") is None
    finally:
        tracker_store.HELD_AT_MOST = before


def a_conversation_sealed_with_another_key_starts_anew(url: str) -> None:
    redis.Redis.from_url(url).set("{side}:talk:c4", "1.r.AAAA")
    assert asyncio.run(store_at(url).retrieve("c4")) is None


def answers_are_ids_and_never_words(url: str) -> None:
    said = asyncio.run(AnswerIds(domain=DOMAIN).generate("utter_ask/wages.unpaid", talked("c5", 1), "anlu"))
    assert said is not None
    assert said["custom"]["answer"] == "wages/unpaid"
    assert "text" not in said


def every_response_of_the_domain_is_an_id(url: str) -> None:
    texts = [variant["text"] for variants in DOMAIN.responses.values() for variant in variants]
    assert texts
    assert all(text.isascii() and "/" in text and " " not in text for text in texts)


def a_short_secret_is_refused(url: str) -> None:
    for secret in (None, "", "short"):
        try:
            GatewayInput.from_credentials({"secret": secret})
        except ValueError:
            continue
        raise AssertionError("a short secret was taken")


def places_are_found_by_their_many_names(url: str) -> None:
    extractor = FormAnswers(place_names(), form_questions())
    for text, place in (("东莞", "GD.dongguan"), ("i work in Shenzhen", "GD.shenzhen"), ("广东东莞", "GD.dongguan")):
        message = Message({"text": text, "intent_ranking": []})
        extractor.process([message])
        assert message.get("entities")[0]["value"] == place, text
        assert message.get("intent")["name"] == "inform_place", text
    message = Message({"text": "东莞有个老板三个月没发工资", "intent": {"name": "ask", "confidence": 1.0}})
    extractor.process([message])
    assert message.get("intent")["name"] == "ask"
    assert [(e["entity"], e["value"]) for e in message.get("entities")][1] == ("months", 3.0)


def asked(slot: str, form: str) -> DialogueStateTracker:
    """A conversation in which a form has just asked for a slot."""
    tracker = DialogueStateTracker("asked", DOMAIN.slots)
    for event in (ActiveLoop(form), SlotSet("requested_slot", slot), ActionExecuted(ACTION_LISTEN_NAME)):
        tracker.update(event, DOMAIN)
    return tracker


def an_answer_fills_the_slot_that_was_asked_for_and_no_other(url: str) -> None:
    extractor = FormAnswers(place_names(), form_questions())
    for slot, form, text, value in (
        ("wages_claim_contract", "wages_claim_form", "没签", "no"),
        ("wages_claim_sector", "wages_claim_form", "2", "site"),
        ("overtime_pay_wage", "overtime_pay_form", "三千五", 3500.0),
        ("place", "wages_claim_form", "不知道", "unknown"),
        ("place", "wages_claim_form", "在东莞", "GD.dongguan"),
    ):
        message = Message({"text": text, "intent": {"name": "ask", "confidence": 0.9}, "intent_ranking": []})
        extractor.process([message], asked(slot, form))
        assert message.get("intent")["name"] == "inform", text
        assert value in [e["value"] for e in message.get("entities") if e["entity"] == slot], text


def another_question_in_a_form_keeps_its_topic(url: str) -> None:
    extractor = FormAnswers(place_names(), form_questions())
    message = Message({"text": "没有合同怎么办", "intent": {"name": "ask", "confidence": 0.9}, "intent_ranking": []})
    extractor.process([message], asked("wages_claim_contract", "wages_claim_form"))
    assert message.get("intent")["name"] == "ask"


def a_finished_form_is_forgotten_and_the_place_is_not(url: str) -> None:
    tracker = DialogueStateTracker("c6", DOMAIN.slots)
    for event in (
        ActionExecuted(ACTION_LISTEN_NAME),
        UserUttered("3480", {"name": "inform", "confidence": 1.0}),
        SlotSet("place", "GD.dongguan"),
        SlotSet("overtime_pay_wage", 3480.0),
        ActiveLoop(None),
    ):
        tracker.update(event, DOMAIN)
    found = there_and_back(url, tracker)
    assert found.get_slot("overtime_pay_wage") is None
    assert found.get_slot("place") == "GD.dongguan"


def the_encoder_reads_any_text_and_knows_the_contract(url: str) -> None:
    encoder = Encoder()
    for text in ("老板不发工资", "\ufdfa" * 50, "\ud800", "", "a" * 100_000, "e\u0301" * 5_000, "🙏" * 700):
        logits, vector = encoder(text)
        assert logits.shape == (len(encoder.labels),), text
        assert vector.shape == (384,), text
        assert abs(float(logits.sum())) < 1e6, text
    assert sum(label.startswith("distress/") for label in encoder.labels) == 9


def the_encoder_gets_a_bounded_readable_text(url: str) -> None:
    for text in ("\ufdfa" * 50, "\ud800", "", "a" * 100_000, "e\u0301" * 5_000):
        assert 0 < len(readable(text)) <= MAX_CHARACTERS + 1
        json.dumps(readable(text)).encode("utf-8")


CHECKS: list[Callable[[str], None]] = [
    slots_and_form_survive_and_old_turns_do_not,
    a_conversation_does_not_grow,
    nothing_is_stored_in_the_clear_and_it_expires,
    the_number_of_people_held_is_bounded,
    a_conversation_sealed_with_another_key_starts_anew,
    answers_are_ids_and_never_words,
    every_response_of_the_domain_is_an_id,
    a_short_secret_is_refused,
    places_are_found_by_their_many_names,
    an_answer_fills_the_slot_that_was_asked_for_and_no_other,
    another_question_in_a_form_keeps_its_topic,
    a_finished_form_is_forgotten_and_the_place_is_not,
    the_encoder_reads_any_text_and_knows_the_contract,
    the_encoder_gets_a_bounded_readable_text,
]

if __name__ == "__main__":
    for check in CHECKS:
        check(sys.argv[1])
    print(f"{len(CHECKS)} checks passed")
