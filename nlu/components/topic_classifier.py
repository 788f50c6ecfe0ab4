"""Finds the topic of a message: multinomial logistic regression on the sentence embedding.

Emits the intent, the ranking under full names (``ask/wages.unpaid``) and the response selection that Rasa's
retrieval action needs, so that one rule serves every topic and no TensorFlow is asked.
"""

from __future__ import annotations

from typing import Any, Dict, List, Text, Type

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.nlu.featurizers.featurizer import Featurizer
from rasa.shared.nlu.constants import INTENT, INTENT_RESPONSE_KEY, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

RETRIEVAL = ("ask", "distress")
"""Intents whose sub-intents (after the slash) choose the answer."""


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class TopicClassifier(IntentClassifier, GraphComponent):
    @classmethod
    def required_components(cls) -> List[Type]:
        return [Featurizer]

    @staticmethod
    def required_packages() -> List[Text]:
        return ["sklearn"]

    @staticmethod
    def get_default_config() -> Dict[Text, Any]:
        return {"C": 10.0, "max_iter": 300, "ranking_length": 8}

    def __init__(self, config: Dict[Text, Any], model_storage: ModelStorage, resource: Resource) -> None:
        self._config = config
        self._storage = model_storage
        self._resource = resource
        self._labels: List[Text] = []
        self._weights = np.zeros((0, 0), dtype=np.float32)
        self._bias = np.zeros(0, dtype=np.float32)

    @classmethod
    def create(
        cls,
        config: Dict[Text, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> TopicClassifier:
        return cls(config, model_storage, resource)

    def train(self, training_data: TrainingData) -> Resource:
        from sklearn.linear_model import LogisticRegression

        examples = [e for e in training_data.intent_examples if e.get(TEXT)]
        labels = [e.get(INTENT_RESPONSE_KEY) or e.get(INTENT) for e in examples]
        model = LogisticRegression(C=self._config["C"], max_iter=self._config["max_iter"], class_weight="balanced")
        model.fit(np.vstack([_vector(e) for e in examples]), labels)
        self._labels = [str(label) for label in model.classes_]
        self._weights = model.coef_.astype(np.float32)
        self._bias = model.intercept_.astype(np.float32)
        with self._storage.write_to(self._resource) as folder:
            np.savez(folder / "topics.npz", weights=self._weights, bias=self._bias, labels=np.array(self._labels))
        return self._resource

    @classmethod
    def load(
        cls,
        config: Dict[Text, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> TopicClassifier:
        classifier = cls(config, model_storage, resource)
        with model_storage.read_from(resource) as folder, np.load(folder / "topics.npz") as kept:
            classifier._weights, classifier._bias = kept["weights"], kept["bias"]
            classifier._labels = [str(label) for label in kept["labels"]]
        return classifier

    def process(self, messages: List[Message]) -> List[Message]:
        for message in messages:
            if message.get(TEXT):
                self._classify(message)
        return messages

    def _classify(self, message: Message) -> None:
        scores = self._weights @ _vector(message) + self._bias
        likely = np.exp(scores - scores.max())
        likely /= likely.sum()
        best = np.argsort(-likely)[: self._config["ranking_length"]]
        ranking = [{"name": self._labels[i], "confidence": float(likely[i])} for i in best]
        top = ranking[0]
        message.set("intent", {**top, "name": top["name"].split("/")[0]}, add_to_output=True)
        message.set("intent_ranking", ranking, add_to_output=True)
        message.set("response_selector", _selection(top), add_to_output=True)


def _vector(message: Message) -> np.ndarray:
    """The sentence features of all featurizers side by side."""
    _, sentence = message.get_dense_features(TEXT)
    if sentence is None:
        raise ValueError("the topic classifier needs a dense featurizer before it in the pipeline")
    return np.asarray(sentence.features, dtype=np.float32).reshape(-1)


def _selection(top: Dict[Text, Any]) -> Dict[Text, Any]:
    """What Rasa's retrieval action reads: which of the intent's responses to utter."""
    family = top["name"].split("/")[0]
    if family not in RETRIEVAL:
        return {}
    response = {
        "intent_response_key": top["name"],
        "confidence": top["confidence"],
        "utter_action": f"utter_{top['name']}",
        "responses": [],
        "response_templates": [],
    }
    return {family: {"response": response, "ranking": [response]}}
