"""tools/fuzz: random models and damaged files in any number."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from fuzz.campaign import Coverage, keep_finding, load_everything, reduce_finding, run_cases
from fuzz.case import read_case
from fuzz.check import check_case
from fuzz.hostile import Tally, run_mutants, seed_files
from fuzz.isolate import Died, call_isolated

_EXAMPLES = """examples:
  tools/fuzz --cases 1000                  random models, 3 ways to compile each
  tools/fuzz --cases 50 --trials 0         every way to compile
  tools/fuzz --cases 50 --streamed         rows of an input that are pushed
  tools/fuzz --cases 1 --first 731         case 731 again
  tools/fuzz --mutants 2000                damaged .tflite, .onnx and .mlir files
  tools/fuzz --replay found/1-731.json     a case that was kept

exit status: 0 nothing found; 1 something failed; 2 wrong usage
"""
PROGRESS_CASES = 100


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status."""
    options = _parser().parse_args(argv)
    if options.replay:
        return _replay(options.replay)
    if options.mutants:
        return _mutants(options)
    if options.cases:
        return _random_models(options)
    _parser().error("nothing to do: give --cases, --mutants or --replay")
    return 2


def _random_models(options: argparse.Namespace) -> int:
    numbers = range(options.first, options.first + options.cases)
    seeds = [f"{options.seed}:{number}" for number in numbers]
    coverage = Coverage()
    for finding in run_cases(seeds, options.trials, options.jobs, coverage, options.streamed):
        if finding is not None:
            print(f"case {finding.seed} failed:", *finding.messages, sep="\n  ", flush=True)
            case = finding.case if options.no_reduce else reduce_finding(finding)
            print(f"  kept as {keep_finding(finding, case, options.keep)}", flush=True)
        if coverage.cases % PROGRESS_CASES == 0:
            print(coverage, file=sys.stderr, flush=True)
    print(coverage)
    return 1 if coverage.failed else 0


def _mutants(options: argparse.Namespace) -> int:
    numbers = range(options.first, options.first + options.mutants)
    seeds = [f"{options.seed}:{number}" for number in numbers]
    tally = Tally()
    load_everything()
    for mutant, verdict in run_mutants(seeds, seed_files(), options.jobs, tally):
        options.keep.mkdir(parents=True, exist_ok=True)
        path = options.keep / f"{mutant.seed.replace(':', '-')}-{mutant.name}"
        path.write_bytes(mutant.data)
        print(f"mutant {mutant.seed} of {mutant.name}: {verdict.problem}", flush=True)
        print(f"  kept as {path}", flush=True)
    print(tally)
    return 1 if tally.failed else 0


def _replay(paths: Sequence[Path]) -> int:
    load_everything()
    failed = 0
    for path in paths:
        result = call_isolated(check_case, read_case(path))
        problems = [result.reason] if isinstance(result, Died) else [*map(str, result.failures)]
        if not isinstance(result, Died) and result.invalid:
            problems.append(f"invalid: {result.invalid}")
        print(f"{path}: " + ("passed" if not problems else "\n  ".join(["failed", *problems])))
        failed += bool(problems)
    return 1 if failed else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tools/fuzz",
        description="Compile random models and compare what they compute with the reference.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--cases", type=int, default=0, metavar="N", help="random models to check")
    add("--mutants", type=int, default=0, metavar="N", help="damaged files to compile")
    add("--seed", default="1", help="of the run (default: 1); a case is drawn from seed and number")
    add("--first", type=int, default=0, metavar="N", help="number of the first (default: 0)")
    add(
        "--trials",
        type=int,
        default=3,
        metavar="N",
        help="ways to compile each; 0: all (default 3)",
    )
    add(
        "--streamed",
        action="store_true",
        help="compile with --stream-input instead, for each input in turn",
    )
    add("--jobs", type=int, default=2, metavar="N", help="processes (default: 2)")
    add("--keep", type=Path, default=Path("build/fuzz"), help="folder for what failed")
    add("--no-reduce", action="store_true", help="keep what failed as it was drawn")
    add("--replay", type=Path, nargs="+", metavar="FILE", help="check cases that were kept")
    return parser


if __name__ == "__main__":
    sys.exit(main())
