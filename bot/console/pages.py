"""The queue and the conversation. One function renders a fragment for the first paint and for every live update."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask import Blueprint, abort, g, redirect, render_template, request, url_for

from bot.console.operation import operation
from bot.core.message import CounsellorId, ReferralId
from bot.core.shelter import CHINA
from bot.service.counselling import LONGEST_MESSAGE, OUTCOMES, Conversation, Counselling
from bot.store.referral import Full, Stale, Taken, WindowShut

LEVELS = {1: "danger now", 2: "held or in crisis", 3: "asks for a person", 4: "information"}
KINDS = {
    "violence": "violence",
    "confinement": "locked in or guarded",
    "sexual_violence": "sexual violence",
    "suicide": "wants to die",
    "trafficking": "sold, tricked or forced",
    "child_at_risk": "child at risk",
    "medical": "hurt or ill, kept from care",
    "threat": "threatened",
    "third_party": "about somebody else",
}
LOST = "You do not hold this conversation any more: your lease ran out or it was passed on."
FULL = "You hold as many conversations as you can. End, lay aside or pass on one first, or take a danger of level 1."
SHUT = "The platform takes no more messages for this person until she writes again. Nothing was sent."
ENDED = "This conversation has ended in the meantime."
NOT_YOURS = "You hold no conversation of this name. Go back to the queue."
NUMBER = re.compile(r"\d{1,16}-\d{1,16}\Z")
"""Of a line of a transcript."""
NOT_SENT = f"{LOST} Your words were not sent."


def china_time(moment: datetime) -> str:
    """Weekday and time of day in China, where the person is."""
    return moment.astimezone(CHINA).strftime("%a %H:%M")


def china_day(moment: datetime) -> str:
    """Day and time of day in China."""
    return moment.astimezone(CHINA).strftime("%a %d %b %H:%M")


def queue_pages(counselling: Counselling) -> Blueprint:
    """The blueprint of the pages that work with referrals."""
    pages = Blueprint("queue", __name__)

    @pages.app_context_processor
    def words() -> dict[str, object]:
        return {
            "china_time": china_time,
            "china_day": china_day,
            "window_of": counselling.window,
            "LEVELS": LEVELS,
            "KINDS": KINDS,
            "OUTCOMES": OUTCOMES,
            "LONGEST_MESSAGE": LONGEST_MESSAGE,
        }

    _board_pages(pages, counselling)
    _taking_pages(pages, counselling)
    _conversation_pages(pages, counselling)
    _aside_pages(pages, counselling)
    _earlier_pages(pages, counselling)
    _ending_pages(pages, counselling)
    return pages


def _board_pages(pages: Blueprint, counselling: Counselling) -> None:
    def fragment() -> str:
        return render_template("_board.html", board=counselling.board(g.me, _page()))

    @pages.get("/")
    def board() -> str:
        return render_template("board.html", fragment=fragment(), page=_page())

    @pages.get("/board")
    def board_live() -> str:
        return fragment()


def _taking_pages(pages: Blueprint, counselling: Counselling) -> None:
    @pages.post("/claim/<id_>")
    def claim(id_: str) -> Any:
        return take(ReferralId(id_))

    @pages.post("/claim-next")
    def claim_next() -> Any:
        return take(None)

    @pages.post("/reassign/<id_>")
    def reassign(id_: str) -> Any:
        to = CounsellorId(request.form["to"]) if request.form.get("to") else None
        return _change(lambda: counselling.reassign(operation(), g.me, ReferralId(id_), to))

    def take(id_: ReferralId | None) -> Any:
        try:
            claim = counselling.claim(operation(), g.me, id_)
        except Taken:
            return render_template("problem.html", title="Taken", sentence="A colleague was faster. Take another."), 409
        except Full:
            return render_template("problem.html", title="Your hands are full", sentence=FULL), 409
        if claim is None:
            return render_template("problem.html", title="Nobody waits", sentence="Nobody waits for your skills."), 409
        return redirect(url_for("queue.conversation", id_=claim.referral))


def _conversation_pages(pages: Blueprint, counselling: Counselling) -> None:
    def lines(id_: ReferralId) -> str:
        found = counselling.read(g.me, id_, first=False)
        if found is None:
            return render_template("_lost.html", sentence=LOST)
        return _lines(found)

    @pages.get("/conversation/<id_>")
    def conversation(id_: str) -> Any:
        found = counselling.read(g.me, ReferralId(id_), first=True)
        if found is None:
            abort(404, NOT_YOURS)
        others = counselling.colleagues(g.me)
        return render_template("conversation.html", referral=found.referral, fragment=_lines(found), colleagues=others)

    @pages.get("/conversation/<id_>/lines")
    def lines_live(id_: str) -> str:
        return lines(ReferralId(id_))

    @pages.post("/conversation/<id_>/write")
    def write(id_: str) -> Any:
        try:
            counselling.write(operation(), g.me, ReferralId(id_), request.form.get("text", ""))
        except Stale:
            return render_template("_lost.html", sentence=NOT_SENT), 409
        except WindowShut:
            return lines(ReferralId(id_)), 409
        except ValueError as error:
            return render_template("_lost.html", sentence=str(error)), 422
        return lines(ReferralId(id_))


def _aside_pages(pages: Blueprint, counselling: Counselling) -> None:
    @pages.post("/conversation/<id_>/note")
    def note(id_: str) -> Any:
        text, back = request.form.get("text", ""), url_for("queue.conversation", id_=id_)
        return _change(lambda: counselling.note(operation(), g.me, ReferralId(id_), text), back)

    @pages.post("/conversation/<id_>/lay-aside")
    def lay_aside(id_: str) -> Any:
        until, text = _moment(request.form.get("until", "")), request.form.get("text", "")
        return _change(lambda: counselling.lay_aside(operation(), g.me, ReferralId(id_), until, text))

    @pages.post("/conversation/<id_>/join")
    def offer_join(id_: str) -> Any:
        back = url_for("queue.conversation", id_=id_)
        return _change(lambda: counselling.offer_join(operation(), g.me, ReferralId(id_)), back)


def _earlier_pages(pages: Blueprint, counselling: Counselling) -> None:
    @pages.get("/conversation/<id_>/before/<number>")
    def earlier(id_: str, number: str) -> Any:
        found = counselling.read(g.me, ReferralId(id_), first=True, before=number) if NUMBER.match(number) else None
        if found is None:
            abort(404, NOT_YOURS)
        return render_template("earlier.html", referral=found.referral, fragment=_lines(found))


def _ending_pages(pages: Blueprint, counselling: Counselling) -> None:
    @pages.post("/conversation/<id_>/pass-on")
    def pass_on(id_: str) -> Any:
        to = CounsellorId(request.form["to"]) if request.form.get("to") else None
        return _change(lambda: counselling.pass_on(operation(), g.me, ReferralId(id_), to))

    @pages.post("/conversation/<id_>/judge")
    def judge(id_: str) -> Any:
        said = request.form.get("verdict", "")
        if said not in ("right", "wrong"):
            abort(422, "Say whether the screen was right or wrong.")
        release = request.form.get("release") == "yes"
        back = url_for("queue.conversation", id_=id_)
        return _change(lambda: counselling.judge(operation(), g.me, ReferralId(id_), said == "right", release), back)

    @pages.post("/conversation/<id_>/resolve")
    def resolve(id_: str) -> Any:
        outcome = request.form.get("outcome", "")
        return _change(lambda: counselling.resolve(operation(), g.me, ReferralId(id_), outcome))


def _moment(given: str) -> datetime:
    """The day and hour of a form, in the time of China; an unreadable one gets a sentence."""
    try:
        return datetime.strptime(given, "%Y-%m-%dT%H:%M").replace(tzinfo=CHINA)
    except ValueError:
        abort(422, "Choose a day and an hour.")


def _lines(found: Conversation) -> str:
    return render_template("_lines.html", referral=found.referral, lines=found.lines, earlier=found.earlier)


def _page() -> int:
    """The page of the board that the address names, 1 for whatever is no number."""
    return request.args.get("page", 1, type=int)


def _change(step: Callable[[], None], to: str | None = None) -> Any:
    """Does one step and goes on to ``to`` (the queue by default), or says why not."""
    try:
        step()
    except Stale:
        return render_template("problem.html", title="Not yours any more", sentence=LOST), 409
    except Taken:
        return render_template("problem.html", title="Ended", sentence=ENDED), 409
    except WindowShut:
        return render_template("problem.html", title="Not sent", sentence=SHUT), 409
    except ValueError as error:
        return render_template("problem.html", title="Please check", sentence=str(error)), 422
    return redirect(to or url_for("queue.board"))
