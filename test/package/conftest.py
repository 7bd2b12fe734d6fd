"""One model in every package, and what its example has to print."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest

from fdt_mlir import api
from fdt_mlir.package import PACKAGE_KINDS
from fdt_mlir.targets import TensorSpec, load_model

ROOT = Path(__file__).parents[2]
SHOWN_VALUES = 16


@dataclass(frozen=True)
class Packaged:
    """A model's output folder with every package in it, and the lines that its example prints."""

    folder: Path
    printed: list[str]


def sample_input(tensor: TensorSpec) -> np.ndarray:
    """What an example puts into an input, computed in single precision as there."""
    count = int(np.prod(tensor.shape))
    real = (np.arange(count) % 16).astype(np.float32) / np.float32(8) - np.float32(1)
    if tensor.dtype.kind != "f":
        if tensor.scale is None:
            real = np.zeros_like(real)
        else:
            steps = real / np.float32(tensor.scale) + np.float32(tensor.zero_point)
            rounded = np.trunc(steps + np.where(steps < 0, np.float32(-0.5), np.float32(0.5)))
            limits = np.iinfo(tensor.dtype)
            real = np.clip(rounded, limits.min, limits.max)
    return real.astype(tensor.dtype).reshape(tensor.shape)


def shown(tensor: TensorSpec, number: int, values: np.ndarray) -> list[str]:
    """The lines that an example prints for an output."""
    lines = [f"output {number}: {tensor.name}"]
    for index, stored in enumerate(values.reshape(-1)[:SHOWN_VALUES]):
        if tensor.dtype.kind == "f":
            lines.append(f"  [{index}] {three_decimals(stored)}")
        elif tensor.scale is None:
            lines.append(f"  [{index}] {int(stored)}")
        else:
            real = np.float32(int(stored) - (tensor.zero_point or 0)) * np.float32(tensor.scale)
            lines.append(f"  [{index}] {three_decimals(real)}, stored as {stored}")
    return lines


def three_decimals(real: np.float32) -> str:
    """Print as an example does: halves away from zero, of the single-precision number."""
    magnitude = np.abs(np.float32(real))
    whole = int(magnitude)
    part = (magnitude - np.float32(whole)) * np.float32(1000) + np.float32(0.5)
    thousandths = 1000 * whole + int(part)
    return f"{'-' if real < 0 else ''}{thousandths // 1000}.{thousandths % 1000:03}"


def expected_lines(folder: Path, compiled: api.Compiled) -> list[str]:
    """What the example of a compiled model prints, by running the model with `fdt-run`'s means."""
    model = load_model(folder)
    outputs = compiled.run([sample_input(tensor) for tensor in model.inputs])
    pairs = enumerate(zip(model.outputs, outputs, strict=True))
    return [line for number, (tensor, array) in pairs for line in shown(tensor, number, array)]


@pytest.fixture(scope="session")
def packaged() -> Iterator[Packaged]:
    """The keyword model in all packages; made once per worker, so tests share a group."""
    with TemporaryDirectory(prefix="fdt-package-") as name:
        folder = Path(name) / "kws"
        compiled = api.compile(ROOT / "examples" / "models" / "kws.tflite")
        compiled.write(folder, PACKAGE_KINDS)
        yield Packaged(folder, expected_lines(folder, compiled))
