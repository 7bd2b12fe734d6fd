"""Random models whose input is streamed: rows pushed in portions of every kind, the same outputs.

What fails here is case N of `tools/fuzz --streamed --seed rows --first N --cases 1`, which makes it
small.
"""

import pytest

from fuzz.campaign import Coverage, run_cases

SEED = "rows"
CASES = 40
SHARD = 20  # cases per test, so that processes share the work


@pytest.mark.parametrize("first", range(0, CASES, SHARD))
def test_streamed_models(first: int) -> None:
    seeds = [f"{SEED}:{number}" for number in range(first, first + SHARD)]
    coverage = Coverage()
    found = [each for each in run_cases(seeds, 1, 1, coverage, streamed=True) if each is not None]
    assert not [(each.seed, *each.messages) for each in found]
    # What cannot be streamed is refused; much can.
    assert coverage.families["stream"] >= SHARD // 4
