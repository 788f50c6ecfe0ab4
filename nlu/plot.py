"""Draws an evaluation for people who look rather than read; run by `anlu evaluate --plot` in the engine's environment.

Reads the judged messages as a JSON list on standard input; the argument is the file to write (.svg or .png).
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
from matplotlib import pyplot

from bot.core.figures import Judged, calibration, share
from bot.core.language import LANGUAGES


def plot(judged: Sequence[Judged], target: Path) -> None:
    """Accuracy by language and by area, and calibration, side by side; the file's ending chooses its form."""
    languages = [language for language in LANGUAGES if any(e.language == language for e in judged)]
    areas = sorted({e.area for e in judged})
    figure, (by_language, by_area, sure) = pyplot.subplots(1, 3, figsize=(16, 5), layout="constrained")
    for top, colour in ((3, "#b7cde0"), (1, "#1f5a8a")):
        shares = [share([e for e in judged if e.language == language], top) for language in languages]
        errors = [[s.value - s.interval[0] for s in shares], [s.interval[1] - s.value for s in shares]]
        by_language.bar(languages, [s.value for s in shares], color=colour, yerr=errors, label=f"top {top}", capsize=3)
    by_language.set_title("right topic, by language")
    by_language.legend(loc="lower right")
    table = [[share([e for e in judged if e.area == a and e.language == g], 1).value for g in languages] for a in areas]
    by_area.imshow(table, vmin=0.4, vmax=1, cmap="YlGnBu", aspect="auto")
    by_area.set_xticks(range(len(languages)), languages)
    by_area.set_yticks(range(len(areas)), areas)
    for y, row in enumerate(table):
        for x, value in enumerate(row):
            by_area.text(
                x, y, f"{100 * value:.0f}", ha="center", va="center", color="white" if value > 0.75 else "black"
            )
    by_area.set_title("right at once, % by area")
    bins, error = calibration(judged)
    sure.plot([0, 1], [0, 1], color="#999999", linestyle="--")
    sure.plot([b.confidence for b in bins], [b.accuracy for b in bins], "o-", color="#1f5a8a")
    sure.set_title(f"calibration: off by {100 * error:.1f} points")
    sure.set_xlabel("confidence said")
    sure.set_ylabel("share right")
    figure.savefig(target)
    pyplot.close(figure)


if __name__ == "__main__":
    rows = json.load(sys.stdin)
    plot([Judged(**{**row, "ranking": tuple(row["ranking"])}) for row in rows], Path(sys.argv[1]))
