"""Signing in and out: login, password and a code from the authenticator."""

import time
from typing import Any

from flask import Blueprint, g, redirect, render_template, request, session, url_for

from bot.store.staff import SignInRefused, Staff, TooManyTries


def sign_in_pages(staff: Staff) -> Blueprint:
    """The blueprint of the one page that nobody needs to be signed in for."""
    pages = Blueprint("door", __name__)

    @pages.get("/sign-in")
    def sign_in() -> str:
        return render_template("sign_in.html", problem=None)

    @pages.post("/sign-in")
    def enter() -> Any:
        login, password, code = (request.form.get(name, "") for name in ("login", "password", "code"))
        try:
            me = staff.sign_in(login, password, code, origin=request.remote_addr or "")
        except SignInRefused:
            return render_template("sign_in.html", problem="Login, password or code is wrong."), 401
        except TooManyTries:
            return render_template("sign_in.html", problem="Too many tries. Wait 15 minutes."), 429
        session.clear()
        session.permanent = True
        session.update(counsellor=me.id, since=time.time())
        staff.be_present(me.id)
        return redirect(url_for("queue.board"))

    @pages.post("/sign-out")
    def sign_out() -> Any:
        staff.leave(g.me.id)
        session.clear()
        return redirect(url_for("door.sign_in"))

    return pages
