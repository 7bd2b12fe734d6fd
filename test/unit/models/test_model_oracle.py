"""The reference and its inputs: documented patterns, known hashes, indices that exist."""

import json
from pathlib import Path

import numpy as np
import pytest

from models import oracle, single_op
from models.tflite_writer import write_file

ROOT = Path(__file__).parents[3]
SHARED = ROOT.parent / "shared"
MLPERF = ("kws_ref_model", "vww_96_int8", "pretrainedResnet_quant", "ad01_int8")


@pytest.mark.parametrize(
    ("text", "expected"), [(b"", 0x811C9DC5), (b"a", 0xE40C292C), (b"foobar", 0xBF9CF968)]
)
def test_fnv1a_published_vectors(text: bytes, expected: int):
    assert oracle.fnv1a_32(text) == expected


@pytest.mark.skipif(not SHARED.exists(), reason="needs the third-party models in ../shared")
@pytest.mark.parametrize("name", MLPERF)
def test_golden_hash(name: str):
    """The reference is the one that the recorded figures of the peers were held to."""
    golden = json.loads((SHARED / "peers.json").read_text())["models"][name]
    path = SHARED / "models" / f"{name}.tflite"
    outputs = oracle.reference_outputs(path, oracle.pattern_inputs(path))
    digest = oracle.fnv1a_32(b"".join(output.tobytes() for output in outputs))
    assert f"{digest:08x}" == golden["golden_fnv1a_litert_ref"]


@pytest.mark.parametrize(
    ("element", "expected"),
    [
        ("int8", [-125, -118, 127, -122]),
        ("uint8", [3, 10, 255, 6]),
        ("float32", [-125 / 128, -118 / 128, 127 / 128, -122 / 128]),
    ],
)
def test_pattern(element: str, expected: list[float], tmp_path: Path):
    path = tmp_path / "model.tflite"
    write_file(single_op.fully_connected((1, 40), 2, element), path)
    (values,) = oracle.pattern_inputs(path)
    assert values.dtype == element
    assert values[0, [0, 1, 36, 37]].tolist() == expected, "the start, and where it wraps"


def test_indices_stay_inside_the_table():
    """Through the cast of `txt`, whose ids arrive as floats. The reference refuses any other."""
    path = ROOT / "examples" / "models" / "txt.tflite"
    (info,) = oracle.input_infos(path)
    assert info.rows == 500
    samples = [*oracle.random_inputs(path, 3), *oracle.constant_inputs(path)]
    for (ids,) in [*samples, oracle.pattern_inputs(path)]:
        assert ids.dtype == np.float32
        assert ids.min() >= 0
        assert ids.max() <= 499
        np.testing.assert_array_equal(ids, np.floor(ids))
    assert [float(ids.max()) for (ids,) in samples[3:]] == [0, 499, 199]


def test_random_inputs_reach_both_ends_and_repeat():
    path = ROOT / "examples" / "models" / "pos.tflite"
    samples = oracle.random_inputs(path, 2)
    assert (samples[0][0].min(), samples[0][0].max()) == (-128, 127)
    assert not np.array_equal(samples[0][0], samples[1][0])
    np.testing.assert_array_equal(oracle.random_inputs(path, 2)[1][0], samples[1][0])
    assert [int(x.ravel()[0]) for (x,) in oracle.constant_inputs(path)] == [-128, 127, -26]


def test_outputs_are_described_in_order():
    infos = oracle.output_infos(ROOT / "examples" / "models" / "pos.tflite")
    heads = ("heatmap_2", "offset_2", "displacement_fwd_2", "displacement_bwd_2")
    assert [info.name for info in infos] == [f"pos/{head}/BiasAdd" for head in heads]
    assert [info.shape[3] for info in infos] == [17, 34, 32, 32]
