"""Every operator and element type: as the reference computes it, or refused with a reason.

What is refused, and why, stands with the cases; docs/operators.md is made from them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from e2e.batch import build_batch
from e2e.harness import compare
from fdt_mlir import api
from fdt_mlir.errors import CompileError
from fdt_mlir.targets.runner import execute
from models import oracle
from models.operators import GROUPS
from models.operators.case import Case, Element, Sample, build, samples
from models.tflite_writer import write_file

RANDOM_SAMPLES = 4
LEAST_VALUES = 16
MOST_AT_THE_ENDS = 0.75

_SUITES = [
    pytest.param(cases, element, id=f"{element}-{title.partition(',')[0].replace(' ', '_')}")
    for title, cases in GROUPS.items()
    for element in ("int8", "int16", "float32", "int32", "bool")
    if any(element in case.elements for case in cases)
]


@dataclass(frozen=True)
class Subject:
    """A model of a case that is compiled and run."""

    case: Case
    element: Element
    path: Path
    samples: Sequence[Sample]
    expected: Sequence[Sequence[np.ndarray]]


@pytest.mark.parametrize(("cases", "element"), _SUITES)
def test_operators(cases: Sequence[Case], element: Element, tmp_path: Path) -> None:
    check(cases, element, tmp_path, "none")


@pytest.mark.slow
@pytest.mark.parametrize(("cases", "element"), _SUITES)
def test_operators_tiled(cases: Sequence[Case], element: Element, tmp_path: Path) -> None:
    check(cases, element, tmp_path, "auto")


def check(cases: Sequence[Case], element: Element, folder: Path, strategy: str) -> None:
    complaints: list[str] = []
    subjects: dict[str, Subject] = {}
    compiled: list[api.Compiled] = []
    for case in cases:
        if element not in case.elements:
            continue
        subject = _subject(case, element, folder / f"{case.name}.tflite")
        try:
            model = api.compile(subject.path, strategy=strategy)
        except CompileError as error:
            complaints += _wrong_refusal(case, element, error)
            continue
        if case.refused.get(element):
            complaints.append(f"{case.name}: compiles; it is no longer refused")
        subjects[model.name] = subject
        compiled.append(model)
    programs = build_batch(compiled, folder / "build") if compiled else {}
    for name, subject in subjects.items():
        complaints += [f"{name}: {fault}" for fault in _spread_faults(subject)]
        try:
            runs = execute(programs[name], subject.samples)
        except CompileError as error:
            complaints.append(f"{name}: {error}")
            continue
        complaints += _differences(subject, [run.outputs for run in runs])
    assert not complaints, "\n".join([f"{element}:", *complaints])


def _subject(case: Case, element: Element, path: Path) -> Subject:
    graph = build(case, element)
    write_file(graph, path)
    drawn = samples(case, graph, RANDOM_SAMPLES)
    reference = oracle.REFERENCES[case.reference](path)
    return Subject(case, element, path, drawn, [reference.run(sample) for sample in drawn])


def _wrong_refusal(case: Case, element: Element, error: CompileError) -> list[str]:
    """What is wrong with a diagnostic; nothing where it is the expected one, and helps."""
    reason = case.refused.get(element)
    if reason is None or reason not in str(error):
        return [f"{case.name}: {error}"]
    unhelpful = [d for d in error.diagnostics if d.severity == "error" and not d.hint]
    homeless = [d for d in error.diagnostics if d.location is None]
    return [f"{case.name}: no hint or no place: {d}" for d in (*unhelpful, *homeless)]


def _spread_faults(subject: Subject) -> list[str]:
    """Say where expected results would let a wrong program pass: too few values, too many ends."""
    if subject.case.few_values:
        return []
    faults: list[str] = []
    for number in range(len(subject.expected[0])):
        values = np.concatenate([run[number].ravel() for run in subject.expected[:RANDOM_SAMPLES]])
        distinct = len(np.unique(values))
        ends = np.isin(values, (values.min(), values.max())).mean()
        if distinct < min(LEAST_VALUES, values.size // 4) or ends > MOST_AT_THE_ENDS:
            faults.append(f"result {number} has {distinct} values, {ends:.0%} at the ends")
    return faults


def _differences(subject: Subject, actual: Sequence[Sequence[np.ndarray]]) -> list[str]:
    return [
        f"{subject.case.name}, sample {number}, {mismatch}"
        for number, (expected, outputs) in enumerate(zip(subject.expected, actual, strict=True))
        for place, (want, got) in enumerate(zip(expected, outputs, strict=True))
        if (mismatch := compare(place, want, got))
    ]
