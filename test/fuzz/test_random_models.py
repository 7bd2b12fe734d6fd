"""200 random models, each compiled in one of many ways: bit-exact, and as large as predicted.

What fails here is case N of `tools/fuzz --seed test --first N --cases 1 --trials 1`, which makes it
small.
"""

import pytest

from fuzz.campaign import Coverage, run_cases

SEED = "test"
CASES = 200
SHARD = 20  # cases per test, so that processes share the work


@pytest.mark.parametrize("first", range(0, CASES, SHARD))
def test_random_models(first: int) -> None:
    seeds = [f"{SEED}:{number}" for number in range(first, first + SHARD)]
    coverage = Coverage()
    findings = [each for each in run_cases(seeds, 1, 1, coverage) if each is not None]
    assert not [(each.seed, *each.messages) for each in findings]
    # Most models are worth something: the reference takes them, and their outputs vary.
    assert coverage.invalid + coverage.flat <= SHARD // 2
    assert coverage.families, "no model was tiled"
