"""The command line `anlu`."""

import json
import runpy
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import click
import pyotp

from bot import evaluating_distress, rasa_process, wiring
from bot.asking import ask_all, private_site
from bot.core.content import ContentError
from bot.core.figures import Share
from bot.core.language import LANGUAGES, Language
from bot.desk.commands import content
from bot.desk.simulate import fill, simulated_site
from bot.doctor import examine
from bot.evaluating import below_floor, judge_all, plot, report, texts_report
from bot.log import configure
from bot.onemachine import FIRST, VAR, OneMachine, new_secrets
from bot.rasa_process import RasaMissing
from bot.settings import ROOT, Settings, SettingsError
from bot.store.audit import AuditBroken
from bot.store.backup import BackupBroken
from bot.store.connection import StoreAway
from bot.store.embedded import EmbeddedStoreError
from bot.store.filling import SiteNotEmpty
from bot.store.staff import ROLES, Skills
from bot.supervisor import StartFailed
from bot.wiring import build_site, load_screen
from channels.terminal import Terminal

EXPECTED = (
    SettingsError, ContentError, EmbeddedStoreError, StartFailed, RasaMissing, StoreAway, AuditBroken, BackupBroken,
    SiteNotEmpty, ValueError,
)  # fmt: skip
"""Errors that a person can act on: shown as a sentence, never as a stack trace."""


class Anlu(click.Group):
    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except EXPECTED as error:
            raise click.ClickException(str(error) or type(error).__name__) from error


@click.group(cls=Anlu)
def main() -> None:
    """Anlu 安路: safe-migration advice by WeChat and SMS, with a human queue for people in danger."""


def _lines() -> Iterator[str]:
    """Messages from standard input, one a line; whatever the encoding, no line stops the rest."""
    for raw in sys.stdin.buffer:
        yield raw.decode("utf-8", "replace").rstrip("\r\n")


@main.command()
def run() -> None:
    """Runs the whole service on this machine with the phone simulator and the console."""
    OneMachine(VAR, lambda line: click.echo(line, err=True)).run()


@main.command()
def worker() -> None:
    """Runs the worker: outbox, leases, spool, alarms."""
    wiring.worker().run()


@main.command()
def train() -> None:
    """Trains the dialogue engine's model, when its sources changed, and prints where it is."""
    click.echo(rasa_process.train())


@main.command("dialogue-check")
def dialogue_check() -> None:
    """Runs `rasa data validate` and `rasa test` on the dialogue."""
    rasa_process.check()
    click.echo("The dialogue's data and test conversations are in order.")


@main.command()
@click.option("--no-model", is_flag=True, help="layers 1 to 3 alone: normalising, lexicon with cues, context rules")
def screen(no_model: bool) -> None:
    """Screens messages for distress: one a line in, one JSON object a line out. No engine, no store."""
    tables = load_screen(model=not no_model)
    for message in _lines():
        verdict = tables(message)
        row = {
            "level": verdict.level,
            "check": verdict.check,
            "kinds": list(verdict.kinds),
            "reasons": list(verdict.reasons),
            "language": verdict.language,
        }
        click.echo(json.dumps(row, ensure_ascii=False))


@main.command()
def ask() -> None:
    """Takes messages the whole way: one a line in, one JSON object a line out. Each is a new conversation."""
    configure("ask", quiet=True)
    for row in ask_all(_lines(), VAR):
        click.echo(json.dumps(row, ensure_ascii=False))


@main.command()
@click.option("--floors", is_flag=True, help="fail when a figure lies under its committed floor (nlu/eval/floors.yml)")
@click.option("--misses", is_flag=True, help="list every message that was not understood")
@click.option("--plot", "picture", type=click.Path(path_type=Path), help="also draw a picture, .svg or .png")
@click.option("--language", "languages", multiple=True, type=click.Choice(LANGUAGES), help="only these languages")
@click.option("--distress", is_flag=True, help="measure the distress screen instead, on its own sets")
def evaluate(floors: bool, misses: bool, picture: Path | None, languages: tuple[Language, ...], distress: bool) -> None:
    """Measures on the frozen sets of nlu/eval how well people are understood, the whole way."""
    configure("evaluate", quiet=True)
    chosen = languages or LANGUAGES
    if distress:
        screened = evaluating_distress.screen_all(load_screen(), load_screen(model=False), chosen)
        lines, low = evaluating_distress.report(screened, misses), evaluating_distress.below_floor(screened)
    else:
        judged = judge_all(VAR, chosen)
        lines, low = report(judged, misses), below_floor(judged)
        if picture:
            plot(judged, picture)
    for line in lines:
        click.echo(line)
    if floors and low:
        raise click.ClickException("It has become worse:\n  " + "\n  ".join(low))


@main.command()
def bench() -> None:
    """How long the distress screen and the dialogue engine's understanding take for one message, on one core."""
    runpy.run_module("tests.bench.screening", run_name="__main__")
    click.echo(rasa_process.bench())


@main.command("bench-queue", context_settings={"ignore_unknown_options": True, "help_option_names": []})
@click.argument("arguments", nargs=-1)
def bench_queue(arguments: tuple[str, ...]) -> None:
    """How many referrals a second are claimed and finished, and how operations grow with those who wait."""
    sys.argv = ["bench-queue", *arguments]
    runpy.run_module("tests.bench.queue", run_name="__main__")


@main.command()
def texts() -> None:
    """What the training texts are worth: counts, near-duplicates and moulds, topic by topic."""
    for line in texts_report(ROOT / "nlu" / "training"):
        click.echo(line)


@main.command()
@click.argument("month", required=False)
def unanswered(month: str | None) -> None:
    """How often messages were not understood in a month (YYYY-MM, default this one), by the topic guessed."""
    site = build_site("cli")
    for topic, count in site.unanswered.of(month or site.unanswered.month()).items():
        click.echo(f"{count:6}  {topic}")


@main.command()
@click.option("--texts", is_flag=True, help="print the released words as an evaluation set: class, kind, text")
def verdicts(texts: bool) -> None:
    """What counsellors said of the screen: how often it was right, by kind and language."""
    given = list(build_site("cli").verdicts.all())
    if texts:
        for each in given:
            kind = (each.kinds or ("third_party",))[0] if each.right else "none"
            for text in each.texts:
                click.echo("\t".join(("released", kind, " ".join(text.split()))))
        return
    for name, key in (("language", lambda v: v.language), ("kind", lambda v: ",".join(v.kinds) or "-")):
        for value in sorted({key(each) for each in given}):
            rows = [each for each in given if key(each) == value]
            click.echo(f"{name:9} {value:30} right {Share(sum(each.right for each in rows), len(rows))} of {len(rows)}")


@main.command()
@click.option("--sms", is_flag=True, help="show the SMS form of the answers")
def talk(sms: bool) -> None:
    """A conversation in the terminal, on a private store."""
    configure("talk", quiet=True)
    phone = Terminal("sms" if sms else "text")
    with private_site(VAR) as site:
        click.echo("Write; Ctrl-D ends.", err=True)
        for message in _lines():
            outcome = site.inbound.handle(phone.say(message), phone.style)
            click.echo("\n".join(outcome.reply.texts) + "\n")


@main.command("new-secrets")
def secrets_() -> None:
    """Prints fresh secrets for a new site, as lines for an environment file."""
    for name, value in new_secrets().items():
        click.echo(f"{name}={value}")


@main.command()
def code() -> None:
    """Prints the sign-in code of the first counsellor of `anlu run`, until her secret is in an authenticator."""
    path = VAR / FIRST
    if not path.exists():
        raise click.ClickException("There is no first sign-in on this machine (or its file was deleted).")
    totp = pyotp.TOTP(json.loads(path.read_text())["totp_secret"])
    click.echo(f"{totp.now()}  (for {30 - int(time.time()) % 30} s)")


@main.group()
def staff() -> None:
    """Counsellors and supervisors."""


@staff.command("add")
@click.argument("login")
@click.option("--name", required=True, help="as colleagues see it")
@click.option("--role", type=click.Choice(ROLES), default="counsellor", show_default=True)
@click.option("--alarm-number", default="", help="where alarms reach her by SMS, such as +85230000000")
@click.password_option(help="at least 12 characters")
def staff_add(login: str, name: str, role: str, alarm_number: str, password: str) -> None:
    """Adds a member of staff and prints the secret for the authenticator."""
    secret = pyotp.random_base32()
    build_site("cli").staff.add(login, name, role, password, secret, alarm_number)
    uri = pyotp.TOTP(secret).provisioning_uri(name=login, issuer_name="Anlu")
    click.echo(f"{login} is added. Authenticator secret: {secret}\n{uri}")


@staff.command("skills")
@click.argument("login")
@click.option("--languages", help="comma between, of zh en vi th my km lo; default all")
@click.option("--kinds", help="kinds of distress, comma between; default all")
@click.option("--provinces", help="codes of provinces that she knows well, comma between")
@click.option("--capacity", type=int, default=Skills().capacity, show_default=True, help="conversations at once")
def staff_skills(login: str, languages: str | None, kinds: str | None, provinces: str | None, capacity: int) -> None:
    """Says what a counsellor can do; people wait a while for whoever fits best, then anybody may take them."""
    skills = Skills(_listed(languages), _listed(kinds), _listed(provinces), capacity)
    staff = build_site("cli").staff
    staff.equip(staff.by_login(login).id, skills)
    click.echo(f"{login}'s skills are noted.")


def _listed(given: str | None) -> tuple[str, ...] | None:
    return tuple(part.strip() for part in given.split(",")) if given else None


@staff.command("set")
@click.argument("login")
@click.option("--alarm-number", required=True, help='where alarms reach her by SMS, such as +85230000000; "" for none')
def staff_set(login: str, alarm_number: str) -> None:
    """Changes where alarms reach a member of staff."""
    build_site("cli").staff.set_alarm_number(login, alarm_number)
    click.echo(f"Alarms {'reach' if alarm_number else 'do not reach'} {login} by SMS.")


@main.command()
def doctor() -> None:
    """Says whether this site can keep its promises, and what to do where it cannot."""
    marks = {"ok": "ok  ", "look": "LOOK", "bad": "BAD "}
    bad = 0
    for finding in examine(build_site("cli")):
        bad += finding.grade == "bad"
        click.echo(f"{marks[finding.grade]}  {finding.says}")
    if bad:
        raise click.ClickException(f"{bad} of these must be mended before people can rely on it.")


@main.group()
def keys() -> None:
    """The site's master keys."""


@keys.command("rotate")
def keys_rotate() -> None:
    """Seals everything anew under the first master key, while the service runs; may be repeated."""
    rotation = build_site("cli").rotation
    done = rotation.rotate()
    click.echo(f"{done.changed} values are sealed anew under {rotation.first}.")
    if done.lost:
        raise click.ClickException(f"{done.lost} values cannot be opened: their key is not in ANLU_MASTER_KEYS.")


@keys.command("check")
def keys_check() -> None:
    """How many values lie under each master key; one without any may go."""
    site = build_site("cli")
    counts = site.rotation.counts()
    known = site.settings.site_cipher.ids
    for key_id in (*known, *sorted(set(counts) - set(known))):
        note = "first" if key_id == site.rotation.first else "" if counts[key_id] else "may go"
        click.echo(f"{key_id:20} {counts[key_id]:8}  {note if key_id in known else 'not in ANLU_MASTER_KEYS'}".rstrip())


@main.group()
def audit() -> None:
    """Who did what to which referral."""


@audit.command("verify")
def audit_verify() -> None:
    """Checks that no entry was changed, dropped or added."""
    found = build_site("cli").audit.verify()
    click.echo(f"{found.entries} entries are whole; the first {found.sealed} are sealed.")


@audit.command("export")
def audit_export() -> None:
    """Prints the audit, one JSON object a line; it holds no words of anybody."""
    for entry in build_site("cli").audit.entries():
        click.echo(json.dumps(asdict(entry), ensure_ascii=False))


@main.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def backup(file: Path) -> None:
    """Writes everything the site keeps into one sealed file, while it runs."""
    count = build_site("cli").backup.write(file)
    click.echo(f"{count} keys are in {file}. It can be opened with this site's ANLU_MASTER_KEYS only: keep them apart.")


@main.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
def restore(file: Path) -> None:
    """Fills an empty site from a backup. Stop the service first."""
    done = build_site("cli").backup.restore(file)
    click.echo(f"{done.keys} keys restored; {done.waiting} referrals wait, {done.to_send} messages are to be sent.")
    if done.erased:
        click.echo(f"{done.erased} people had been erased since and stay so.")


@main.command()
@click.option("--referrals", type=click.IntRange(20), default=200_000, show_default=True)
@click.option("--messages", type=click.IntRange(40), default=5_000_000, show_default=True)
@click.option("--seed", default=1, show_default=True, help="the same seed draws the same year")
@click.option("--keep-words", is_flag=True, help="conversations are not deleted after their time")
@click.option("--into", type=click.Path(path_type=Path, file_okay=False), help="a folder for a site of its own")
def simulate(referrals: int, messages: int, seed: int, keep_words: bool, into: Path | None) -> None:
    """Fills an empty site with an invented year; look at it with ANLU_HOME set to the folder and `anlu run`."""
    if messages < 2 * referrals:
        raise click.BadParameter("a referral has two messages at least")
    with simulated_site(into) as site:
        fill(site, referrals, messages, seed, keep_words, lambda line: click.echo(line, err=True))


@main.command()
def settings() -> None:
    """Lists every setting with its meaning."""
    for name, field in Settings.model_fields.items():
        default = "required" if field.is_required() else f"default {field.default!r}"
        click.echo(f"ANLU_{name.upper():<24} {field.description} ({default})")


main.add_command(content)


if __name__ == "__main__":
    main()
