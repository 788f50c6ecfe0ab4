"""The staff side: server-rendered pages, live by server-sent events. Deny by default.

Every route needs a signed-in counsellor but those on OPEN. State-changing requests carry a CSRF token and must come
from our own pages (Sec-Fetch-Site). Nothing is cached, nothing loads from elsewhere.
"""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from flask import Flask, Response, abort, g, redirect, render_template, request, session, url_for
from flask_wtf.csrf import CSRFProtect
from werkzeug.exceptions import HTTPException

from bot.console.alarms import alarm_pages
from bot.console.editorial import editorial_pages
from bot.console.letters import letter_pages
from bot.console.live import live_pages
from bot.console.pages import queue_pages
from bot.console.record import record_pages
from bot.console.sign_in import sign_in_pages
from bot.core.message import CounsellorId
from bot.log import logger
from bot.service.alarm_desk import AlarmDesk
from bot.service.counselling import Counselling
from bot.service.editorial import Editorial
from bot.service.letters import Letters
from bot.store.connection import StoreAway
from bot.store.record import Record
from bot.store.staff import Staff

OPEN = frozenset({"door.sign_in", "door.enter", "static", "healthy"})
"""Endpoints that nobody needs to be signed in for; a test compares this list with the routes."""
SHIFT = timedelta(hours=12)
BODY_LIMIT = 64 * 1024
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
FAULT = "Something went wrong on our side. Nothing was sent. Load the page again; if it stays, tell the operator."
AWAY = "The store does not answer. Nothing is lost: wait a few seconds and load the page again."


@dataclass(frozen=True, slots=True)
class Parts:
    """What the pages work with; ``bell`` gives a number that rises with every change to be shown."""

    counselling: Counselling
    editorial: Editorial
    record: Record
    alarms: AlarmDesk
    letters: Letters
    staff: Staff
    bell: Callable[[], int]


def create_console(parts: Parts, secret: str, cookie_secure: bool) -> Flask:
    """The console's web application."""
    app = Flask("anlu.console", root_path=str(Path(__file__).parent))
    app.config.update(
        SECRET_KEY=secret,
        MAX_CONTENT_LENGTH=BODY_LIMIT,
        SESSION_COOKIE_NAME="anlu_console",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Strict",
        SESSION_COOKIE_SECURE=cookie_secure,
        PERMANENT_SESSION_LIFETIME=SHIFT,
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=False,
    )
    CSRFProtect(app)
    for pages in (
        sign_in_pages(parts.staff),
        queue_pages(parts.counselling),
        live_pages(parts.counselling, parts.bell, parts.alarms),
        editorial_pages(parts.editorial),
        letter_pages(parts.letters),
        record_pages(parts.record, parts.counselling),
        alarm_pages(parts.alarms),
    ):
        app.register_blueprint(pages)
    app.jinja_env.globals["new_operation"] = lambda: secrets.token_urlsafe(12)
    app.jinja_env.filters["waited"] = _waited
    app.jinja_env.filters["lasted"] = _lasted
    _guard(app, parts.staff)
    _explain(app)

    @app.get("/health")
    def healthy() -> tuple[dict[str, bool], int]:
        try:
            parts.bell()
        except StoreAway:
            return {"store": False}, 503
        return {"store": True}, 200

    return app


def _guard(app: Flask, staff: Staff) -> None:
    """Who may come in, and what every answer carries."""

    @app.before_request
    def known() -> Any:
        if request.method == "POST" and request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
            abort(403, "This request came from another site.")
        id_ = session.get("counsellor")
        fresh = time.time() - session.get("since", 0) < SHIFT.total_seconds()
        g.me = staff.get(CounsellorId(id_)) if id_ and fresh else None
        if g.me is not None or request.endpoint in OPEN:
            return None
        session.clear()
        if request.method == "GET" and "HX-Request" not in request.headers:
            return redirect(url_for("door.sign_in"))
        return abort(401, "Please sign in again.")

    @app.after_request
    def close_doors(response: Response) -> Response:
        for name, value in HEADERS.items():
            response.headers[name] = value
        if request.endpoint == "static":
            response.headers["Cache-Control"] = "no-cache"
        return response


def _explain(app: Flask) -> None:
    """Every failure as a sentence."""

    @app.errorhandler(StoreAway)
    def away(_: StoreAway) -> tuple[str, int]:
        g.setdefault("me", None)
        return render_template("problem.html", title="Please wait", sentence=AWAY), 503

    @app.errorhandler(Exception)
    def failed(error: Exception) -> tuple[str, int]:
        g.setdefault("me", None)
        if isinstance(error, HTTPException):
            return render_template("problem.html", title=error.name, sentence=error.description), error.code or 500
        logger().critical("console_failed", path=request.path, error=type(error).__name__)
        return render_template("problem.html", title="A fault", sentence=FAULT), 500


def _waited(moment: datetime) -> str:
    """How long ago, in words short enough for a list."""
    return _lasted(time.time() - moment.timestamp())


def _lasted(time_s: float) -> str:
    seconds = max(0, int(time_s))
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min"
    return f"{seconds // 3600} h {seconds % 3600 // 60} min"
