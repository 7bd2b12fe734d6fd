"""The EmitC of a model means what MLIR's own translation to C makes of it.

Our printer and the module are judged apart: where only the printer is wrong, this test passes and
those of the models fail; where the module is wrong, both fail.
"""

import shutil
import subprocess
from pathlib import Path

import pytest

from e2e.harness import assert_same
from fdt_mlir import api, targets
from models import oracle

MODEL = Path(__file__).parents[2] / "examples" / "models" / "kws.tflite"
RANDOM_INPUTS = 4
# Only our own C promises to compile without a warning.
NO_WARNINGS = "".join(
    f'#pragma GCC diagnostic ignored "-W{name}"\n' for name in ("unused-variable", "conversion")
)
# Debian names the tool after its version; IREE's wheel does not bring it.
TRANSLATE = next(filter(None, map(shutil.which, ("mlir-translate-22", "mlir-translate"))), None)


@pytest.mark.skipif(TRANSLATE is None, reason="needs mlir-translate (Debian: mlir-22-tools)")
def test_mlirs_translation_of_a_model_equals_the_reference(tmp_path: Path) -> None:
    compiled = api.compile(MODEL, name="kws")
    folder = tmp_path / "kws"
    compiled.write(folder)
    ours = (folder / "kws.c").read_text()
    theirs = subprocess.run(
        [str(TRANSLATE), "--mlir-to-cpp"],
        input=compiled.emitc,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert theirs != ours, "the folder would be judged with our own C"
    (folder / "kws.c").write_text(NO_WARNINGS + theirs)

    samples = oracle.random_inputs(MODEL, RANDOM_INPUTS) + oracle.constant_inputs(MODEL, 1)
    reference = oracle.Reference(MODEL)
    results = targets.run_many(folder, "host", samples, sanitize=True)
    assert_same(
        "mlir-translate on kws",
        [reference.run(sample) for sample in samples],
        [result.outputs for result in results],
        RANDOM_INPUTS,
    )
