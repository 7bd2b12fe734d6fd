"""What a tile loop costs: little code, contiguous weights, no copies, one start and one finish."""

import re
from pathlib import Path
from typing import Any

import pytest

from e2e.test_schedules import Case, fdt, schedule_of
from fdt_mlir import api, targets
from fdt_mlir.schedules.tile_path import FFMT, TilePath

EXAMPLES = Path(__file__).parents[2] / "examples" / "models"
CODE_BYTES_PER_PATH = 3 * 1024
FAN_IN = ("conv2d_1", "depthwise_conv2d_1", "conv2d_2")
ROWS = ("conv2d_2", "depthwise_conv2d_2")

POINTER = re.compile(r"\b(\w+) \+ (tile\w*)(?: \* (\d+))?")
LOOP = re.compile(r"for \(int32_t (tile\w*) = 0; \1 < (\d+);")
ARRAY = re.compile(r"static const \w+ (\w+)\[(\d+)\]")


def compiled_with(folder: Path, *paths: TilePath, model: str = "kws") -> api.Compiled:
    """Compile a model with paths made by hand."""
    script = folder / "schedule.mlir"
    script.write_text(schedule_of(Case(model, "", paths)))
    return api.compile(EXAMPLES / f"{model}.tflite", transform_script=script)


def code_bytes(compiled: api.Compiled, folder: Path) -> int:
    """Machine code of a model on a Cortex-M4 at -O2, without constants."""
    compiled.write(folder)
    return targets.build(folder, "cortex-m4").sizes.code_bytes


@pytest.mark.parametrize(
    ("model", "choices"),
    [
        ("kws", {"strategy": "ffmt", "max_mac_overhead": 150.0}),
        ("cif", {"strategy": "fdt"}),
        ("mw", {"strategy": "auto"}),
        ("res", {"max_mac_overhead": 30.0}),
        ("ssd", {"strategy": "paper"}),
    ],
)
def test_a_path_adds_at_most_3_kib_of_code(
    model: str, choices: dict[str, Any], tmp_path: Path
) -> None:
    path = EXAMPLES / f"{model}.tflite"
    tiled = api.compile(path, **choices)
    untiled = api.compile(path, strategy="none")
    growth = code_bytes(tiled, tmp_path / "tiled") - code_bytes(untiled, tmp_path / "untiled")
    assert tiled.discovery.paths
    assert growth <= CODE_BYTES_PER_PATH * len(tiled.discovery.paths)


@pytest.mark.parametrize("family", ["fdt", "ffmt"])
def test_code_does_not_grow_with_the_number_of_tiles(family: str, tmp_path: Path) -> None:
    """Unrolled, two tiles and thirty-two would differ by much more."""
    sizes: list[int] = []
    for tile in (16, 1):
        path = fdt(" ".join(FAN_IN), 3, tile)
        if family == FFMT:
            path = TilePath(FFMT, ROWS, (0,), (tile,))
        folder = tmp_path / str(tile)
        folder.mkdir()
        sizes.append(code_bytes(compiled_with(folder, path), folder / "kws"))
    assert abs(sizes[1] - sizes[0]) < 1024


@pytest.mark.parametrize(
    ("model", "path", "arrays"),
    [
        ("kws", fdt(" ".join(FAN_IN), 3, 8), 3),
        ("cif", fdt("conv2d max_pooling2d", 2, 4), 1),
        ("ae", fdt("dense dense_1", 1, 16), 2),
        ("ssd", fdt("conv2d_1 depthwise_conv2d_1", 2, 8), 2),
    ],
)
def test_the_weights_of_a_tile_are_contiguous(
    model: str, path: TilePath, arrays: int, tmp_path: Path
) -> None:
    """A tile begins where the one before ends: the tiles' strides add up to the array's length."""
    source = compiled_with(tmp_path, path, model=model).files[f"{model}.c"]
    lengths = {name: int(count) for name, count in ARRAY.findall(source)}
    counts = {loop: int(count) for loop, count in LOOP.findall(source)}
    sliced = {
        name: int(stride or 1) * counts[loop]
        for name, loop, stride in POINTER.findall(source)
        if name in lengths
    }
    assert sum(name.endswith(("weights", "constant")) for name in sliced) == arrays
    assert sliced == {name: lengths[name] for name in sliced}


def test_a_fan_in_begins_and_finishes_once(tmp_path: Path) -> None:
    """Bias before the loop, rescale after it: neither is part of a tile."""
    compiled = compiled_with(tmp_path, fdt(" ".join(FAN_IN), 3, 8))
    names = [step["name"] for step in compiled.report["steps"]]
    at = names.index("conv2d_2_init")
    assert names[at : at + 5] == ["conv2d_2_init", *FAN_IN, "conv2d_2_finish"]
    invoke = compiled.files["kws.c"].partition("kws_invoke(")[2]
    before, loop, after = re.split(r"for \(.*\{\n|\n  \}\n", invoke, maxsplit=2)
    assert "conv2d_2_init" in before
    assert "_init" not in loop
    assert "_finish" not in loop
    assert "conv2d_2_finish" in after


@pytest.mark.parametrize(
    ("model", "choices"),
    [
        ("kws", {"strategy": "ffmt", "max_mac_overhead": 150.0}),
        ("cif", {"strategy": "fdt"}),
        ("mw", {"strategy": "auto"}),
        ("ssd", {"strategy": "paper"}),
    ],
)
def test_tiles_write_their_slice_in_place(model: str, choices: dict[str, Any]) -> None:
    """No step concatenates: steps are layers, merged ones too, and the ends of split ones."""
    path = EXAMPLES / f"{model}.tflite"
    tiled, untiled = api.compile(path, **choices), api.compile(path, strategy="none")
    assert tiled.discovery.paths
    layers = {step["name"] for step in untiled.report["steps"]}
    ends = {path.layers[-1] for path in tiled.discovery.paths}
    merged = {"_".join(path.layers) for path in tiled.discovery.paths if path.family == "merge"}
    added = {step["name"] for step in tiled.report["steps"]} - layers - merged
    assert added <= {f"{end}_{part}" for end in ends for part in ("init", "finish")}
    # Nor do tiles need memory of their own beside the layers' results.
    buffers = {buffer["name"] for buffer in tiled.report["buffers"]} - added
    assert buffers <= {buffer["name"] for buffer in untiled.report["buffers"]} | merged
