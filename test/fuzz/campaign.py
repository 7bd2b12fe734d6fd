"""Many random models one after the other: what failed, made small, and what was covered."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from pathlib import Path

from fuzz.case import Case, write_case
from fuzz.check import Outcome, check_case
from fuzz.generate import draw_case, without_extremes
from fuzz.isolate import Died, call_isolated, run_isolated
from fuzz.program import harness_objects
from fuzz.reduce import reduce_case
from fuzz.trials import streamed_trials, with_shadow

CASE_SECONDS = 300.0


@dataclass(frozen=True)
class Finding:
    """A case that failed; `kinds` are the sorts of failure, `messages` what each trial said."""

    seed: str
    case: Case
    kinds: tuple[str, ...]
    messages: tuple[str, ...]


@dataclass
class Coverage:
    """What a run of cases has shown so far."""

    cases: int = 0
    invalid: int = 0
    flat: int = 0
    failed: int = 0
    families: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        paths = ", ".join(f"{count} with {name}" for name, count in sorted(self.families.items()))
        return (
            f"{self.cases} cases: {self.failed} failed, {self.invalid} that the reference refuses,"
            f" {self.flat} with nearly constant outputs; paths: {paths or 'none'}"
        )


def run_cases(
    seeds: Sequence[str], trials: int, jobs: int, coverage: Coverage, streamed: bool = False
) -> Iterator[Finding | None]:
    """Check the case of each seed; gives a finding, or None for a case that passed.

    streamed: with rows that are pushed, of one input after the other, instead of `trials`.
    """
    load_everything()
    check = partial(check_drawn, trials=trials, streamed=streamed)
    for seed, result in run_isolated(check, seeds, jobs, CASE_SECONDS):
        coverage.cases += 1
        if isinstance(result, Died):
            coverage.failed += 1
            case = _draw(seed, trials, streamed)
            yield Finding(seed, case, (result.reason,), (result.reason,))
            continue
        case, outcome = result
        coverage.invalid += outcome.invalid is not None
        coverage.flat += outcome.few_values
        coverage.families.update(set(outcome.families))
        coverage.failed += bool(outcome.failures)
        yield finding_of(seed, case, outcome) if outcome.failures else None


def _draw(seed: str, trials: int, streamed: bool) -> Case:
    case = draw_case(seed, trials)
    return case.with_trials(*with_shadow(streamed_trials(case), seed)) if streamed else case


def check_drawn(seed: str, trials: int, streamed: bool = False) -> tuple[Case, Outcome]:
    """Draw and check a case; where its extremes leave nothing to compare, the same without them."""
    case = _draw(seed, trials, streamed)
    outcome = check_case(case)
    if outcome.few_values and not outcome.failures:
        case = without_extremes(case)
        outcome = check_case(case)
    return case, outcome


def finding_of(seed: str, case: Case, outcome: Outcome) -> Finding:
    """Keep of a failed case the trials that failed."""
    trials = tuple(dict.fromkeys(failure.trial for failure in outcome.failures))
    kinds = tuple(dict.fromkeys(failure.kind for failure in outcome.failures))
    messages = tuple(f"{f.trial}: {f.kind}: {f.message}" for f in outcome.failures)
    return Finding(seed, case.with_trials(*trials), kinds, messages)


def reduce_finding(finding: Finding) -> Case:
    """Make the case of a finding small; each attempt runs in a process of its own."""

    def still_fails(case: Case) -> bool:
        result = call_isolated(check_case, case)
        if isinstance(result, Died):
            return result.reason in finding.kinds
        return any(failure.kind in finding.kinds for failure in result.failures)

    return reduce_case(finding.case, still_fails)


def keep_finding(finding: Finding, case: Case, folder: Path) -> Path:
    """Write a reduced case where a person finds it."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{finding.seed.replace(':', '-')}.json"
    write_case(case, path, finding.messages[0])
    return path


def load_everything() -> None:
    """Load what each case needs, so that the processes of the cases need not; start no threads."""
    names = ("ai_edge_litert.interpreter", "fdt_mlir.cli.compile", "fdt_mlir.planner.layout")
    for name in names:
        import_module(name)
    harness_objects()
