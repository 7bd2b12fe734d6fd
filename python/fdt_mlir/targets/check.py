"""Compare what a model gave with what the framework gives that it comes from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fdt_mlir.diagnostics import SourceLocation
from fdt_mlir.errors import compile_error
from fdt_mlir.targets.model import CompiledModel
from fdt_mlir.targets.reference import Difference, difference, open_reference
from fdt_mlir.targets.runner import RunResult
from fdt_mlir.targets.samples import Sample


@dataclass(frozen=True)
class Check:
    """The result of a comparison; `differences` by the name of the sample, few or none."""

    reference: str
    samples: int
    differences: tuple[tuple[str, Difference], ...]

    @property
    def equal_samples(self) -> int:
        """How many samples agree in all outputs."""
        return self.samples - len({name for name, _ in self.differences})


def check_samples(
    path: Path, model: CompiledModel, samples: Sequence[Sample], results: Sequence[RunResult]
) -> Check:
    """Run every sample in the framework of the model file at `path`, and compare.

    Raises CompileError where the framework is missing or refuses model or sample.
    """
    reference = open_reference(path, model)
    found: list[tuple[str, Difference]] = []
    for sample, result in zip(samples, results, strict=True):
        try:
            wanted = reference.run(sample.inputs)
        except Exception as error:  # each framework has its own, and none is documented
            location = SourceLocation(str(path))
            message = f"the framework refuses sample {sample.name}: {error}"
            raise compile_error(message, location) from error
        for tensor, expected, given in zip(model.outputs, wanted, result.outputs, strict=True):
            if expected.size != given.size or expected.dtype != given.dtype:
                shape = "x".join(map(str, expected.shape))
                raise compile_error(
                    f"output {tensor} is {expected.dtype} {shape} there",
                    SourceLocation(str(path)),
                    "check against the file that was compiled",
                )
            differs = difference(tensor.name, expected, given)
            if differs is not None:
                found.append((sample.name, differs))
    return Check(reference.title, len(samples), tuple(found))
