"""The four int8 models of MLPerf Tiny: least memory without tiling, equal outputs, small code."""

from pathlib import Path

import pytest

from e2e.harness import check_bit_exact
from e2e.shared_models import peer, shared_model
from fdt_mlir import api, targets
from models import oracle

ARENA_LIMITS = {
    "kws_ref_model": 16_100,
    "vww_96_int8": 55_400,
    "pretrainedResnet_quant": 49_300,
    "ad01_int8": 800,
}
CODE_LIMIT = 24 * 1024
MODELS = pytest.mark.parametrize("name", ARENA_LIMITS)


@MODELS
def test_outputs_equal_the_reference_on_the_host(name: str) -> None:
    compiled = check_bit_exact(shared_model(f"{name}.tflite"), sanitize=True, strategy="none")
    assert compiled.arena_bytes <= ARENA_LIMITS[name]


@MODELS
def test_outputs_equal_the_reference_on_a_cortex_m4(name: str) -> None:
    check_bit_exact(
        shared_model(f"{name}.tflite"), device="cortex-m4", target="cortex-m4", strategy="none"
    )


@MODELS
def test_golden_hash_instructions_and_code_on_a_cortex_m4(name: str, tmp_path: Path) -> None:
    path = shared_model(f"{name}.tflite")
    recorded = peer(name)
    folder = tmp_path / name
    api.compile(path, strategy="none").write(folder)
    result = targets.run(folder, "cortex-m4", oracle.pattern_inputs(path))
    output = b"".join(array.tobytes() for array in result.outputs)
    assert f"{oracle.fnv1a_32(output):08x}" == recorded["golden_fnv1a_litert_ref"]
    assert result.instructions <= recorded["tflm"]["instructions_reference_kernels"]
    assert result.code_bytes <= CODE_LIMIT
