"""The public side: webhooks in, replies out. Knows no counsellor and no referral."""

from collections.abc import Callable, Mapping

from flask import Flask, Request, Response, request
from werkzeug.exceptions import HTTPException

from bot.log import logger
from bot.service.inbound import InboundService
from bot.service.receipts import Receipts
from bot.store.connection import StoreAway
from bot.store.turns import StillRunning
from channels.base import BODY_LIMIT, Channel, HttpAnswer, Refused, Reporting, Webhook


def create_gateway(
    service: InboundService,
    channels: Mapping[str, Channel],
    health: Callable[[], dict[str, bool]],
    receipts: Receipts,
) -> Flask:
    """The gateway's web application; ``channels`` by the last part of their webhook's path."""
    app = Flask("anlu.gateway", static_folder=None, template_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = BODY_LIMIT

    @app.route("/webhooks/<name>", methods=["GET", "POST"])
    def webhook(name: str) -> Response:
        channel = channels.get(name)
        if channel is None:
            raise Refused(404, "no such channel")
        delivery = channel.receive(_webhook(request))
        if isinstance(delivery, HttpAnswer):
            return _response(delivery)
        outcome = service.handle(delivery.inbound, channel.style, channel.patience_s)
        return _response(channel.reply(delivery, outcome.reply))

    @app.post("/webhooks/<name>/status")
    def status(name: str) -> tuple[str, int]:
        channel = channels.get(name)
        if not isinstance(channel, Reporting):
            raise Refused(404, "no such channel")
        receipts.take(channel.name, channel.status(_webhook(request)))
        return "", 204

    @app.get("/health")
    def healthy() -> tuple[dict[str, bool], int]:
        """Up when the store answers; the engine may be away without the gateway being down."""
        parts = health()
        return parts, 200 if parts["store"] else 503

    _explain(app)
    return app


def _explain(app: Flask) -> None:
    """What the platforms get where there is no reply."""

    @app.errorhandler(Refused)
    def refused(error: Refused) -> Response:
        logger().warning("webhook_refused", path=request.path, status=error.status, reason=error.reason)
        return Response(f"{error.reason}\n", error.status, content_type="text/plain; charset=utf-8")

    @app.errorhandler(StoreAway)
    def away(_: StoreAway) -> Response:
        logger().error("store_was_away", path=request.path)
        return Response("the store is away\n", 503, content_type="text/plain; charset=utf-8")

    @app.errorhandler(StillRunning)
    def running(_: StillRunning) -> Response:
        """The platform asks again; by then the first delivery is answered."""
        return Response("still in work\n", 503, {"Retry-After": "1"}, content_type="text/plain; charset=utf-8")

    @app.errorhandler(Exception)
    def failed(error: Exception) -> Response:
        if isinstance(error, HTTPException):
            status = error.code or 500
            return Response(f"{error.name}\n", status, content_type="text/plain; charset=utf-8")
        logger().critical("gateway_failed", path=request.path, error=type(error).__name__)
        return Response("a fault on our side\n", 500, content_type="text/plain; charset=utf-8")


def _webhook(incoming: Request) -> Webhook:
    body = incoming.get_data(cache=True)
    return Webhook(
        method=incoming.method,
        path=incoming.path,
        query=incoming.args.to_dict(),
        headers=dict(incoming.headers),
        body=body,
        form=incoming.form.to_dict(),
        query_string=incoming.query_string.decode("latin-1"),
    )


def _response(answer: HttpAnswer) -> Response:
    return Response(answer.body, answer.status, content_type=answer.content_type)
