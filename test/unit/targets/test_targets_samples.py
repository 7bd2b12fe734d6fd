"""Samples from files: what is taken from each kind, in which order, and what does not fit."""

import wave
from pathlib import Path

import numpy as np
import pytest

from fdt_mlir.errors import CompileError
from fdt_mlir.targets.model import CompiledModel, TensorSpec
from fdt_mlir.targets.samples import random_samples, read_labels, read_samples


def model(shape: tuple[int, ...], type_name: str, count: int = 1) -> CompiledModel:
    inputs = tuple(TensorSpec(f"x{n}", shape, type_name, 0, 0) for n in range(count))
    return CompiledModel(Path("somewhere"), "m", (), inputs, (), ("arena",))


def write_sound(path: Path, values: list[int], channels: int = 1) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(16000)
        file.writeframes(np.array(values, "<i2").tobytes())
    return path


def read_one(given: CompiledModel, path: Path) -> np.ndarray:
    (sample,) = read_samples(given, path)
    return sample.inputs[0]


@pytest.mark.parametrize(
    ("type_name", "expected"),
    [
        ("int16", [-32768, 0, 256, 32767]),
        ("int8", [-128, 0, 1, 127]),
        ("uint8", [0, 128, 129, 255]),
        ("float32", [-1.0, 0.0, 1 / 128, 32767 / 32768]),
    ],
)
def test_sound(tmp_path: Path, type_name: str, expected: list[float]) -> None:
    path = write_sound(tmp_path / "x.wav", [-32768, 0, 256, 32767])
    array = read_one(model((1, 4), type_name), path)
    assert array.dtype == type_name
    assert array.tolist() == [expected]


@pytest.mark.parametrize(
    ("type_name", "expected"),
    [("uint8", [0, 255]), ("int8", [-128, 127]), ("float32", [0.0, 1.0])],
)
def test_images(tmp_path: Path, type_name: str, expected: list[float]) -> None:
    from PIL import Image

    # Two rows of one pixel: black and red. Wrong if height and width are mixed up.
    pixels = np.array([[[0, 0, 0]], [[255, 0, 0]]], np.uint8)
    Image.fromarray(pixels).save(tmp_path / "x.png")
    low, high = expected
    array = read_one(model((1, 2, 1, 3), type_name), tmp_path / "x.png")
    assert array.tolist() == [[[[low] * 3], [[high, low, low]]]]
    # A grey image for one channel, and for none.
    for shape in ((1, 2, 1, 1), (2, 1)):
        grey = read_one(model(shape, "uint8"), tmp_path / "x.png")
        assert grey.shape == shape
        assert grey.ravel().tolist() == [0, 76]


def test_folder_in_the_order_of_names(tmp_path: Path) -> None:
    np.save(tmp_path / "b.npy", np.full((1, 2), 2, np.int16))
    write_sound(tmp_path / "a.wav", [1, 1])
    np.savez(tmp_path / "c.npz", x0=np.array([[3, 3], [4, 4]], np.int16))
    (tmp_path / "labels.csv").write_text("a.wav,7\nb.npy,8\nc.npz[1],5\nc.npz[0],6\n")
    samples = read_samples(model((1, 2), "int16"), tmp_path)
    assert [sample.name for sample in samples] == ["a.wav", "b.npy", "c.npz[0]", "c.npz[1]"]
    assert [int(sample.inputs[0][0, 0]) for sample in samples] == [1, 2, 3, 4]
    assert read_labels(tmp_path / "labels.csv", samples) == [7, 8, 6, 5]


def test_labels_in_order(tmp_path: Path) -> None:
    samples = random_samples(model((1, 2), "int8"), 2)
    (tmp_path / "labels.txt").write_text("3\n\n4\n")
    np.save(tmp_path / "labels.npy", np.array([3, 4]))
    for name in ("labels.txt", "labels.npy"):
        assert read_labels(tmp_path / name, samples) == [3, 4]


def test_random_samples_are_the_same_each_time() -> None:
    given = model((1, 50), "int8", count=2)
    first, again = random_samples(given, 3), random_samples(given, 3)
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one.inputs, other.inputs)
    assert not np.array_equal(first[0].inputs[0], first[1].inputs[0])
    assert not np.array_equal(first[0].inputs[0], first[0].inputs[1])


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.npy", b"no array", "cannot read the input"),
        ("x.wav", b"no sound", "cannot read the input"),
        ("x.png", b"no image", "cannot read the input: it is no image that Pillow knows"),
    ],
)
def test_broken_files(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(CompileError, match=message):
        read_samples(model((1, 2, 2, 1), "int8"), tmp_path / name)


def test_files_of_another_size(tmp_path: Path) -> None:
    from PIL import Image

    Image.fromarray(np.zeros((3, 4), np.uint8)).save(tmp_path / "x.png")
    message = r"the image has 4x3 pixels \(width x height\), input 'x0' .* takes 2x5"
    with pytest.raises(CompileError, match=message):
        read_samples(model((1, 5, 2, 1), "int8"), tmp_path / "x.png")
    sound = write_sound(tmp_path / "x.wav", [1, 2, 3, 4], channels=2)
    message = "2 samples of 16 bits in 2 channels, input 'x0' .* takes 4 samples"
    with pytest.raises(CompileError, match=message):
        read_samples(model((1, 4), "int8"), sound)


def test_files_that_do_not_fit_the_model(tmp_path: Path) -> None:
    sound = write_sound(tmp_path / "x.wav", [1])
    with pytest.raises(CompileError, match="'m' has 2 inputs, but the file holds one array"):
        read_samples(model((1,), "int16", count=2), sound)
    (tmp_path / "empty").mkdir()
    with pytest.raises(CompileError, match="the folder has no samples"):
        read_samples(model((1,), "int16"), tmp_path / "empty")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1\n", "there are 2 samples, but 1 labels"),
        ("cat\ndog\n", "these are no labels"),
        ("random 0,1\nother,1\n", "1 samples have no label, such as random 1"),
    ],
)
def test_labels_that_do_not_fit(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "labels.csv").write_text(text)
    samples = random_samples(model((1,), "int8"), 2)
    with pytest.raises(CompileError, match=message):
        read_labels(tmp_path / "labels.csv", samples)
    with pytest.raises(CompileError, match="cannot read the labels"):
        read_labels(tmp_path / "nowhere.csv", samples)
