"""The files that the writer makes: well formed, reproducible, and what is committed."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tflite

from models import single_op
from models.corpus import models
from models.tflite_writer import serialize

ROOT = Path(__file__).parents[3]
EXAMPLES = ROOT / "examples" / "models"
LARGEST_FILE_BYTES = 60_000


@pytest.fixture(scope="module")
def conv_bytes() -> bytes:
    return serialize(single_op.conv((1, 7, 5, 3), 4, 3))


def test_file_carries_the_identifier(conv_bytes: bytes):
    assert tflite.Model.ModelBufferHasIdentifier(conv_bytes, 0)


def test_buffers_are_aligned_for_reading_in_place():
    model = tflite.Model.GetRootAs((EXAMPLES / "kws.tflite").read_bytes())
    buffers = [model.Buffers(i) for i in range(model.BuffersLength())]
    assert buffers[0].DataLength() == 0, "buffer 0 means: no data"
    filled = [buffer._tab for buffer in buffers if buffer.DataLength()]
    first_bytes = [table.Vector(table.Offset(4)) for table in filled]
    assert len(filled) == 21, "ten layers with weights and bias, one shape"
    assert [first % 16 for first in first_bytes] == [0] * len(filled)


def test_weights_survive_unchanged(conv_bytes: bytes):
    graph = single_op.conv((1, 7, 5, 3), 4, 3)
    weights = graph.ops[0].inputs[1]
    model = tflite.Model.GetRootAs(conv_bytes)
    tensors = [model.Subgraphs(0).Tensors(i) for i in range(model.Subgraphs(0).TensorsLength())]
    (written,) = (t for t in tensors if t.Name().decode() == weights.name)
    raw = model.Buffers(written.Buffer()).DataAsNumpy().view(np.int8)
    np.testing.assert_array_equal(raw.reshape(weights.shape), weights.data)
    scales = written.Quantization().ScaleAsNumpy()
    np.testing.assert_array_equal(scales, np.float32(weights.quantization.scale))


def test_seed_decides_the_weights():
    shape = (1, 7, 5, 3)
    assert serialize(single_op.conv(shape, 4, 3)) == serialize(single_op.conv(shape, 4, 3))
    assert serialize(single_op.conv(shape, 4, 3)) != serialize(single_op.conv(shape, 4, 3, seed=1))


def test_committed_files_are_what_the_command_writes():
    command = [sys.executable, str(ROOT / "tools" / "make-models"), "--check"]
    checked = subprocess.run(command, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr


def test_check_reports_a_stale_file(tmp_path: Path):
    (tmp_path / "ae.tflite").write_bytes(b"old")
    command = [sys.executable, str(ROOT / "tools" / "make-models"), "--check", "ae"]
    checked = subprocess.run([*command, "-o", str(tmp_path)], capture_output=True, text=True)
    assert checked.returncode == 1
    assert "ae.tflite: differs" in checked.stderr
    assert (tmp_path / "ae.tflite").read_bytes() == b"old"


def test_every_committed_file_belongs_to_the_corpus_and_is_small():
    sizes = {path.stem: path.stat().st_size for path in EXAMPLES.glob("*.tflite")}
    assert sorted(sizes) == sorted(models())
    assert {name for name, size in sizes.items() if size > LARGEST_FILE_BYTES} == set()
