"""The stream that rings when something changed, and keeps a counsellor present while her screen is open."""

import time
from collections.abc import Callable, Iterator

from flask import Blueprint, Response, g

from bot.service.alarm_desk import AlarmDesk
from bot.service.counselling import Counselling
from bot.store.connection import StoreAway
from bot.store.staff import Counsellor

STREAM_S = 25
"""A stream ends itself after so long, so that a stop is quick and a gone browser is noticed."""
LOOK_S = 0.25
PRESENT_S = 10
BREATH_S = 2
"""A comment is written so often: only a write tells that the browser is gone, and its leases must end then."""
ALARM_S = 1.0


def live_pages(counselling: Counselling, bell: Callable[[], int], alarms: AlarmDesk) -> Blueprint:
    """The blueprint of the event stream; ``bell`` gives a number that rises with every change."""
    pages = Blueprint("live", __name__)

    @pages.get("/events")
    def events() -> Response:
        stream = rings(counselling, bell, alarms, g.me)
        return Response(stream, content_type="text/event-stream", headers={"X-Accel-Buffering": "no"})

    return pages


def rings(counselling: Counselling, bell: Callable[[], int], alarms: AlarmDesk, me: Counsellor) -> Iterator[str]:
    """Server-sent events: ``bell`` and ``alarm`` at the start and after every change.

    ``away`` when the store does not answer.
    """
    end, last, present_due = time.monotonic() + STREAM_S, -1, 0.0
    signal, alarm_due, breath_due = "", 0.0, time.monotonic() + BREATH_S
    yield "retry: 500\n\n"
    while time.monotonic() < end:
        if time.monotonic() >= breath_due:  # before anything is renewed for a browser that is gone
            yield ":\n\n"
            breath_due = time.monotonic() + BREATH_S
        try:
            if time.monotonic() >= present_due:
                counselling.be_present(me)
                present_due = time.monotonic() + PRESENT_S
            now, before = bell(), signal
            if now != last or time.monotonic() >= alarm_due:
                signal, alarm_due = alarms.alarm(me).signal(), time.monotonic() + ALARM_S
        except StoreAway:
            yield "event: away\ndata: -\n\n"
            return
        if now != last:
            yield f"event: bell\ndata: {now}\n\n"
            last = now
        if signal != before:
            yield f"event: alarm\ndata: {signal}\n\n"
        time.sleep(LOOK_S)
