"""The dialogue engine as a process: its model built when its sources changed, its command line, its environment."""

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from bot.settings import ROOT

SOURCES = (
    "nlu/config.yml",
    "nlu/components/*.py",
    "nlu/training/**/*.yml",
    "nlu/encoder/model/labels.json",
    "stories/*.yml",
    "requirements/rasa.txt",
)
"""What the model is made of; a change of any of them means a new model."""
QUIET = {
    "RASA_TELEMETRY_ENABLED": "false",
    "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "PYTHONWARNINGS": "ignore",
    # Without this an encoder beside scikit-learn stalls to a few messages a second.
    "OMP_NUM_THREADS": "1",
    "SANIC_WORKERS": "1",
    # Rasa's own cache of trained parts knows neither our helpers nor the encoder; ours goes by all sources.
    "RASA_MAX_CACHE_SIZE": "0",
}
LAST_LINES = 25
DATA = [
    "--domain", "stories/domain.yml",
    "--data", "nlu/training", "stories/rules.yml", "stories/forms.yml",
    "--config", "nlu/config.yml",
]  # fmt: skip


class RasaMissing(Exception):
    """The engine's environment or model is not there; says what to do."""


def python() -> str:
    """The Python of the engine's own environment, made by the set-up."""
    path = os.environ.get("ANLU_RASA_PYTHON", "")
    if not path or not Path(path).exists():
        raise RasaMissing("The dialogue engine's environment is missing: start with `make run`, which makes it.")
    return path


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    return {**os.environ, **QUIET, "PYTHONPATH": str(ROOT), **(extra or {})}


def fingerprint() -> str:
    """A digest of everything that the model is made of."""
    digest = hashlib.sha256()
    for pattern in SOURCES:
        for path in sorted(ROOT.glob(pattern)):
            digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def cache() -> Path:
    return Path(os.environ.get("ANLU_CACHE") or Path.home() / ".cache" / "anlu") / "models"


def model_path() -> Path:
    return cache() / f"{fingerprint()}.tar.gz"


def train() -> Path:
    """The model for the present sources, trained when there is none; RasaMissing with the log's end on failure."""
    target = model_path()
    if target.exists():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        failure, made = "Training the dialogue engine failed", Path(folder) / "model.tar.gz"
        said = _rasa(failure, "train", *DATA, "--out", folder, "--fixed-model-name", "model")
        if not made.exists():
            raise RasaMissing(f"{failure}. What it said last:\n{said}")
        shutil.move(made, target)
    return target


def check() -> None:
    """Validates the engine's data and plays its test conversations; RasaMissing with the log's end on failure."""
    model = train()
    _rasa("rasa data validate found something", "data", "validate", *DATA, "--fail-on-warnings")
    with tempfile.TemporaryDirectory() as folder:
        played = ["--stories", "stories/tests", "--fail-on-prediction-errors", "--out", folder]
        _rasa("rasa test core found something", "test", "core", "--model", str(model), *played)


def bench() -> str:
    """The figures of tests/bench/understanding.py, measured on the present model."""
    return run("The measurement failed", "-m", "tests.bench.understanding", str(train())).stdout.strip()


def _rasa(failure: str, *arguments: str) -> str:
    """Runs one command of the engine's; the end of what it printed."""
    return _tail(run(failure, "-m", "rasa", *arguments))


def run(failure: str, *arguments: str, given: str | None = None) -> "subprocess.CompletedProcess[str]":
    """Runs the engine's Python, ``given`` on its standard input; when it fails, RasaMissing quotes its last words."""
    command = [python(), *arguments]
    answer = subprocess.run(
        command, cwd=ROOT, env=environment(), input=given, capture_output=True, text=True, check=False
    )
    if answer.returncode:
        raise RasaMissing(f"{failure}. What it said last:\n{_tail(answer)}")
    return answer


def _tail(answer: "subprocess.CompletedProcess[str]") -> str:
    return "\n".join((answer.stdout + answer.stderr).strip().splitlines()[-LAST_LINES:])


def command(model: Path, port: int) -> list[str]:
    """Runs the engine on loopback only; it has no published port and needs no way out."""
    return [
        python(), "-m", "rasa", "run", "--model", str(model), "--interface", "127.0.0.1", "--port", str(port),
        "--endpoints", "bot/rasa/endpoints.yml", "--credentials", "bot/rasa/credentials.yml",
    ]  # fmt: skip
