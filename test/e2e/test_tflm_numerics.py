"""Under the numerics of TensorFlow Lite Micro, outputs equal those of its own kernels."""

from pathlib import Path

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
    reference = oracle.MicroReference(path)
    expected = [reference.run(sample) for sample in samples]
    assert_same(f"{path.name} as TFLM", expected, [result.outputs for result in results], runs)


@pytest.mark.parametrize("name", ["ad01_int8", "pretrainedResnet_quant"])
def test_models_whose_dense_layers_litert_rounds_otherwise(name: str, tmp_path: Path):
    check(shared_model(f"{name}.tflite"), RUNS, tmp_path)


@pytest.mark.parametrize("name", ["ae", "res", "kws"])
def test_own_models(name: str, tmp_path: Path):
    check(EXAMPLES / f"{name}.tflite", 20, tmp_path)
