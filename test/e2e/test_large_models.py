"""SSD (uint8, cut at its heads) and PoseNet (int8, float edges): equal outputs, least memory."""

from pathlib import Path

import pytest

from e2e.harness import check_bit_exact
from e2e.rewritten import write_cut, write_integer_edges
from e2e.shared_models import shared_model
from fdt_mlir import api
from models import oracle

SSD_ARENA_BYTES = 1_620_000  # the largest sum of live tensors, without tiling
POSENET_ARENA_BYTES = 1_597_536
HEADS = [
    f"BoxPredictor_{scale}/{kind}/BiasAdd"
    for kind in ("BoxEncodingPredictor", "ClassPredictor")
    for scale in range(6)
]
# A run under sanitizers takes seconds.
FEW = {"random_inputs": 2, "constant_inputs": 1}

pytestmark = pytest.mark.slow


def test_ssd_with_its_post_processing():
    """Detections in floats: places and classes equal, numbers within the tolerance."""
    compiled = check_bit_exact(shared_model("ssd.tflite"), strategy="none", **FEW)
    shapes = [list(port["shape"]) for port in compiled.report["outputs"]]
    assert shapes == [[1, 10, 4], [1, 10], [1, 10], [1]]


def test_ssd_up_to_its_heads(tmp_path: Path):
    path, cut = shared_model("ssd.tflite"), tmp_path / "ssd.tflite"
    write_cut(path, HEADS, cut)
    compiled = check_bit_exact(cut, sanitize=True, strategy="none", **FEW)
    assert api.compile(path, outputs=tuple(HEADS), strategy="none").files == compiled.files
    assert compiled.arena_bytes <= 1.01 * SSD_ARENA_BYTES
    assert [port["type"] for port in compiled.report["outputs"]] == ["uint8"] * 12


def test_ssd_up_to_its_custom_operator(tmp_path: Path):
    cut = tmp_path / "ssd.tflite"
    write_cut(shared_model("ssd.tflite"), ["Squeeze", "convert_scores"], cut)
    check_bit_exact(cut, strategy="none", **FEW)


def test_posenet_with_float_edges():
    path = shared_model("posenet.tflite")
    compiled = check_bit_exact(path, sanitize=True, strategy="none", **FEW)
    assert compiled.arena_bytes <= 1.01 * POSENET_ARENA_BYTES


def test_posenet_with_integer_edges(tmp_path: Path):
    path, integer = shared_model("posenet.tflite"), tmp_path / "posenet.tflite"
    write_integer_edges(path, integer)
    assert {info.dtype.name for info in oracle.input_infos(integer)} == {"int8"}
    compiled = check_bit_exact(integer, sanitize=True, strategy="none", **FEW)
    assert api.compile(path, io="int8", strategy="none").files == compiled.files
    assert compiled.arena_bytes <= 1.01 * POSENET_ARENA_BYTES
