"""Asks the dialogue engine what a message means: bounded in time, and left alone while it is broken."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pybreaker
import requests

from bot.core.message import PersonId
from bot.core.normalise import bounded
from bot.core.policy import Hearing

CONNECT_S = 0.5
FAILURES = 3
REST_S = 2
FALLBACK = "system/did_you_mean"
FORM = "form/"
TOPICS_THAT_ARE_FORMS = {
    "minimum_wage": "wages/minimum_wage",
    "inform_place": "wages/minimum_wage",
    "services_near_me": "help/services_near_me",
}
"""Intents of their own in the engine, since asking for them begins a form."""
NONSENSE = (ValueError, KeyError, TypeError, AttributeError, IndexError)
"""What reading an answer raises that is not of the agreed form."""


class EngineAway(Exception):
    """The engine is down, slow or talking nonsense; answer without it."""


@dataclass(frozen=True, slots=True)
class Understanding:
    """``ranking`` topics (``area/topic``) with their share of belief, best first, distress left out."""

    ranking: tuple[tuple[str, float], ...]
    hearing: Hearing
    answers: tuple[str, ...]
    """Answer ids that the engine decided to send, in order; ``form/<form>/<field>`` is a question, ``form/<form>`` a
    result."""
    slots: Mapping[str, str | float] = field(default_factory=dict)
    """What the engine remembers of the answers to forms, and the place; "unknown" where the person does not know."""

    also: str | None = None
    """The topic of a second question in the same message."""

    @property
    def topic(self) -> str | None:
        return self.ranking[0][0] if self.ranking else None

    @property
    def confidence(self) -> float:
        return self.ranking[0][1] if self.ranking else 0.0

    @property
    def unsure(self) -> bool:
        return FALLBACK in self.answers

    @property
    def asking(self) -> str | None:
        """The question of a form that is open now, as ``<form>/<field>``."""
        last = self.answers[-1] if self.answers else ""
        return last.removeprefix(FORM) if last.startswith(FORM) and last.count("/") == 2 else None


class Engine:
    """Speaks to Rasa over HTTP. ``deadline_s`` is the longest that a person waits for it."""

    def __init__(self, url: str, secret: str, deadline_s: float) -> None:
        self._url = url.rstrip("/") + "/webhooks/anlu"
        self._deadline = deadline_s
        self._session = requests.Session()
        self._session.mount("http://", requests.adapters.HTTPAdapter(pool_connections=4, pool_maxsize=32))
        self._session.headers["X-Anlu-Secret"] = secret
        self._breaker = pybreaker.CircuitBreaker(fail_max=FAILURES, reset_timeout=REST_S)

    def understand(self, person: PersonId, text: str, leave_form: bool = False) -> Understanding:
        """Raises EngineAway; never takes longer than the deadline by much.

        ``leave_form``: the conversation went on without the engine, so a form that it has open is over.
        """
        return self._asked({"conversation": person, "text": bounded(text)[0], "leave": leave_form})

    def begin(self, person: PersonId, form: str) -> Understanding:
        """Begins a form that the person accepted; the answer is its first question. Raises EngineAway."""
        return self._asked({"conversation": person, "form": form})

    def _asked(self, body: dict[str, Any]) -> Understanding:
        try:
            return _understanding(self._breaker.call(self._post, body))
        except (requests.RequestException, pybreaker.CircuitBreakerError, *NONSENSE) as error:
            raise EngineAway(type(error).__name__) from error

    def _post(self, body: dict[str, Any]) -> Any:
        answer = self._session.post(f"{self._url}/message", json=body, timeout=(CONNECT_S, self._deadline))
        answer.raise_for_status()
        return answer.json()

    def ready(self) -> bool:
        """True when the engine has a model and its own bounded conversation store; then it is asked again at once."""
        try:
            ready = self._session.get(f"{self._url}/ready", timeout=(CONNECT_S, self._deadline)).ok
        except requests.RequestException:
            return False
        if ready and self._breaker.current_state != pybreaker.STATE_CLOSED:
            self._breaker.close()
        return ready


def _understanding(raw: dict[str, Any]) -> Understanding:
    rows = [(_topic(row["name"]), float(row["confidence"])) for row in raw["ranking"]]
    distress = [(name.split("/")[1], share) for name, share in rows if name.startswith("distress/")]
    topics = tuple((name, share) for name, share in rows if name and not name.startswith("distress/"))
    hearing = Hearing(sum(share for _, share in distress), distress[0][0] if distress else None)
    answers = tuple(d["answer"] for d in raw["decisions"])
    slots = raw["decisions"][-1]["slots"] if raw["decisions"] else {}
    also = _topic(raw.get("also") or "")
    return Understanding(topics, hearing, answers, slots, also if not also.startswith("distress/") else None)


def _topic(label: str) -> str:
    """``ask/wages.unpaid`` -> ``wages/unpaid``; labels without topic become empty."""
    family, _, rest = label.partition("/")
    if family == "ask":
        return rest.replace(".", "/", 1)
    if family == "distress":
        return label
    return TOPICS_THAT_ARE_FORMS.get(family, "")
