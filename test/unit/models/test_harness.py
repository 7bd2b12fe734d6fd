"""The comparison that every end-to-end test relies on finds what it must find."""

import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from e2e import harness
from models import oracle

KWS = Path(__file__).parents[3] / "examples" / "models" / "kws.tflite"


def test_one_wrong_integer_is_found():
    expected = np.arange(12, dtype=np.int8).reshape(1, 3, 4)
    actual = expected.copy()
    assert harness.compare(0, expected, actual) is None
    actual[0, 2, 1] += 3
    assert str(harness.compare(2, expected, actual)) == (
        "output 2: 1 of 12 values differ, by at most 3 (allowed 0); first at (0, 2, 1)"
    )


def test_floats_are_held_to_the_largest_output():
    expected = np.array([100.0, 0.001], np.float32)
    assert harness.compare(0, expected, expected + np.float32([0, 9e-4])) is None
    mismatch = harness.compare(0, expected, expected + np.float32([0, 2e-3]))
    assert mismatch is not None
    assert mismatch.first == ((1,),)


def test_nan_differs():
    expected = np.array([1.0, 2.0], np.float32)
    mismatch = harness.compare(0, expected, np.array([1.0, np.nan], np.float32))
    assert mismatch is not None
    assert (mismatch.count, mismatch.largest) == (1, np.inf)


def test_other_element_type_differs():
    with pytest.raises(AssertionError, match="uint8, not int8"):
        harness.compare(0, np.zeros(3, np.int8), np.zeros(3, np.uint8))


@pytest.fixture
def compiler(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Stand in for compiler and targets: the reference's outputs, the last value off by `error`."""

    def install(error: int) -> None:
        reference = oracle.Reference(KWS)

        def run_many(folder, target, samples, sanitize):
            runs = [reference.run(sample) for sample in samples]
            runs[-1][0].ravel()[-1] += error
            return [SimpleNamespace(outputs=outputs) for outputs in runs]

        api, targets = ModuleType("fdt_mlir.api"), ModuleType("fdt_mlir.targets")
        api.compile = lambda path, **options: SimpleNamespace(write=lambda folder: None)
        targets.run_many = run_many
        for module in (api, targets):
            monkeypatch.setitem(sys.modules, module.__name__, module)
            monkeypatch.setattr(f"fdt_mlir.{module.__name__.split('.')[1]}", module, raising=False)

    return install


def test_equal_programs_pass(compiler: Callable[[int], None]):
    compiler(0)
    harness.check_bit_exact(KWS, random_inputs=2, constant_inputs=1, strategy="none")


def test_failure_names_model_options_and_sample(compiler: Callable[[int], None]):
    compiler(1)
    with pytest.raises(AssertionError) as failure:
        harness.check_bit_exact(KWS, random_inputs=2, constant_inputs=1, strategy="fdt")
    assert str(failure.value).splitlines() == [
        "kws.tflite on host, {'strategy': 'fdt'}: differs from the reference",
        "  sample constant 0, output 0: 1 of 12 values differ, by at most 1 (allowed 0);"
        " first at (0, 11)",
    ]
