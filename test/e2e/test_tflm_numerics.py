"""Under the numerics of TensorFlow Lite Micro, outputs equal those of its own kernels."""

from pathlib import Path

import numpy as np
import pytest

from e2e.harness import assert_same
from e2e.shared_models import shared_model
from fdt_mlir import api, targets
from models import oracle

EXAMPLES = Path(__file__).parents[2] / "examples" / "models"
RUNS = 200


def check(path: Path, runs: int, folder: Path) -> None:
    """Compare `runs` random inputs on the host."""
    samples = oracle.random_inputs(path, runs)
    api.compile(path, numerics="tflm", strategy="none").write(folder / "c")
    results = targets.run_many(folder / "c", "host", samples)
    expected = micro_outputs(path, samples)
    assert_same(f"{path.name} as TFLM", expected, [result.outputs for result in results], runs)


def micro_outputs(path: Path, samples: list[list[np.ndarray]]) -> list[list[np.ndarray]]:
    """Return what TensorFlow Lite Micro's reference kernels give for each sample."""
    runtime = pytest.importorskip("tflite_micro.python.tflite_micro.runtime")
    interpreter = runtime.Interpreter.from_file(str(path))
    count = len(oracle.output_infos(path))
    outputs = []
    for sample in samples:
        for place, value in enumerate(sample):
            interpreter.set_input(value, place)
        interpreter.invoke()
        outputs.append([interpreter.get_output(place).copy() for place in range(count)])
    return outputs


@pytest.mark.parametrize("name", ["ad01_int8", "pretrainedResnet_quant"])
def test_models_whose_dense_layers_litert_rounds_otherwise(name: str, tmp_path: Path):
    check(shared_model(f"{name}.tflite"), RUNS, tmp_path)


@pytest.mark.parametrize("name", ["ae", "res", "kws"])
def test_own_models(name: str, tmp_path: Path):
    check(EXAMPLES / f"{name}.tflite", 20, tmp_path)
