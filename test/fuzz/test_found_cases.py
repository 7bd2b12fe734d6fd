"""Random models that went wrong once, made small; each file says what was wrong."""

from pathlib import Path

import pytest

from fuzz.case import read_case
from fuzz.check import check_case

CASES = sorted((Path(__file__).parent / "cases").glob("*.json"))


@pytest.mark.parametrize("path", CASES, ids=[path.stem for path in CASES])
def test_found_case(path: Path) -> None:
    outcome = check_case(read_case(path))
    assert outcome.invalid is None
    assert not outcome.failures
