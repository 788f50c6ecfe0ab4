"""The page about the answers: which help, which are due, what nobody understood."""

from flask import Blueprint, render_template

from bot.service.editorial import Editorial


def editorial_pages(editorial: Editorial) -> Blueprint:
    """The blueprint of the page about the answers; it shows counts only, no words of anybody."""
    pages = Blueprint("editorial", __name__)

    @pages.get("/answers")
    def answers() -> str:
        return render_template("answers.html", overview=editorial.overview())

    return pages
