"""Who may see what, beyond being signed in."""

from flask import Blueprint, abort, g


def for_supervisors(pages: Blueprint, sentence: str) -> None:
    """Shuts every page of a blueprint to all but supervisors, who else is signed in gets the sentence."""

    @pages.before_request
    def supervisors_only() -> None:
        if g.me is not None and g.me.role != "supervisor":
            abort(403, sentence)
