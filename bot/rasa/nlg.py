"""What Rasa "says": ids of answers and the values it understood, never words.

An in-process class costs nothing a turn (an HTTP server for it 5 ms, an action server 20).
"""

from __future__ import annotations

from typing import Any, Dict, Optional, Text

from rasa.core.nlg.response import TemplatedNaturalLanguageGenerator
from rasa.shared.core.domain import Domain
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.utils.endpoints import EndpointConfig

HIDDEN = frozenset({"requested_slot", "session_started_metadata"})
"""Slots of Rasa's own."""


class AnswerIds(TemplatedNaturalLanguageGenerator):
    """Answers every ``utter_…`` with the answer's id, the slots that are filled, and what was understood."""

    def __init__(self, endpoint_config: Optional[EndpointConfig] = None, domain: Optional[Domain] = None) -> None:
        # Rasa builds this before it has loaded the domain, and later sets ``responses`` on templated generators only.
        super().__init__(domain.responses if domain else {})

    async def generate(
        self, utter_action: Text, tracker: DialogueStateTracker, output_channel: Text, **kwargs: Any
    ) -> Optional[Dict[Text, Any]]:
        variants = self.responses.get(utter_action)
        if not variants:
            return None
        parsed = tracker.latest_message.parse_data if tracker.latest_message else {}
        return {
            "custom": {
                "answer": variants[0]["text"],
                "slots": {n: v for n, v in tracker.current_slot_values().items() if v is not None and n not in HIDDEN},
                "ranking": parsed.get("intent_ranking") or [],
                "also": parsed.get("also"),
            }
        }
