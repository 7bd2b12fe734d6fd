"""Reading .tflite files: what a sound file gives; a damaged one gives an error and no more."""

import random
from pathlib import Path

import pytest

from fdt_mlir.errors import CompileError
from fdt_mlir.importer.flatbuffer import Bytes, CorruptFlatbufferError
from fdt_mlir.importer.tflite_reader import read_model
from models import single_op
from models.tflite_writer import serialize
from unit.importer.importer_models import EXAMPLES, FILE, example, file_of_subgraphs, names

SMALL = serialize(single_op.conv((1, 5, 4, 3), 2, 3))


def test_reads_names_types_scales_and_shapes():
    model = example("ssd_u8")
    (image,) = [model.tensors[index] for index in model.inputs]
    assert (image.name, image.element) == ("normalized_input_image_tensor", "UINT8")
    assert image.shape == (1, 48, 48, 3)
    assert image.quantization.zero_points == (127,)
    assert image.quantization.scales == pytest.approx((0.00784314,))
    assert names(model, model.outputs) == ["ssd/reshape_6/Reshape", "ssd/activation/Sigmoid"]
    assert model.operators[0].code == "CONV_2D"
    assert [model.tensors[i].is_constant for i in model.operators[0].inputs] == [False, True, True]


def test_repeated_and_missing_names_become_unique():
    # Replacing bytes keeps every offset: 6 and 6 letters.
    data = SMALL.replace(b"input_1", b"\0\0\0\0\0\0\0")
    assert data != SMALL
    found = [tensor.name for tensor in read_model(FILE, data).tensors]
    assert len(set(found)) == len(found)
    assert all(found)


@pytest.mark.parametrize("size", range(0, len(SMALL), 7))
def test_truncated_files_are_refused_or_read(size: int):
    # A cut may spare all that is read (it takes weights only): then the data's size is reported.
    try:
        model = read_model(FILE, SMALL[:size])
    except CompileError:
        return
    assert model.operators


def test_damaged_files_never_crash_or_hang():
    generator = random.Random(0)
    refused = 0
    for _ in range(400):
        data = bytearray(SMALL)
        for _ in range(generator.randint(1, 8)):
            place = generator.randrange(len(data))
            data[place : place + 4] = generator.choice(
                (b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f", bytes(4), generator.randbytes(4))
            )[: len(data) - place]
        data[4:8] = b"TFL3"
        try:
            read_model(FILE, bytes(data))
        except CompileError:
            refused += 1
    assert refused > 100, "the damage was too mild to test anything"


def test_vectors_shared_by_many_tables_do_not_multiply_the_work():
    data = Bytes(bytes(100))
    data.spend(400)
    with pytest.raises(CorruptFlatbufferError, match="more elements than it has bytes"):
        data.spend(1)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\x1c\0\0\0ONNX" + bytes(40), "not a TFLite model: bytes 4 to 8 are b'ONNX'"),
        (SMALL[:200], r"truncated or corrupt \(200 bytes\)"),
        (file_of_subgraphs(0), "no subgraph"),
        (file_of_subgraphs(3), "3 subgraphs, but only one"),
    ],
)
def test_files_that_are_no_single_model(data: bytes, message: str):
    with pytest.raises(CompileError, match=message):
        read_model(FILE, data)


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.tflite")), ids=lambda path: path.stem)
def test_own_models_have_no_obstacles(path: Path):
    assert not [t for t in read_model(path, path.read_bytes()).tensors if t.obstacles]
