"""Conversations that do not grow: slots, the active form and the last turns, sealed, expiring, bounded in number.

A conversation costs Rasa time for every event it keeps (5 ms a turn grow to 200 within 300 turns), so only what the
next turn needs is kept. Nothing a person wrote is stored in the clear.
"""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any, Dict, Iterable, List, Optional, Text

from rasa.core.brokers.broker import EventBroker
from rasa.core.tracker_store import TrackerStore
from rasa.shared.core.constants import ACTION_LISTEN_NAME
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import (
    ActionExecuted,
    ActiveLoop,
    Event,
    SessionStarted,
    SlotSet,
    UserUttered,
    deserialise_events,
)
from rasa.shared.core.trackers import DialogueStateTracker

from bot.core.cipher import Cipher, SealBroken, unb64
from bot.core.form_answers import UNKNOWN
from bot.store.topology import read_url

TURNS = 3
EXPIRE_S = 12 * 3600
HELD_AT_MOST = 20_000
"""Conversations held at once; beyond it the longest unused are let go."""


class BoundedTrackerStore(TrackerStore):
    """Keeps trackers in the site's Redis under ``{site}:talk:<conversation>``; ``host`` is its URL."""

    def __init__(
        self,
        domain: Domain,
        host: Optional[Text] = None,
        event_broker: Optional[EventBroker] = None,
        site: Text = "anlu",
        key: Text = "",
        **kwargs: Any,
    ) -> None:
        super().__init__(domain, event_broker, **kwargs)
        self._redis = read_url(host or "").connect(
            decode_responses=True, socket_timeout=1.0, socket_connect_timeout=0.5
        )
        self._prefix = "{" + site + "}:"
        self._cipher = Cipher({"r": unb64(key)})

    async def save(self, tracker: DialogueStateTracker) -> None:
        sealed = self._cipher.seal(json.dumps(condense(tracker)), f"talk:{tracker.sender_id}")
        await asyncio.get_running_loop().run_in_executor(None, self._write, tracker.sender_id, sealed)

    def _write(self, sender: Text, sealed: Text) -> None:
        index = f"{self._prefix}talks"
        pipe = self._redis.pipeline(transaction=False)
        pipe.set(f"{self._prefix}talk:{sender}", sealed, ex=EXPIRE_S)
        pipe.zadd(index, {sender: int(time.time() * 1000)})
        pipe.zcard(index)
        held = pipe.execute()[-1]
        if held > HELD_AT_MOST:
            for old, _ in self._redis.zpopmin(index, held - HELD_AT_MOST):
                self._redis.delete(f"{self._prefix}talk:{old}")

    async def retrieve(self, sender_id: Text) -> Optional[DialogueStateTracker]:
        read = self._redis.get
        sealed = await asyncio.get_running_loop().run_in_executor(None, read, f"{self._prefix}talk:{sender_id}")
        if sealed is None:
            return None
        try:
            kept = json.loads(self._cipher.open(sealed, f"talk:{sender_id}"))
            return self._rebuilt(sender_id, kept)
        except (SealBroken, ValueError, KeyError):
            return None  # from another key or version: the conversation starts anew

    def _rebuilt(self, sender_id: Text, kept: Dict[Text, Any]) -> DialogueStateTracker:
        tracker = self.init_tracker(sender_id)
        opening: List[Event] = [SessionStarted(timestamp=kept["at"])]
        opening += [SlotSet(name, value) for name, value in kept["slots"].items()]
        if kept["loop"]:
            opening.append(ActiveLoop(kept["loop"]))
        opening.append(ActionExecuted(ACTION_LISTEN_NAME))
        for event in [*opening, *deserialise_events(kept["events"])]:
            tracker.update(event, self.domain)
        return tracker

    async def keys(self) -> Iterable[Text]:
        return self._redis.zrange(f"{self._prefix}talks", 0, -1)


def condense(tracker: DialogueStateTracker) -> Dict[Text, Any]:
    """What the next turn needs: the state before the last turns, and those turns' events."""
    events = tracker.applied_events()
    starts = [index for index, event in enumerate(events) if isinstance(event, UserUttered)]
    cut = starts[-TURNS] if len(starts) > TURNS else (starts[0] if starts else len(events))
    loop: Optional[Text] = None
    slots: Dict[Text, Any] = {}
    for event in events[:cut]:
        if isinstance(event, ActiveLoop):
            loop = event.name
        if isinstance(event, SlotSet):
            slots[event.key] = event.value
    if tracker.active_loop is None or tracker.active_loop_name is None:
        # Slots outlive forms: without this the same form, begun again, would take yesterday's answers for today's.
        over = [n for n, v in tracker.current_slot_values().items() if v is not None and (n != "place" or v == UNKNOWN)]
        events = [*events, *(SlotSet(name, None) for name in over)]
    return {
        "at": time.time(),
        "slots": {name: value for name, value in slots.items() if value is not None},
        "loop": loop,
        "events": [event.as_dict() for event in events[cut:]],
    }
