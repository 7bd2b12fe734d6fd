"""200 damaged files: each compiles or ends in a diagnostic, within a minute.

What fails here is mutant N of `tools/fuzz --seed test --first N --mutants 1`, which keeps it.
"""

from pathlib import Path

import pytest

from fuzz.campaign import load_everything
from fuzz.hostile import Mutant, Seeds, Tally, compile_file, problem_with, run_mutants, seed_files
from fuzz.isolate import Died, call_isolated

SEED = "test"
MUTANTS = 200
SHARD = 50

FOUND = sorted((Path(__file__).parent / "files").glob("*"))


@pytest.fixture(scope="module")
def files() -> Seeds:
    load_everything()
    return seed_files()


@pytest.mark.xdist_group("hostile")
@pytest.mark.parametrize("first", range(0, MUTANTS, SHARD))
def test_mutants_end_decently(first: int, files: Seeds) -> None:
    seeds = [f"{SEED}:{number}" for number in range(first, first + SHARD)]
    tally = Tally()
    problems = [
        f"{mutant.seed} of {mutant.name}: {verdict.problem}"
        for mutant, verdict in run_mutants(seeds, files, 1, tally)
    ]
    assert not problems
    # Damage that is refused and damage that is not: both happen.
    assert {0, 1} <= tally.statuses.keys()


@pytest.mark.parametrize("path", FOUND, ids=[path.name for path in FOUND])
def test_found_file_ends_decently(path: Path) -> None:
    verdict = call_isolated(compile_file, Mutant("", path.name, path.read_bytes()))
    assert not isinstance(verdict, Died)
    assert verdict.problem is None


@pytest.mark.parametrize(
    ("status", "stderr", "word"),
    [
        (3, "fdt-compile: internal error: KeyError: 3", "exit status 3"),
        (1, "Traceback (most recent call last):\n", "traceback"),
        (1, "", "without a diagnostic"),
        (1, "m.tflite: error: it is damaged", None),
        (0, "", None),
    ],
)
def test_what_is_no_decent_end(status: int, stderr: str, word: str | None) -> None:
    problem = problem_with(status, stderr)
    assert (problem is None) == (word is None)
    assert word is None or word in str(problem)
