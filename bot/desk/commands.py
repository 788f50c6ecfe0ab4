"""`anlu content …`: what a content editor, a lawyer or a native reader does with the files."""

from pathlib import Path

import click

from bot.core.clock import Clock, SystemClock
from bot.core.content import load_library
from bot.core.content.review import hard_to_read, standings
from bot.core.content.translations import TRANSLATED
from bot.desk.preview import due_page, write_preview
from bot.desk.signing import sign_answer, sign_translation
from bot.settings import ROOT
from bot.wiring import CONTENT, load_screen

FOLDER = click.argument("folder", type=click.Path(path_type=Path), default=CONTENT)
PREVIEW = ROOT / "var" / "preview"


@click.group()
def content() -> None:
    """Answers, phrases and tables."""


@content.command()
@FOLDER
def check(folder: Path) -> None:
    """Checks every content file and the screen's lexicon; names what is wrong, and what should be looked at."""
    library = load_library(folder)
    load_screen(folder)
    click.echo(f"{len(library.answers)} answers and {len(library.safety)} safety answers are in order.")
    click.echo(f"{len(library.translations.answers)} translations are in order.")
    for hard in hard_to_read(library):
        click.echo(f"hard to read: {hard.answer}, {hard.language}, {hard.length}: {hard.words}")
    drafts = [row.answer.id for row in standings(library, _clock().now().date()) if row.state == "draft"]
    if drafts:
        click.echo(f"changed since their review, so not sent: {', '.join(drafts)}. Sign them with `anlu content sign`.")
    awaiting = library.awaiting_legal_sign_off()
    if awaiting:
        click.echo(f"{awaiting} answers await a labour lawyer's signature: get it before launch.")


@content.command()
@FOLDER
def status(folder: Path) -> None:
    """What is due: answers to review, signatures and translations that are missing."""
    for line in due_page(load_library(folder), _clock().now().date()):
        click.echo(line)


@content.command()
@click.argument("to", type=click.Path(path_type=Path), default=PREVIEW)
def preview(to: Path) -> None:
    """Writes a site to read every answer as it is sent, in every language and channel, with its sources."""
    pages = write_preview(load_library(CONTENT), _clock(), to)
    click.echo(f"{pages} pages: open {to / 'index.html'}")


@content.command()
@click.argument("answers", nargs=-1, required=True)
@click.option("--by", required=True, help="your name")
@click.option("--lawyer", is_flag=True, help="you are a lawyer and answer for the law")
@click.option("--language", type=click.Choice(TRANSLATED), help="you sign the translation, as its native reader")
@click.option("--folder", type=click.Path(path_type=Path), default=CONTENT, help="the content folder")
def sign(answers: tuple[str, ...], by: str, lawyer: bool, language: str | None, folder: Path) -> None:
    """Signs answers as they stand today."""
    library = load_library(folder)
    for answer_id in answers:
        if language:
            sign_translation(folder, library, answer_id, language, by)
        else:
            sign_answer(folder, library, answer_id, by, _clock().now().date(), lawyer)
        click.echo(f"{answer_id} is signed.")


def _clock() -> Clock:
    return SystemClock()
