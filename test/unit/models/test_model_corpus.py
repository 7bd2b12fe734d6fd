"""The corpus is worth testing with: its outputs spread, depend on the input, and convert."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tflite

from models import oracle
from models.corpus import models

EXAMPLES = Path(__file__).parents[3] / "examples" / "models"
SAMPLES = 20
SATURATED_PART = 0.05
NAMES = sorted(models())
# Concatenation of unequal scales is legal in uint8 alone, and the converter refuses it.
NOT_CONVERTIBLE = {"ssd_u8"}


def kinds(path: Path) -> list[int]:
    """List the operators of a model in order."""
    model = tflite.Model.GetRootAs(path.read_bytes())
    graph = model.Subgraphs(0)
    ops = [graph.Operators(i) for i in range(graph.OperatorsLength())]
    codes = [model.OperatorCodes(op.OpcodeIndex()) for op in ops]
    return [max(code.BuiltinCode(), code.DeprecatedBuiltinCode()) for code in codes]


def outputs_by_sample(path: Path) -> list[np.ndarray]:
    """Return, per output, an array of (sample, element) over random inputs."""
    reference = oracle.Reference(path)
    runs = [reference.run(sample) for sample in oracle.random_inputs(path, SAMPLES)]
    return [np.stack([run[j].ravel() for run in runs]) for j in range(len(runs[0]))]


@pytest.mark.parametrize("name", NAMES)
def test_outputs_spread_and_depend_on_the_input(name: str):
    """A model with constant or saturated outputs would hide any error of the compiler."""
    path = EXAMPLES / f"{name}.tflite"
    bounded = kinds(path)[-1] in (tflite.BuiltinOperator.SOFTMAX, tflite.BuiltinOperator.LOGISTIC)
    for output in outputs_by_sample(path):
        assert len(np.unique(output, axis=0)) == SAMPLES, "two inputs give the same output"
        values_per_element = [len(np.unique(column)) for column in output.T]
        assert np.median(values_per_element) >= SAMPLES / 2
        assert min(values_per_element) > SAMPLES / 4
        if output.dtype.kind != "f" and not bounded:
            limits = np.iinfo(output.dtype)
            saturated = (output == limits.min) | (output == limits.max)
            assert saturated.mean() < SATURATED_PART


@pytest.mark.parametrize("name", NAMES)
def test_converts_to_tosa(name: str, tmp_path: Path):
    command = [str(Path(sys.executable).parent / "tosa-converter-for-tflite"), "--bytecode"]
    command += [str(EXAMPLES / f"{name}.tflite"), "-o", str(tmp_path / "model.mlirbc")]
    converted = subprocess.run(command, capture_output=True, text=True)
    expected = name not in NOT_CONVERTIBLE
    assert (converted.returncode == 0) == expected, converted.stderr


def test_unequal_scales_are_unequal():
    """The case that the name promises: box heads that a concatenation must rescale."""
    graph = models()["ssd_u8"].graph()
    (boxes,) = (op for op in graph.ops if op.kind == "CONCATENATION" and not op.same_scale)
    assert len({t.quantization for t in boxes.inputs}) == 3
