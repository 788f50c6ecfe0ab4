"""The operation id that a form carries, so that a double click does a thing once."""

from flask import abort, g, request


def operation() -> str:
    """Of the form that was sent, bound to whoever is signed in."""
    given = request.form.get("op", "")
    if not 8 <= len(given) <= 64:
        abort(400, "The form is incomplete. Load the page again.")
    return f"{g.me.id}:{given}"
