"""`anlu evaluate`: how well what people write is understood, measured on the frozen sets of nlu/eval."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

import yaml

from bot import rasa_process
from bot.asking import ask_all
from bot.core.figures import Judged, Share, calibration, confusions, share
from bot.core.language import LANGUAGES
from bot.core.screen.verdict import ESCALATED
from bot.core.similar import moulds, near_within
from bot.settings import ROOT

SETS = ROOT / "nlu" / "eval"
FLOORS = SETS / "floors.yml"
COSTLIEST = 15


class SetBroken(ValueError):
    """An evaluation set cannot be read; says which line."""


def read_set(path: Path) -> list[tuple[str, str]]:
    """(topic, text) of each line of a set; SetBroken names a line of another form."""
    rows = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        topic, tab, text = line.partition("\t")
        if not tab or "/" not in topic or not text.strip():
            raise SetBroken(f"{path.name}, line {number}: a topic, a tab and a text are needed")
        rows.append((topic, text))
    return rows


def judge_all(var: Path, languages: Iterable[str] = LANGUAGES) -> list[Judged]:
    """Takes every message of the sets the whole way, each as a conversation of its own."""
    lines = [(language, *row) for language in languages for row in read_set(SETS / f"topics.{language}.tsv")]
    return list(_judged(lines, ask_all((text for _, _, text in lines), var)))


def _judged(lines: Sequence[tuple[str, str, str]], answers: Iterable[dict[str, object]]) -> Iterator[Judged]:
    for (language, topic, text), row in zip(lines, answers, strict=True):
        found = [row["topic"], *_listed(row["alternatives"])]
        yield Judged(
            language=language,
            expected=topic,
            text=text,
            ranking=tuple(str(t) for t in found if t),
            confidence=float(str(row["confidence"] or 0.0)),
            recognised=str(row["language"]),
            escalated=row["level"] in ESCALATED,
        )


def _listed(value: object) -> list[object]:
    return list(value) if isinstance(value, list) else []


def report(judged: Sequence[Judged], misses: bool = False) -> Iterator[str]:
    """The evaluation as lines to read."""
    languages = [language for language in LANGUAGES if any(e.language == language for e in judged)]
    yield "language      messages  top-1                 top-3                 language recognised"
    for language in languages:
        rows = [e for e in judged if e.language == language]
        known = Share(sum(e.recognised == language for e in rows), len(rows))
        yield f"{language:12}  {len(rows):8}  {share(rows, 1)!s:20}  {share(rows, 3)!s:20}  {known}"
    yield ""
    yield "area          language  messages  top-1                 top-3"
    for area in sorted({e.area for e in judged}):
        for language in languages:
            rows = [e for e in judged if e.area == area and e.language == language]
            yield f"{area:12}  {language:8}  {len(rows):8}  {share(rows, 1)!s:20}  {share(rows, 3)}"
    yield ""
    yield "confusions that cost most (asked -> taken for)"
    for expected, taken, count in confusions(judged)[:COSTLIEST]:
        yield f"{count:4}  {expected} -> {taken}"
    yield ""
    bins, error = calibration(judged)
    yield f"calibration: expected error {100 * error:.1f} points"
    for each in bins:
        yield f"  said {100 * each.confidence:5.1f} %  right {100 * each.accuracy:5.1f} %  of {each.count}"
    if misses:
        yield ""
        yield "misses"
        for e in judged:
            if not e.hit(1):
                yield f"{e.language}\t{e.expected}\t{' '.join(e.ranking[:3])}\t{e.confidence:.2f}\t{e.text}"


def below_floor(judged: Sequence[Judged]) -> list[str]:
    """Sentences for every figure that lies under its committed floor."""
    floors: dict[str, dict[str, float]] = yaml.safe_load(FLOORS.read_text(encoding="utf-8"))
    found = []
    for language in LANGUAGES:
        wanted = floors[language]
        rows = [e for e in judged if e.language == language]
        for name, top in (("top1", 1), ("top3", 3)):
            reached = 100 * share(rows, top).value
            if rows and reached < wanted[name]:
                found.append(f"{language}, top-{top}: {reached:.1f} % lies under the floor of {wanted[name]} %")
    return found


def plot(judged: Sequence[Judged], target: Path) -> None:
    """A picture of the same, drawn in the dialogue engine's environment, which has matplotlib (nlu/plot.py)."""
    rows = json.dumps([asdict(each) for each in judged])
    rasa_process.run("The picture could not be drawn", "-m", "nlu.plot", str(target), given=rows)


def texts_report(folder: Path) -> Iterator[str]:
    """What the training texts are worth: how many, how many near-duplicates, which openings come again and again."""
    yield "language  topic                           texts  near-duplicates  openings of four or more"
    for language in LANGUAGES:
        for path in sorted((folder / language).glob("*.yml")):
            texts = training_texts(path)
            same, alike = near_within(texts), moulds(texts)
            often = ", ".join(f"{start} {count}" for start, count in alike[:3])
            yield f"{language:8}  {path.stem:30}  {len(texts):5}  {len(same):15}  {often}"
            for first, second, likeness in same[:3]:
                yield f"            {likeness:.2f}  {texts[first][:50]} | {texts[second][:50]}"


def training_texts(path: Path) -> list[str]:
    """The messages of one training file."""
    blocks = yaml.safe_load(path.read_text(encoding="utf-8"))["nlu"]
    return [line.strip().removeprefix("- ") for block in blocks for line in block["examples"].splitlines()]
