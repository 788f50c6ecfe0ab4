"""Every fault in its short form: no accepted cry for help is lost, and nobody is told nothing."""

from pathlib import Path

import pytest

from tests.fault.catalogue import FAULTS
from tests.fault.trial import Trial

pytestmark = pytest.mark.slow
CRIES = 60


@pytest.mark.parametrize("name", FAULTS)
def test_no_accepted_cry_is_lost(name: str, tmp_path: Path) -> None:
    with Trial(tmp_path, CRIES) as trial:
        verdict = FAULTS[name](trial)
    assert verdict.good, verdict
    assert verdict.accepted >= CRIES
