"""The record for supervisors: what became of those who called, by month and one by one. No words of anybody."""

from datetime import datetime, timezone

from flask import Blueprint, render_template, request

from bot.console.roles import for_supervisors
from bot.service.counselling import OUTCOMES, Counselling
from bot.store.record import LEVELS, Record

PAGE = 50


def record_pages(record: Record, counselling: Counselling) -> Blueprint:
    """The blueprint of the record; for supervisors only."""
    pages = Blueprint("record", __name__)
    for_supervisors(pages, "The record is for supervisors.")

    @pages.get("/record")
    def ended() -> str:
        level, outcome = request.args.get("level", type=int), request.args.get("outcome", "")
        levels = [each for each in LEVELS if level in (each, None)]
        outcomes = [each for each in OUTCOMES if outcome in (each, "")]
        rows = record.ended(outcomes, levels, request.args.get("before", type=int), PAGE)
        more = int(rows[-1].resolved.timestamp() * 1000) if len(rows) >= PAGE else None
        month = _month()
        return render_template(
            "record.html",
            rows=rows,
            names=counselling.names(),
            months=record.month(month),
            month=month,
            level=level,
            outcome=outcome,
            more=more,
        )

    return pages


def _month() -> str:
    """The month asked for, this one for whatever is none."""
    try:
        return datetime.strptime(request.args.get("month", ""), "%Y-%m").replace(tzinfo=timezone.utc).strftime("%Y-%m")
    except ValueError:
        return datetime.now(timezone.utc).strftime("%Y-%m")
