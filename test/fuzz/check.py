"""Compiles a case in each of its ways, runs it, and says what is wrong."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from e2e.harness import compare
from fdt_mlir import api
from fdt_mlir.errors import CompileError, UsageError
from fdt_mlir.targets import run_many
from fdt_mlir.targets.variants import SHADOW
from fuzz.build import InvalidCaseError, build_graph
from fuzz.case import Case, Trial
from fuzz.isolate import Died, call_isolated
from fuzz.program import Program, ProgramError, build_program
from models import oracle
from models.float_eval import evaluate
from models.graph import Graph
from models.tflite_writer import write_file

RANDOM_SAMPLES = 3
CONSTANT_SAMPLES = 1
WELL_CONDITIONED = 2e-6  # of the largest output: how far the reference may be from float64
Results = tuple[list[list[np.ndarray]], list[list[np.ndarray]]]  # samples, and their outputs

FEW_VALUES = 4  # an output with fewer different values proves little


@dataclass(frozen=True)
class Failure:
    """What went wrong in a trial: `kind` is the sort of thing, which reducing keeps."""

    trial: Trial
    kind: str
    message: str


@dataclass(frozen=True)
class Outcome:
    """What came of a case.

    invalid: why the model is none, or the reference refuses it. few_values: whether some output is
    (nearly) constant. families: of the paths that were built.
    """

    failures: tuple[Failure, ...] = ()
    invalid: str | None = None
    few_values: bool = False
    families: tuple[str, ...] = ()


def check_case(case: Case) -> Outcome:
    """Compare every trial of a case with the reference."""
    with TemporaryDirectory(prefix="fdt-fuzz-") as name:
        folder = Path(name)
        path = folder / "model.tflite"
        try:
            graph = build_graph(case)
            write_file(graph, path)
            # NOTE: LiteRT may abort, for one where a softmax sums 512 equal numbers or more.
            reference = call_isolated(_reference_or_refusal, path)
            if isinstance(reference, (Died, str)):
                return Outcome(invalid=str(reference))
            samples, expected = reference
            if case.element == "float32":
                check_condition(graph, samples, expected)
        except (InvalidCaseError, ValueError) as error:
            return Outcome(invalid=str(error))
        outcome = _check_trials(case, path, samples, expected)
        return replace(outcome, few_values=has_few_values(expected))


def reference_results(path: Path) -> Results:
    """Samples, and what the reference makes of each. Raises RuntimeError where it refuses."""
    samples = oracle.random_inputs(path, RANDOM_SAMPLES)
    samples += oracle.constant_inputs(path, CONSTANT_SAMPLES)
    reference = oracle.Reference(path)
    return samples, [reference.run(sample) for sample in samples]


def _reference_or_refusal(path: Path) -> Results | str:
    try:
        return reference_results(path)
    except (RuntimeError, ValueError) as error:
        return str(error)


def check_condition(
    graph: Graph,
    samples: Sequence[Sequence[np.ndarray]],
    expected: Sequence[Sequence[np.ndarray]],
) -> None:
    """Refuse float models that magnify rounding errors: there the reference itself is wrong.

    Raises InvalidCaseError where it differs from float64 by a good part of what is allowed.
    """
    constants = {t: t.data.astype(np.float64) for t in graph.tensors() if t.data is not None}
    for sample, results in zip(samples, expected, strict=True):
        values = dict(constants)
        values |= {t: x.astype(np.float64) for t, x in zip(graph.inputs, sample, strict=True)}
        for op in graph.ops:
            values[op.output] = evaluate(op, [values[tensor] for tensor in op.inputs])
        for tensor, result in zip(graph.outputs, results, strict=True):
            largest = float(np.abs(result).max(initial=0))
            error = float(np.abs(values[tensor].reshape(result.shape) - result).max(initial=0))
            if error > WELL_CONDITIONED * largest:
                raise InvalidCaseError(f"the reference is off by {error:g} of {largest:g}")


def has_few_values(expected: Sequence[Sequence[np.ndarray]]) -> bool:
    """Whether an output of several elements hardly varies, over elements and samples."""
    by_output = zip(*expected, strict=True)
    every = [np.concatenate([array.ravel() for array in arrays]) for arrays in by_output]
    return any(len(np.unique(values)) < min(FEW_VALUES, values.size // 2) for values in every)


def _check_trials(
    case: Case,
    path: Path,
    samples: Sequence[Sequence[np.ndarray]],
    expected: Sequence[Sequence[np.ndarray]],
) -> Outcome:
    failures: list[Failure] = []
    families: list[str] = []
    compiled: dict[str, tuple[Trial, api.Compiled]] = {}
    for number, trial in enumerate(case.trials):
        try:
            result = compile_trial(path, trial, f"t{number}")
        except Exception as error:
            if trial.streamed_input is not None and "cannot be streamed" in str(error):
                continue
            failures.append(Failure(trial, f"compile: {_kind(error)}", _message(error)))
            continue
        failures += [Failure(trial, *wrong) for wrong in _wrong_promises(result, trial)]
        families += [plan.family for plan in result.discovery.paths]
        # Trials often agree on a program; it need not run twice.
        code = result.files[f"t{number}.c"].split("*/", 1)[1]
        text = code.replace(f"t{number}", "t").replace(f"T{number}", "T")
        compiled.setdefault(text, (trial, result))
    failures += _run_trials([*compiled.values()], path.parent, samples, expected)
    return Outcome(tuple(failures), families=tuple(sorted(families)))


def compile_trial(path: Path, trial: Trial, name: str) -> api.Compiled:
    """Compile a model in one way."""
    choices: dict[str, Any] = {
        "name": name,
        "strategy": trial.strategy,
        "max_mac_overhead": trial.max_mac_overhead,
        "target": trial.target,
        "optimize": trial.optimize,
        "keep_inputs": trial.keep_inputs,
    }
    if trial.streamed_input is not None:
        choices["stream_input"] = f"input:{trial.streamed_input}"
    if trial.ram_fraction is None:
        return api.compile(path, **choices)
    found = api.compile(path, **choices).discovery
    least = min(point.arena_bytes for point in found.pareto)
    limit = least + int((found.untiled_arena_bytes - least) * trial.ram_fraction)
    result = api.compile(path, **choices, ram_bytes=max(limit, 1))
    assert result.arena_bytes <= limit, f"{result.arena_bytes} bytes do not fit {limit}"
    return result


def _wrong_promises(compiled: api.Compiled, trial: Trial) -> list[tuple[str, str]]:
    """What the search said of a program that is not so."""
    found, report = compiled.discovery, compiled.report
    wrong: list[tuple[str, str]] = []

    def expect(holds: bool, kind: str, message: str) -> None:
        if not holds:
            wrong.append((kind, message))

    arena = compiled.arena_bytes
    predicted = found.predicted_arena_bytes
    expect(arena == predicted, "arena", f"arena of {arena} bytes, predicted {predicted}")
    macs = report["macs"]
    expect(macs == found.predicted_macs, "macs", f"{macs} MACs, predicted {found.predicted_macs}")
    untiled = found.untiled_arena_bytes
    if trial.streamed_input is None:  # else a stream has to be, wanted or not
        expect(arena <= untiled, "worse", f"arena of {arena} bytes, untiled {untiled}")
    if trial.ram_fraction is None:
        more, most = 100 * found.mac_overhead, trial.max_mac_overhead
        expect(more <= most + 1e-9, "overhead", f"{more} % more MACs, allowed {most}")
    return wrong


def _run_trials(
    compiled: Sequence[tuple[Trial, api.Compiled]],
    folder: Path,
    samples: Sequence[Sequence[np.ndarray]],
    expected: Sequence[Sequence[np.ndarray]],
) -> list[Failure]:
    if not compiled:
        return []
    try:
        program = build_program([result for _, result in compiled], folder)
    except ProgramError as error:
        if len(compiled) == 1:
            return [Failure(compiled[0][0], "C compiler", str(error))]
        # One by one, to know which.
        runs = (_run_trials([each], folder / each[1].name, samples, expected) for each in compiled)
        return [failure for failures in runs for failure in failures]
    failures: list[Failure] = []
    for number, (trial, result) in enumerate(compiled):
        found = _run_trial(program, number, samples, expected)
        if found is None and trial.shadow:
            found = _run_with_shadow(folder / result.name, samples[:1], expected)
        failures += [Failure(trial, *found)] if found else []
    return failures


def _run_trial(
    program: Program,
    number: int,
    samples: Sequence[Sequence[np.ndarray]],
    expected: Sequence[Sequence[np.ndarray]],
) -> tuple[str, str] | None:
    try:
        results = program.run(number, samples)
    except ProgramError as error:
        return "run", str(error)
    return _difference(expected, results)


def _run_with_shadow(
    folder: Path, samples: Sequence[Sequence[np.ndarray]], expected: Sequence[Sequence[np.ndarray]]
) -> tuple[str, str] | None:
    """Run a written model while every access to its arena is checked."""
    try:
        results = run_many(folder, "host", samples, variant=SHADOW)
    except CompileError as error:
        return "shadow", str(error)
    return _difference(expected[: len(samples)], [result.outputs for result in results])


def _difference(
    expected: Sequence[Sequence[np.ndarray]], results: Sequence[Sequence[np.ndarray]]
) -> tuple[str, str] | None:
    for sample, (want, got) in enumerate(zip(expected, results, strict=True)):
        for output, (reference, array) in enumerate(zip(want, got, strict=True)):
            mismatch = compare(output, reference, array)
            if mismatch:
                return "result", f"sample {sample}: {mismatch}"
    return None


def _kind(error: Exception) -> str:
    """What stays the same while a case is made smaller."""
    if isinstance(error, CompileError | UsageError):
        return "".join(c for c in str(error).split(":")[-1] if c.isalpha() or c == " ")[:40]
    return type(error).__name__


def _message(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:400]}"
