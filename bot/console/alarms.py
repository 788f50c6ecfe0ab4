"""The alarms on every page: who waits, who is on it, whether the site is open and the worker alive."""

from typing import Any

from flask import Blueprint, abort, g, redirect, render_template, request, url_for

from bot.console.operation import operation
from bot.service.alarm_desk import AlarmDesk


def alarm_pages(desk: AlarmDesk) -> Blueprint:
    """The blueprint of the fragment above every page and of "I am on it"."""
    pages = Blueprint("alarms", __name__)

    @pages.get("/alarm")
    def now() -> str:
        return render_template("_alarm_now.html", alarm=desk.alarm(g.me))

    @pages.post("/alarm/<int:level>/acknowledge")
    def acknowledge(level: int) -> Any:
        try:
            desk.acknowledge(operation(), g.me, level)
        except ValueError as error:
            abort(404, str(error))
        if "HX-Request" in request.headers:
            return now()
        return redirect(url_for("queue.board"))

    return pages
