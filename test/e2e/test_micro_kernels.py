"""Kernels made for one core are exact everywhere: on the host by their C99 forms, on the core.

Each layer is tested by itself, in shapes that divide no block, with every stride, padding and
dilation, and zero points and multipliers at their ends (`models/kernel_cases.py`). Chains of layers
are tiled by hand, so that every kernel meets slices, windows and rings.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from e2e.harness import check_bit_exact, check_outputs
from e2e.test_schedules import fdt, schedule_for
from fdt_mlir import api
from fdt_mlir.schedules.tile_path import FFMT, PIXEL_STREAM, STREAM, TilePath
from models.graph import Graph, Tensor
from models.kernel_cases import FAMILIES, together
from models.single_op import model
from models.tflite_writer import write_file

CODE = {
    "low_registers": {"target": "cortex-m0"},
    "dsp": {"target": "cortex-m4"},
    "dsp_wide": {"target": "cortex-m33", "optimize": "speed"},
    "dsp_small": {"target": "cortex-m7", "optimize": "size"},
    "helium": {"target": "cortex-m55"},
    "portable": {"target": "riscv32"},
}
"""What is compiled, and on which core it runs."""
PARTS = len(CODE)


def parts() -> list[object]:
    """Every part of every family with every code; a sixth of them quickly, each part once."""
    return [
        pytest.param(
            family,
            code,
            part,
            marks=() if (number + code_number) % PARTS == part else pytest.mark.slow,
            id=f"{family}-{code}-{part}",
        )
        for number, family in enumerate(FAMILIES)
        for code_number, code in enumerate(CODE)
        for part in range(PARTS)
    ]


@pytest.mark.parametrize(("family", "code", "part"), parts())
def test_kernels_by_themselves(family: str, code: str, part: int, tmp_path: Path) -> None:
    """Output n of the model is that of layer n of the part."""
    path = tmp_path / f"{family}.tflite"
    write_file(together(family, part, PARTS), path)
    compiled = api.compile(path, strategy="none", **CODE[code])
    title = f"part {part} of {family} with {code}"
    check_outputs(title, compiled, path, sanitize=True, random_inputs=4)
    check_outputs(title, compiled, path, CODE[code]["target"], random_inputs=4)


def windows(graph: Graph, x: Tensor) -> Tensor:
    x = graph.conv2d(x, 12, 3, strides=2, activation="RELU")
    x = graph.depthwise_conv2d(x, 3, activation="RELU")
    x = graph.conv2d(x, 18, 1, activation="RELU6")
    x = graph.depthwise_conv2d(x, (5, 3), strides=(1, 2))
    return graph.conv2d(x, 7, 3)


def pools(graph: Graph, x: Tensor) -> Tensor:
    x = graph.conv2d(x, 18, 3, activation="RELU")
    x = graph.max_pool(x, 3, strides=2, padding="SAME")
    x = graph.average_pool(x, (3, 2), strides=1, padding="SAME")
    x = graph.add(x, graph.depthwise_conv2d(x, 3))
    return graph.max_pool(x, (2, 3), strides=(1, 2))


CHAINS: dict[str, Callable[[Graph, Tensor], Tensor]] = {"windows": windows, "pools": pools}
_WINDOWS = ("conv2d", "depthwise_conv2d", "conv2d_1", "depthwise_conv2d_1", "conv2d_2")
_POOLS = ("conv2d", "max_pooling2d", "average_pooling2d", "depthwise_conv2d", "max_pooling2d_1")
TILED = {
    # Channels: those of a tile follow each other, or lie as far apart as those of the whole.
    "windows-channels": ("windows", (fdt(" ".join(_WINDOWS[1:3]), 2, 9),)),
    "windows-fan-in": ("windows", (fdt(" ".join(_WINDOWS[2:]), 5, 6),)),
    "pools-channels": ("pools", (fdt(" ".join(_POOLS), 2, 6),)),
    "pools-channels-of-one": ("pools", (fdt(" ".join(_POOLS[:2]), 2, 9),)),
    # Rows and columns: parts of tensors, borders that move.
    "windows-rows": ("windows", (TilePath(FFMT, _WINDOWS, (0,), (4,)),)),
    "windows-grid": ("windows", (TilePath(FFMT, _WINDOWS[:4], (0, 1), (5, 2)),)),
    "pools-rows": ("pools", (TilePath(FFMT, _POOLS, (0,), (5,)),)),
    "pools-grid": ("pools", (TilePath(FFMT, _POOLS, (0, 1), (4, 3)),)),
    # Streams: rows in rings.
    "windows-stream": ("windows", (TilePath(STREAM, _WINDOWS, (0,), (1,)),)),
    "windows-stream-of-columns": ("windows", (TilePath(STREAM, _WINDOWS[:4], (1,), (2,)),)),
    "pools-stream": ("pools", (TilePath(STREAM, _POOLS, (0,), (1,)),)),
    "pools-stream-of-two": ("pools", (TilePath(STREAM, _POOLS, (0,), (2,)),)),
    "pools-stream-of-columns": ("pools", (TilePath(STREAM, _POOLS, (1,), (1,)),)),
    # Pixels in rings, where windows meet the end of a ring.
    "windows-pixels": ("windows", (TilePath(PIXEL_STREAM, _WINDOWS, (0, 1), (1, 1)),)),
    "windows-pixels-of-three": ("windows", (TilePath(PIXEL_STREAM, _WINDOWS[:4], (0, 1), (1, 3)),)),
    "pools-pixels": ("pools", (TilePath(PIXEL_STREAM, _POOLS, (0, 1), (1, 1)),)),
    # Channels tiled, and each tile a stream.
    "windows-channels-of-rows": ("windows", (TilePath(STREAM, _WINDOWS[:2], (2, 0), (6, 1)),)),
    "windows-channels-of-pixels": (
        "windows",
        (TilePath(PIXEL_STREAM, _WINDOWS[:2], (2, 0, 1), (4, 1, 1)),),
    ),
    "pools-pixels-of-four": ("pools", (TilePath(PIXEL_STREAM, _POOLS, (0, 1), (1, 4)),)),
}


def tiled() -> list[object]:
    """Every chain with every code that differs much; quickly each chain with one of them."""
    codes = ("portable", "dsp", "helium")
    return [
        pytest.param(
            name,
            code,
            marks=() if number % len(codes) == code_number else pytest.mark.slow,
            id=f"{name}-{code}",
        )
        for number, name in enumerate(TILED)
        for code_number, code in enumerate(codes)
    ]


@pytest.mark.parametrize(("name", "code"), tiled())
def test_tiled_kernels(name: str, code: str, tmp_path: Path) -> None:
    chain, paths = TILED[name]
    path = tmp_path / "chain.tflite"
    write_file(model([(1, 25, 18, 3)], CHAINS[chain]), path)
    script = tmp_path / "schedule.mlir"
    script.write_text(schedule_for(path, paths))
    compiled = check_bit_exact(
        path, sanitize=True, random_inputs=4, transform_script=script, **CODE[code]
    )
    check_outputs(name, compiled, path, CODE[code]["target"], random_inputs=2)
