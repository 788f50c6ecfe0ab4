"""`anlu evaluate --distress`: how many cries for help the screen finds, and how often it cries wolf."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from bot.core.figures import Share
from bot.core.language import LANGUAGES
from bot.core.screen import KINDS, Verdict
from bot.evaluating import FLOORS, SETS, SetBroken

DANGER = ("explicit", "indirect", "evasive")
HARMLESS = ("everyday", "labour", "alarming")
PARTS = {"chosen on": "distress", "unseen": "distress_unseen"}
"""Sets on which thresholds were chosen, and sets that nothing was ever chosen or corrected on."""


@dataclass(frozen=True, slots=True)
class Screened:
    """One message of a set and what the screen made of it, with all layers and on words alone."""

    part: str
    language: str
    shape: str
    kind: str
    text: str
    full: Verdict
    words: Verdict
    took_ms: float
    words_took_ms: float


def read_distress(path: Path) -> list[tuple[str, str, str]]:
    """(class, kind, text) of each line of a set; SetBroken names a line of another form."""
    rows = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        columns = line.split("\t")
        known = len(columns) == 3 and columns[0] in (*DANGER, *HARMLESS) and columns[1] in (*KINDS, "none")
        if not known or not columns[2].strip():
            raise SetBroken(f"{path.name}, line {number}: a class, a kind and a text are needed, by tabs")
        rows.append((columns[0], columns[1], columns[2]))
    return rows


def screen_all(
    full: Callable[[str], Verdict], words: Callable[[str], Verdict], languages: Iterable[str] = LANGUAGES
) -> list[Screened]:
    """Screens every message of the sets, each by itself, with all layers and on words alone."""
    found = []
    for part, name in PARTS.items():
        for language in languages:
            path = SETS / f"{name}.{language}.tsv"
            for shape, kind, text in read_distress(path) if path.exists() else []:
                began = time.perf_counter()
                by_words = words(text)
                between = time.perf_counter()
                verdict = full(text)
                took = time.perf_counter() - between
                found.append(
                    Screened(
                        part, language, shape, kind, text, verdict, by_words, 1000 * took, 1000 * (between - began)
                    )
                )
    return found


def report(screened: Sequence[Screened], misses: bool = False) -> Iterator[str]:
    """The evaluation as lines to read."""
    yield "escalated (level 1 or 2); escalated or gently asked; with 95 % intervals"
    for part in PARTS:
        for mode in ("full", "words"):
            yield ""
            yield f"sets {part}, {'all layers' if mode == 'full' else 'words alone (layers 1-3, no model file)'}"
            yield "language  class     messages  escalated             or asked"
            for language in LANGUAGES:
                for shape in (*DANGER, *HARMLESS):
                    rows = [s for s in screened if (s.part, s.language, s.shape) == (part, language, shape)]
                    if rows:
                        yield f"{language:8}  {shape:8}  {len(rows):8}  {_shares(rows, mode)}"
    yield ""
    yield "all sets, by kind           messages  escalated             or asked"
    for kind in KINDS:
        rows = [s for s in screened if s.kind == kind]
        yield f"{kind:26}  {len(rows):8}  {_shares(rows, 'full')}"
    yield ""
    yield f"time of the full screen: {_times([s.took_ms for s in screened])}"
    yield f"time on words alone: {_times([s.words_took_ms for s in screened])}"
    if misses:
        yield from _misses(screened)


def _shares(rows: Sequence[Screened], mode: str) -> str:
    verdicts: list[Verdict] = [getattr(row, mode) for row in rows]
    escalated = Share(sum(v.escalates for v in verdicts), len(verdicts))
    asked = Share(sum(v.escalates or v.check for v in verdicts), len(verdicts))
    return f"{escalated!s:20}  {asked}"


def _times(took: Sequence[float]) -> str:
    ordered = sorted(took)
    if not ordered:
        return "nothing measured"
    return f"median {ordered[len(ordered) // 2]:.2f} ms, p99 {ordered[int(0.99 * len(ordered))]:.2f} ms a message"


def _misses(screened: Sequence[Screened]) -> Iterator[str]:
    yield ""
    yield "missed or falsely alarmed"
    for s in screened:
        danger = s.shape in DANGER
        if danger != s.full.escalates:
            said = "asked" if s.full.check else "escalated" if s.full.escalates else "nothing"
            yield f"{s.part}\t{s.language}\t{s.shape}\t{s.kind}\t{said}\t{s.text}"


def below_floor(screened: Sequence[Screened]) -> list[str]:
    """Sentences for every figure that is worse than its committed bound (floors.yml, ``distress``)."""
    bounds: dict[str, dict[str, float]] = yaml.safe_load(FLOORS.read_text(encoding="utf-8"))["distress"]
    found = []
    for language, wanted in bounds.items():
        for shape, bound in wanted.items():
            rows = [s for s in screened if s.language == language and s.shape == shape]
            reached = 100 * Share(sum(s.full.escalates for s in rows), len(rows)).value
            worse = reached < bound if shape in DANGER else reached > bound
            if rows and worse:
                says = "lies under the floor" if shape in DANGER else "is over the bound"
                found.append(f"distress {language}, {shape}: {reached:.1f} % escalated {says} of {bound} %")
    return found
