"""What a message says beside its topic: places and amounts, and the answer to the question that a form has open.

Runs after the classifier: what answers the open question is an answer, whatever topic the embedding thought of. The
question that is open comes from the tracker, so no action server is asked to validate (20 ms a turn, measured).
"""

from __future__ import annotations

import re
from datetime import date, datetime, timezone
from pathlib import Path
from typing import Any, Dict, List, Optional, Text, Tuple

import yaml
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.extractors.extractor import EntityExtractorMixin
from rasa.shared.core.constants import REQUESTED_SLOT
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.nlu.constants import ENTITIES, TEXT
from rasa.shared.nlu.training_data.message import Message

from bot.core.entities import find
from bot.core.form_answers import LEAVES, UNKNOWN, read_answer

CONTENT = Path(__file__).resolve().parents[2] / "content"
_FILLER = re.compile(
    r"我|俺|咱|人|就|是|在|的|这边|这里|那边|打工|上班|工作|干活|省|市|县|区|厂|吧|呢|啊|哦|嗯"
    r"|\b(?:and|i|am|i'm|im|in|at|the|work|working|worked|live|city|province|china|here|now|it|is|its|it's|from)\b"
    r"|[\s,.，。!！?？、~]+",
    re.IGNORECASE,
)
SURE = 0.6
"""From this confidence on, a message that names a place in passing is about its topic."""


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR, is_trainable=False)
class FormAnswers(GraphComponent, EntityExtractorMixin):
    """Entities with typed values, and the intents ``inform``, ``inform_place``, ``dont_know`` and ``leave_form``."""

    def __init__(self, names: Dict[Text, Text], questions: Dict[Text, Dict[Text, Any]]) -> None:
        self._ids = names
        self._questions = questions
        chinese = sorted((n for n in names if not n.isascii()), key=len, reverse=True)
        latin = sorted((n for n in names if n.isascii()), key=len, reverse=True)
        self._pattern = re.compile(
            "|".join(map(re.escape, chinese)) + r"|(?<![a-z])(?:" + "|".join(map(re.escape, latin)) + r")(?![a-z])",
            re.IGNORECASE,
        )

    @classmethod
    def create(
        cls,
        config: Dict[Text, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> FormAnswers:
        return cls(place_names(), form_questions())

    def process(self, messages: List[Message], tracker: Optional[DialogueStateTracker] = None) -> List[Message]:
        """``tracker``: the conversation so far; None in training and tests of the understanding alone."""
        asked = tracker.get_slot(REQUESTED_SLOT) if tracker and tracker.active_loop_name else None
        for message in messages:
            text = message.get(TEXT)
            if text:
                self._read(message, text, asked)
        return messages

    def _read(self, message: Message, text: Text, asked: Optional[Text]) -> None:
        today = datetime.now(timezone.utc).date()
        place, bare = self._place(message, text)
        for found in find(text, today):
            self._entity(message, found.kind, found.value, found.start, found.end)
        if LEAVES.match(text):
            self._decide(message, "leave_form")
        elif asked == "place":
            self._answer_place(message, text, place, bare, today)
        elif asked in self._questions:
            question = self._questions[asked]
            value = read_answer(question["type"], text, today, question["options"])
            if value is not None:
                self._entity(message, asked, value, 0, len(text))
                self._decide(message, "inform")
        elif bare:
            self._decide(message, "inform_place")
        elif read_answer("place", text, today) == UNKNOWN:
            self._decide(message, "dont_know")

    def _place(self, message: Message, text: Text) -> Tuple[Optional[Text], bool]:
        """The finest place that is named, and whether the message says nothing else."""
        found = list(self._pattern.finditer(text))
        if not found:
            return None, False
        place = self._finest([self._ids[match.group().lower()] for match in found])
        span = next(match for match in found if self._ids[match.group().lower()] == place)
        self._entity(message, "place", place, span.start(), span.end())
        return place, not _FILLER.sub("", self._pattern.sub("", text))

    def _answer_place(self, message: Message, text: Text, place: Optional[Text], bare: bool, today: date) -> None:
        if place is None:
            if read_answer("place", text, today) == UNKNOWN:
                self._entity(message, "place", UNKNOWN, 0, len(text))
                self._decide(message, "inform")
        elif bare or message.get("intent", {}).get("confidence", 0.0) < SURE:
            self._decide(message, "inform")

    def _entity(self, message: Message, kind: Text, value: Any, start: int, end: int) -> None:
        entity = {"entity": kind, "value": value, "start": start, "end": end, "confidence": 1.0}
        message.set(ENTITIES, [*message.get(ENTITIES, []), *self.add_extractor_name([entity])], add_to_output=True)

    @staticmethod
    def _finest(places: List[Text]) -> Text:
        """Of "Dongguan in Guangdong" the city; of several of a kind the first one named."""
        return max(places, key=lambda place: place.count("."))

    @staticmethod
    def _decide(message: Message, intent: Text) -> None:
        top = {"name": intent, "confidence": 1.0}
        rest = [row for row in message.get("intent_ranking", []) if row["name"] != "nlu_fallback"]
        if intent in ("inform", "leave_form"):
            rest = []  # an answer to what was asked, whatever topic its words are near
            message.set("also", None, add_to_output=True)
        message.set("intent", top, add_to_output=True)
        message.set("intent_ranking", [top, *rest], add_to_output=True)


def form_questions() -> Dict[Text, Dict[Text, Any]]:
    """By slot: the type of its question, and the words of its options (content/forms)."""
    questions: Dict[Text, Dict[Text, Any]] = {}
    for path in sorted((CONTENT / "forms").glob("*.yml")):
        form = yaml.safe_load(path.read_text(encoding="utf-8"))
        for field in form["fields"]:
            if field["type"] != "place":
                options = {option["id"]: option.get("words", []) for option in field.get("options", [])}
                questions[f"{form['id']}_{field['id']}"] = {"type": field["type"], "options": options}
    return questions


def place_names() -> Dict[Text, Text]:
    """Every name of every place in lower case, and the id it stands for."""
    source = CONTENT / "data" / "places.yml"
    rows: List[Dict[Text, Any]] = yaml.safe_load(source.read_text(encoding="utf-8"))["places"]
    pairs: List[Tuple[Text, Text]] = []
    for row in rows:
        names = [row["name"]["zh"], row["name"]["en"], *row.get("names", [])]
        pairs += [(name.lower(), row["id"]) for name in names]
    return dict(reversed(pairs))
