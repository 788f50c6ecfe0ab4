"""Places as entities, and the short answers a form asks for: a bare place, or "I do not know".

Runs after the classifier: a message that is nothing but a place is an answer, whatever the embedding thought of it.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Dict, List, Text, Tuple

import yaml
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.extractors.extractor import EntityExtractorMixin
from rasa.shared.nlu.constants import ENTITIES, TEXT
from rasa.shared.nlu.training_data.message import Message

PLACES = Path(__file__).resolve().parents[2] / "content" / "data" / "places.yml"
_FILLER = re.compile(
    r"我|俺|咱|人|就|是|在|的|这边|这里|那边|打工|上班|工作|省|市|县|区|厂|吧|呢|啊|哦|嗯"
    r"|\b(?:and|i|am|i'm|im|in|at|the|work|working|city|province|china|here|now|it|is|its|it's|from)\b"
    r"|[\s,.，。!！?？、~]+",
    re.IGNORECASE,
)
_UNKNOWN = re.compile(
    r"^\W*((我)?(也)?(不知道|不晓得|不清楚|不太清楚|不懂|唔知|不记得)(是?哪里|在哪)?(呀|啊|呢|了|诶)?|"
    r"(i )?(do ?n[o']?t|dont|dunno|not|no) ?(know|sure|idea)?( it| where| the (place|city))?|dunno|idk)\W*$",
    re.IGNORECASE,
)


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR, is_trainable=False)
class ShortAnswers(GraphComponent, EntityExtractorMixin):
    def __init__(self, names: Dict[Text, Text]) -> None:
        self._ids = names
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
    ) -> ShortAnswers:
        return cls(place_names())

    def process(self, messages: List[Message]) -> List[Message]:
        for message in messages:
            text = message.get(TEXT)
            if text:
                self._read(message, text)
        return messages

    def _read(self, message: Message, text: Text) -> None:
        found = list(self._pattern.finditer(text))
        if found:
            place = self._finest([self._ids[match.group().lower()] for match in found])
            span = next(match for match in found if self._ids[match.group().lower()] == place)
            entity = {"entity": "place", "value": place, "start": span.start(), "end": span.end(), "confidence": 1.0}
            message.set(ENTITIES, [*message.get(ENTITIES, []), *self.add_extractor_name([entity])], add_to_output=True)
            if not _FILLER.sub("", self._pattern.sub("", text)):
                self._decide(message, "inform_place")
        elif _UNKNOWN.match(text):
            self._decide(message, "dont_know")

    @staticmethod
    def _finest(places: List[Text]) -> Text:
        """Of "Dongguan in Guangdong" the city; of several of a kind the first one named."""
        return max(places, key=lambda place: place.count("."))

    @staticmethod
    def _decide(message: Message, intent: Text) -> None:
        top = {"name": intent, "confidence": 1.0}
        rest = [row for row in message.get("intent_ranking", []) if row["name"] != "nlu_fallback"]
        message.set("intent", top, add_to_output=True)
        message.set("intent_ranking", [top, *rest], add_to_output=True)


def place_names() -> Dict[Text, Text]:
    """Every name of every place in lower case, and the id it stands for."""
    rows: List[Dict[Text, Any]] = yaml.safe_load(PLACES.read_text(encoding="utf-8"))["places"]
    pairs: List[Tuple[Text, Text]] = []
    for row in rows:
        names = [row["name"]["zh"], row["name"]["en"], *row.get("names", [])]
        pairs += [(name.lower(), row["id"]) for name in names]
    return dict(reversed(pairs))
