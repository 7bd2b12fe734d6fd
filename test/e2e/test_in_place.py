"""Results that overwrite their inputs, kind by kind: compiled, run, bit-exact, in fewer bytes.

Each model is as small as shows one kind. The arena is what the kind needs by hand: the larger of
input and result, plus how far a window reads ahead of what it writes.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from e2e.harness import check_bit_exact
from models.graph import Graph, Tensor
from models.quantize import Element
from models.single_op import model, quantize_input
from models.tflite_writer import write_file


class Case(NamedTuple):
    """A model, the arena it needs, and the number of its steps that overwrite an input."""

    shapes: Sequence[tuple[int, ...]]
    build: Callable[..., Tensor]
    arena_bytes: int
    in_place: int = 1
    element: Element = "int8"


def onto_first(g: Graph, a: Tensor, b: Tensor) -> Tensor:
    """The second operand is returned too: only the first one dies."""
    g.output(b)
    return g.add(a, b)


def onto_second(g: Graph, a: Tensor, b: Tensor) -> Tensor:
    g.output(a)
    return g.mul(a, b)


def residual(g: Graph, x: Tensor) -> Tensor:
    """The second convolution adds to the shortcut, whose bytes its result takes."""
    return g.add(x, g.conv2d(g.conv2d(x, 4, 3), 4, 3))


def concatenated(g: Graph, x: Tensor) -> Tensor:
    return g.concat([g.conv2d(x, 1, 3), g.conv2d(x, 3, 1)], axis=3)


def split(g: Graph, x: Tensor) -> Tensor:
    halves = [g.slice(x, (0, 0, 0, first), (1, 6, 5, 2)) for first in (0, 2)]
    return g.add(*halves)


def sliced(g: Graph, x: Tensor) -> Tensor:
    return g.conv2d(g.slice(x, (0, 1, 0, 0), (1, 4, 5, 4)), 4, 1)


def padded(g: Graph, x: Tensor) -> Tensor:
    return g.conv2d(g.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0))), 4, 3, padding="VALID")


IMAGE, PIXEL, ROW = (1, 6, 5, 4), 4, 5 * 4
SIZE = 6 * ROW
# A window of three rows and columns begins a row and a pixel before its own pixel.
TRAIL = ROW + PIXEL
CASES: dict[str, Case] = {
    "relu": Case([IMAGE], lambda g, x: g.relu(x), SIZE),
    "clamp": Case([IMAGE], lambda g, x: g.relu6(x), SIZE),
    "logistic": Case([IMAGE], lambda g, x: g.logistic(x), SIZE),
    "square": Case([IMAGE], lambda g, x: g.mul(x, x), SIZE),
    "softmax": Case([(1, 11)], lambda g, x: g.softmax(x), 11),
    "softmax, floats": Case([(1, 11)], lambda g, x: g.softmax(x), 44, element="float32"),
    # Backwards: four bytes take the place of each one.
    "dequantize": Case([IMAGE], lambda g, x: g.dequantize(x), 4 * SIZE),
    "add": Case([IMAGE, IMAGE], lambda g, a, b: g.add(a, b), 2 * SIZE),
    "add onto the first": Case([IMAGE, IMAGE], onto_first, 8 * SIZE, element="float32"),
    "mul onto the second": Case([IMAGE, IMAGE], onto_second, 8 * SIZE, element="float32"),
    # The first convolution needs its result beside the shortcut.
    "residual": Case([IMAGE], residual, 2 * SIZE),
    # Of each pixel, all channels but the last are written while it is still read.
    "conv": Case([IMAGE], lambda g, x: g.conv2d(x, 4, 3), SIZE + TRAIL + PIXEL - 1),
    # Eight results of a pixel against eight bytes read of two; the window begins one before.
    "conv, stride 2": Case([IMAGE], lambda g, x: g.conv2d(x, 8, 3, strides=2), SIZE + PIXEL + 7),
    "depthwise": Case([IMAGE], lambda g, x: g.depthwise_conv2d(x, 3), SIZE + TRAIL),
    "average pool": Case([IMAGE], lambda g, x: g.average_pool(x, 2), SIZE),
    "max pool": Case(
        [IMAGE], lambda g, x: g.max_pool(x, 3, strides=1, padding="SAME"), SIZE + TRAIL
    ),
    "pointwise, equal": Case([IMAGE], lambda g, x: g.conv2d(x, 4, 1), SIZE + 3),
    "pointwise, shrinking": Case([IMAGE], lambda g, x: g.conv2d(x, 3, 1), SIZE + 2),
    # Backwards: nine bytes take the place of four.
    "pointwise, growing": Case([IMAGE], lambda g, x: g.conv2d(x, 9, 1), 9 * SIZE // 4 + 3),
    # Both parts are written where they belong; their input lives until the second one is.
    "concat": Case([IMAGE], concatenated, 2 * SIZE, 0),
    "split": Case([IMAGE], split, SIZE),
    "slice": Case([IMAGE], sliced, SIZE),
    "pad": Case([IMAGE], padded, SIZE + TRAIL + PIXEL - 1),
}


# Wrong if a kind of kernel stops overwriting its input, or overwrites what it still reads.
@pytest.mark.parametrize("kind", CASES)
def test_results_overwrite_inputs(kind: str, tmp_path: Path):
    case = CASES[kind]
    path = tmp_path / "model.tflite"
    write_file(model(case.shapes, case.build, case.element), path)
    compiled = check_bit_exact(path, sanitize=True, random_inputs=8, strategy="none", shadow=True)
    steps = compiled.report["steps"]
    assert "copy" not in [step["kind"] for step in steps]
    assert compiled.arena_bytes == case.arena_bytes
    assert sum(step["in_place"] is not None for step in steps) == case.in_place
    assert compiled.report["layout_proved_optimal"]


# Wrong if a float does not give way to the byte that is made of it.
def test_quantize_overwrites_floats(tmp_path: Path):
    path = tmp_path / "model.tflite"
    write_file(quantize_input(IMAGE), path)
    compiled = check_bit_exact(path, sanitize=True, random_inputs=8, strategy="none", shadow=True)
    assert compiled.arena_bytes == 4 * SIZE
    assert compiled.report["steps"][0]["in_place"] == "input_0"
