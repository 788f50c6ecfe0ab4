"""The gateway's door into Rasa: one message in, what was understood and decided out.

Rasa's own REST channel checks no secret (trap 6 in the habits of its users); this one does, in constant time, and
hands back the understanding together with the decision, so that one request does.
"""

from __future__ import annotations

import hmac
import re
from typing import Any, Awaitable, Callable, Dict, List, Optional, Text

from rasa.core.channels.channel import CollectingOutputChannel, InputChannel, UserMessage
from sanic import Blueprint, response
from sanic.request import Request
from sanic.response import HTTPResponse

FORM = re.compile(r"[a-z_]{1,40}")
LEAVE = "/leave_form"


class GatewayInput(InputChannel):
    @classmethod
    def name(cls) -> Text:
        return "anlu"

    @classmethod
    def from_credentials(cls, credentials: Optional[Dict[Text, Any]]) -> GatewayInput:
        secret = str((credentials or {}).get("secret") or "")
        if len(secret) < 16:
            raise ValueError("ANLU_RASA_SECRET is missing or short: set at least 16 characters")
        return cls(secret)

    def __init__(self, secret: Text) -> None:
        self._secret = secret
        self._warm = False

    def _known(self, request: Request) -> bool:
        given = request.headers.get("X-Anlu-Secret", "")
        return hmac.compare_digest(given.encode("utf-8", "replace"), self._secret.encode())

    def blueprint(self, on_new_message: Callable[[UserMessage], Awaitable[Any]]) -> Blueprint:
        webhook = Blueprint("anlu_gateway", __name__)

        @webhook.route("/ready", methods=["GET"])
        async def ready(request: Request) -> HTTPResponse:
            """Ready means: a model is loaded and conversations go to our bounded store, not to a silent stand-in."""
            agent = request.app.ctx.agent
            # Rasa wraps every store to fall back to memory; what it wraps must be ours.
            wrapped = getattr(agent.tracker_store, "_tracker_store", agent.tracker_store) if agent else None
            store = type(wrapped).__name__
            fine = bool(agent and agent.is_ready() and store == "BoundedTrackerStore")
            if fine and not self._warm:
                # The first message after a start takes seconds: it is ours, not a person's.
                await agent.parse_message("你好")
                self._warm = True
            return response.json({"ready": fine, "store": store}, status=200 if fine else 503)

        @webhook.route("/message", methods=["POST"])
        async def message(request: Request) -> HTTPResponse:
            if not self._known(request):
                return response.json({"error": "the secret is wrong"}, status=403)
            body = request.json or {}
            sender, said = body.get("conversation"), _said(body)
            if said is None or not isinstance(sender, str) or not sender:
                return response.json({"error": "conversation and text, or form, are needed"}, status=400)
            if body.get("leave"):
                # The conversation went on without the engine (a cry for help, a counsellor): its form is over.
                await on_new_message(UserMessage(LEAVE, None, sender, input_channel=self.name()))
            collector = CollectingOutputChannel()
            await on_new_message(UserMessage(said, collector, sender, input_channel=self.name()))
            decisions = [m["custom"] for m in collector.messages if "custom" in m]
            heard = [{"ranking": d.pop("ranking"), "also": d.pop("also")} for d in decisions] or [{}]
            ranking = _ranking(heard[0].get("ranking") or [])
            return response.json({"decisions": decisions, "ranking": ranking, "also": heard[0].get("also")})

        return webhook


def _said(body: Dict[Text, Any]) -> Optional[Text]:
    """A person's words, or the command that begins a form; None when the body has neither."""
    text, form = body.get("text"), body.get("form")
    if isinstance(form, str) and FORM.fullmatch(form):
        return f"/start_{form}"
    if not isinstance(text, str) or len(text) > 4_000:
        return None
    # A leading slash would be read as a command to the engine ("/restart"): people's words never are.
    return text.lstrip("/ ") or "…"


def _ranking(rows: List[Dict[Text, Any]]) -> List[Dict[Text, Any]]:
    return [{"name": row["name"], "confidence": round(float(row["confidence"]), 4)} for row in rows]
