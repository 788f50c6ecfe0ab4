"""What runs inside the dialogue engine is checked inside its own environment."""

import os
import subprocess

import pytest

from bot import rasa_process
from bot.settings import ROOT
from bot.store.embedded import EmbeddedStore


@pytest.mark.slow
def test_the_engine_s_own_parts_do_what_they_promise(embedded_store: EmbeddedStore) -> None:
    if not os.environ.get("ANLU_RASA_PYTHON"):
        pytest.skip("the dialogue engine's environment is missing: run the tests with `make test`")
    answer = subprocess.run(
        [rasa_process.python(), "-m", "tests.rasa.side", embedded_store.url],
        cwd=ROOT,
        env=rasa_process.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr[-3_000:]
    assert answer.stdout.strip().endswith("checks passed")


def test_every_topic_has_training_texts_in_both_languages() -> None:
    for language in ("zh", "en"):
        files = {path.stem for path in (ROOT / "nlu" / "training" / language).glob("*.yml")}
        answers = (ROOT / "content" / "answers").glob("*/*.yml")
        topics = {f"{path.parent.name}.{path.stem}" for path in answers}
        assert topics - files == set()
