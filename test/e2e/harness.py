"""Compares the program that the compiler makes of a model with the reference, sample by sample."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from fdt_mlir.targets.variants import SHADOW
from models import oracle

FLOAT_TOLERANCE = 1e-5  # of the largest magnitude in the reference: order of summation differs
SHOWN_INDICES = 5


@dataclass(frozen=True)
class Mismatch:
    """How one output of one sample differs from the reference."""

    output: int
    count: int
    size: int
    largest: float
    allowed: float
    first: tuple[tuple[int, ...], ...]

    def __str__(self) -> str:
        indices = ", ".join(str(index) for index in self.first)
        return (
            f"output {self.output}: {self.count} of {self.size} values differ, "
            f"by at most {self.largest:g} (allowed {self.allowed:g}); first at {indices}"
        )


def check_bit_exact(
    tflite_path: Path | str,
    device: str = "host",
    sanitize: bool = False,
    random_inputs: int = 20,
    constant_inputs: int = 3,
    shadow: bool = False,
    **options: Any,
) -> Any:
    """Compile a model, run it on `device`, and compare every output with LiteRT's reference.

    shadow: once more with shadow memory, which traps a read of what is no longer there.
    options: those of `fdt_mlir.api.compile`, such as strategy and target. Integer outputs must be
    equal, float outputs within FLOAT_TOLERANCE. Returns what the compiler returned, for further
    checks. Raises AssertionError that names the model, the options, and every sample that differs.
    """
    from fdt_mlir import api

    path = Path(tflite_path)
    compiled = api.compile(path, **options)
    title = f"{path.name} on {device}, {options or 'default options'}"
    check_outputs(title, compiled, path, device, sanitize, random_inputs, constant_inputs, shadow)
    return compiled


def check_outputs(
    title: str,
    compiled: Any,
    path: Path,
    device: str = "host",
    sanitize: bool = False,
    random_inputs: int = 20,
    constant_inputs: int = 3,
    shadow: bool = False,
) -> None:
    """Run what was compiled from a model on `device`; see `check_bit_exact`."""
    from fdt_mlir import targets

    samples = oracle.random_inputs(path, random_inputs) + oracle.constant_inputs(
        path, constant_inputs
    )
    reference = oracle.Reference(path)
    expected = [reference.run(sample) for sample in samples]
    with TemporaryDirectory() as folder:
        compiled.write(Path(folder))
        results = targets.run_many(Path(folder), device, samples, sanitize=sanitize)
        if shadow:
            results[:1] = targets.run_many(Path(folder), "host", samples[:1], variant=SHADOW)
    assert_same(title, expected, [result.outputs for result in results], random_inputs)


def assert_same(
    title: str,
    expected: Sequence[Sequence[np.ndarray]],
    actual: Sequence[Sequence[np.ndarray]],
    random_inputs: int,
) -> None:
    """Compare outputs per sample; the first `random_inputs` samples are called random."""
    assert len(actual) == len(expected), f"{title}: {len(actual)} of {len(expected)} samples ran"
    complaints = []
    for i, (reference, outputs) in enumerate(zip(expected, actual, strict=True)):
        name = f"random {i}" if i < random_inputs else f"constant {i - random_inputs}"
        assert len(outputs) == len(reference), (
            f"{title}: sample {name} has {len(outputs)} outputs, the reference {len(reference)}"
        )
        pairs = enumerate(zip(reference, outputs, strict=True))
        found = (compare(j, want, got) for j, (want, got) in pairs)
        complaints += [f"  sample {name}, {mismatch}" for mismatch in found if mismatch]
    assert not complaints, "\n".join([f"{title}: differs from the reference", *complaints])


def compare(output: int, expected: np.ndarray, actual: np.ndarray) -> Mismatch | None:
    """Return how `actual` differs from `expected`, or None where it agrees."""
    got = np.asarray(actual)
    assert got.dtype == expected.dtype, f"output {output}: {got.dtype}, not {expected.dtype}"
    assert got.size == expected.size, f"output {output}: {got.shape}, not {expected.shape}"
    want = expected.astype(np.float64)
    difference = np.abs(got.reshape(expected.shape).astype(np.float64) - want)
    is_float = expected.dtype.kind == "f"
    allowed = FLOAT_TOLERANCE * float(np.abs(want).max(initial=0)) if is_float else 0.0
    # Written so that a NaN, which compares false with everything, counts as a difference.
    wrong = ~(difference <= allowed)
    if not wrong.any():
        return None
    first = tuple(tuple(int(n) for n in index) for index in np.argwhere(wrong)[:SHOWN_INDICES])
    largest = float(np.max(np.where(np.isnan(difference), np.inf, difference)))
    return Mismatch(output, int(wrong.sum()), expected.size, largest, allowed, first)
