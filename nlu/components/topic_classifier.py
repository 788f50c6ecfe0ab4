"""Finds the topic of a message by meaning and by wording, in its context, and a second question in the same message.

The fine-tuned encoder carries what was never worded so before, a linear classifier on character n-grams the words that
it blurs; their scores are added. docs/UNDERSTANDING.md has what else was tried.

Emits the intent, the ranking under full names (``ask/wages.unpaid``), the response selection that Rasa's retrieval
action needs (so that one rule serves every topic and no TensorFlow is asked), and ``also``: the topic of a second
question.
"""

from __future__ import annotations

import time
from typing import Any, Dict, List, Optional, Text, Type

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.nlu.constants import INTENT, INTENT_RESPONSE_KEY, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.linear_model import SGDClassifier
from sklearn.preprocessing import normalize

from bot.core.questions import leans_on_the_last, questions
from nlu.components.encoder import Encoder, readable

HASHED = 2**16
"""Columns into which n-grams are hashed: no vocabulary has to be kept."""
RETRIEVAL = ("ask", "distress")
"""Intents whose sub-intents (after the slash) choose the answer."""
NEVER_GUESSED = ("inform", "dont_know", "leave_form", "start_")
"""Beginnings of intents that are decided by what a form has asked, or sent by the gateway, not by wording."""
SECOND = 0.6
"""From this confidence on, a part of a message is a question of its own."""
FRESH_S = 30 * 60
"""How long a message can be the context of the next."""
ALONE = 0.5
"""Weight of what a message that leans on the last one says by itself."""


class EncoderStale(Exception):
    """The encoder was trained for other topics; says what to do."""


class Wording:
    """Linear scores on hashed character n-grams of one to three, weighed by how rare they are (tf-idf).

    Weights are kept one row an n-gram, so that what one message needs lies together in memory.
    """

    def __init__(self) -> None:
        self._ngrams = HashingVectorizer(
            analyzer="char_wb", ngram_range=(1, 3), n_features=HASHED, alternate_sign=False, norm=None
        )
        self._rarity = np.ones(HASHED, dtype=np.float32)
        self._weights = np.zeros((HASHED, 0), dtype=np.float32)
        self._bias = np.zeros(0, dtype=np.float32)

    def train(self, texts: List[Text], labels: List[Text], order: List[Text]) -> None:
        """Learns from texts with their labels; scores come in the order of ``order``."""
        counts = self._ngrams.transform(texts)
        seen_in = np.bincount(counts.indices, minlength=HASHED)
        self._rarity = (np.log((1 + len(texts)) / (1 + seen_in)) + 1).astype(np.float32)
        model = SGDClassifier(
            loss="log_loss", alpha=1e-5, max_iter=12, tol=None, class_weight="balanced", average=True, random_state=1
        )
        model.fit(self._weighed(counts), labels)
        rows = [list(model.classes_).index(label) for label in order]
        self._weights = np.ascontiguousarray(model.coef_[rows].T.astype(np.float32))
        self._bias = model.intercept_[rows].astype(np.float32)

    def scores(self, text: Text) -> np.ndarray:
        row = self._ngrams.transform([text])
        weighed = (1 + np.log(row.data)) * self._rarity[row.indices]
        weighed /= np.linalg.norm(weighed) or 1.0
        return weighed.astype(np.float32) @ self._weights[row.indices] + self._bias

    def _weighed(self, counts: csr_matrix) -> csr_matrix:
        """Counts as tf-idf with logarithmic counts, each row of length one."""
        weighed = counts.astype(np.float32)
        weighed.data = (1 + np.log(weighed.data)) * self._rarity[weighed.indices]
        return normalize(weighed)

    def arrays(self) -> Dict[Text, np.ndarray]:
        return {"rarity": self._rarity, "weights": self._weights.astype(np.float16), "bias": self._bias}

    @classmethod
    def from_arrays(cls, kept: Any) -> Wording:
        wording = cls()
        wording._rarity, wording._bias = kept["rarity"], kept["bias"]
        wording._weights = kept["weights"].astype(np.float32)
        return wording


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class TopicClassifier(IntentClassifier, GraphComponent):
    @classmethod
    def required_components(cls) -> List[Type]:
        return []

    @staticmethod
    def required_packages() -> List[Text]:
        return ["onnxruntime", "tokenizers"]

    @staticmethod
    def get_default_config() -> Dict[Text, Any]:
        """``wording_weight``: of n-grams against the encoder; ``temperature``: above one makes less sure."""
        return {"ranking_length": 8, "wording_weight": 1.0, "temperature": 1.0}

    def __init__(
        self, config: Dict[Text, Any], model_storage: ModelStorage, resource: Resource, encoder: Encoder
    ) -> None:
        self._config = config
        self._storage = model_storage
        self._resource = resource
        self._encoder = encoder
        self._wording = Wording()

    @classmethod
    def create(
        cls,
        config: Dict[Text, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> TopicClassifier:
        return cls(config, model_storage, resource, Encoder())

    def train(self, training_data: TrainingData) -> Resource:
        """Learns the wording. EncoderStale when the encoder's topics are not those of the training texts."""
        examples = [e for e in training_data.intent_examples if e.get(TEXT)]
        examples = [e for e in examples if not e.get(INTENT).startswith(NEVER_GUESSED)]
        labels = [e.get(INTENT_RESPONSE_KEY) or e.get(INTENT) for e in examples]
        changed = set(labels) ^ set(self._encoder.labels)
        if changed:
            raise EncoderStale(f"the encoder does not know these topics as they are: {sorted(changed)}; make encoder")
        self._wording.train([readable(e.get(TEXT)) for e in examples], labels, self._encoder.labels)
        with self._storage.write_to(self._resource) as folder:
            np.savez_compressed(folder / "wording.npz", **self._wording.arrays())
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
        classifier = cls(config, model_storage, resource, Encoder())
        with model_storage.read_from(resource) as folder, np.load(folder / "wording.npz") as kept:
            classifier._wording = Wording.from_arrays(kept)
        return classifier

    def process(self, messages: List[Message], tracker: Optional[DialogueStateTracker] = None) -> List[Message]:
        """``tracker``: the conversation so far; None in tests of the understanding alone."""
        for message in messages:
            if message.get(TEXT):
                self._classify(message, _last_said(tracker))
        return messages

    def _classify(self, message: Message, before: Optional[Text]) -> None:
        text = message.get(TEXT)
        likely = self._likely(text)
        if before and leans_on_the_last(text):
            likely = ALONE * likely + (1 - ALONE) * self._likely(f"{before} {text}")
        best = np.argsort(-likely)[: self._config["ranking_length"]]
        ranking = [{"name": self._encoder.labels[i], "confidence": float(likely[i])} for i in best]
        top = ranking[0]
        message.set("intent", {**top, "name": top["name"].split("/")[0]}, add_to_output=True)
        message.set("intent_ranking", ranking, add_to_output=True)
        message.set("response_selector", _selection(top), add_to_output=True)
        message.set("also", self._also(text, top["name"]), add_to_output=True)

    def _likely(self, text: Text) -> np.ndarray:
        """A share of belief for each label."""
        logits, _ = self._encoder(text)
        scores = logits + self._config["wording_weight"] * self._wording.scores(readable(text))
        scores = scores / self._config["temperature"]
        likely = np.exp(scores - scores.max())
        return likely / likely.sum()

    def _also(self, text: Text, first: Text) -> Optional[Text]:
        """Another topic that a part of the message surely asks about, small talk left out."""
        for part in questions(text):
            likely = self._likely(part)
            label = self._encoder.labels[int(np.argmax(likely))]
            if likely.max() >= SECOND and label != first and not label.startswith("ask/talk."):
                return label
        return None


def _last_said(tracker: Optional[DialogueStateTracker]) -> Optional[Text]:
    """The person's last message, when it is recent and was no command of the gateway's."""
    last = tracker.latest_message if tracker else None
    if not last or not last.text or last.text.startswith("/"):
        return None
    return last.text if time.time() - (last.timestamp or 0) < FRESH_S else None


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
