"""The page of messages that reached nobody: for supervisors, without the words."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, g, redirect, render_template, url_for

from bot.console.operation import operation
from bot.console.roles import for_supervisors
from bot.service.letters import Letters
from bot.store.staff import Counsellor

GONE = "This message is not on the list any more: a colleague was faster, or it arrived after all."


def letter_pages(letters: Letters) -> Blueprint:
    """The blueprint of the page and its two steps."""
    pages = Blueprint("letters", __name__)
    for_supervisors(pages, "Only supervisors see this page.")

    @pages.app_context_processor
    def words() -> dict[str, object]:
        return {"given_up": letters.count}

    @pages.get("/given-up")
    def overview() -> str:
        return render_template("letters.html", overview=letters.overview())

    @pages.post("/given-up/<id_>/again")
    def again(id_: str) -> Any:
        return _done(letters.send_again, id_)

    @pages.post("/given-up/<id_>/aside")
    def aside(id_: str) -> Any:
        return _done(letters.put_aside, id_)

    return pages


def _done(step: Callable[[str, Counsellor, str], bool], id_: str) -> Any:
    if not step(operation(), g.me, id_):
        return render_template("problem.html", title="Gone", sentence=GONE), 409
    return redirect(url_for("letters.overview"))
