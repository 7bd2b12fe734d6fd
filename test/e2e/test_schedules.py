"""Tiled models give the same outputs as the reference, with schedules made by hand."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from e2e.harness import check_bit_exact
from fdt_mlir.bindings import ir, mlir_context
from fdt_mlir.importer.importer import import_model
from fdt_mlir.normalize.structured import defined_functions
from fdt_mlir.pipeline import parse_pipeline
from fdt_mlir.schedules.generate import schedule_text
from fdt_mlir.schedules.tile_and_fuse import TileAndFusePass
from fdt_mlir.schedules.tile_path import FDT, FFMT, PATHS, TilePath, paths_attribute
from fdt_mlir.stages import IMPORT, NORMALIZE, ORDER_LAYERS

MODELS = Path(__file__).parents[2] / "examples" / "models"


@dataclass(frozen=True)
class Case:
    """A way to tile a model; `intent` says what it is meant to show."""

    model: str
    intent: str
    paths: tuple[TilePath, ...]

    def __str__(self) -> str:
        return f"{self.model}-{self.intent}"


def fdt(layers: str, dim: int, tile: int) -> TilePath:
    return TilePath(FDT, tuple(layers.split()), (dim,), (tile,))


CASES = (
    Case("kws", "fan-in", (fdt("conv2d_1 depthwise_conv2d_1 conv2d_2", 3, 8),)),
    Case("kws", "concat-end-of-padded-input", (fdt("conv2d depthwise_conv2d", 2, 4),)),
    Case(
        "kws",
        "paths-of-both-families",
        (
            fdt("conv2d depthwise_conv2d", 2, 16),
            TilePath(FFMT, ("conv2d_2", "depthwise_conv2d_2"), (0,), (7,)),
            fdt("conv2d_4 average_pooling2d", 0, 2),
        ),
    ),
    Case("res", "join-inside", (fdt("conv2d_7 conv2d_8 average_pooling2d", 0, 8),)),
    Case("res", "windows-and-channels-summed", (fdt("conv2d_6 conv2d_7", 5, 4),)),
    Case("ae", "dense-to-dense", (fdt("dense dense_1", 1, 16), fdt("dense_4 dense_5", 1, 6))),
    Case("mw", "through-a-slice-in-f32", (fdt("depthwise_conv2d max_pooling2d", 1, 2),)),
    Case("mw", "tiles-of-one-channel", (fdt("depthwise_conv2d max_pooling2d", 1, 1),)),
    Case("cif", "channels-through-a-flatten", (fdt("conv2d_1 max_pooling2d_1 dense", 3, 4),)),
    Case(
        "cif",
        "rows-and-channels",
        (TilePath(FDT, ("conv2d", "max_pooling2d"), (0, 2), (3, 4)),),
    ),
    Case("txt", "gather-inside-a-reduction", (fdt("global_average_pooling", 1, 32),)),
)


def normalized(model: Path) -> ir.Module:
    """A model in layer form, in the current context."""
    module = import_model(model)
    for stage in (IMPORT, NORMALIZE, ORDER_LAYERS):
        parse_pipeline(stage.pipeline).run(module)
    return module


def decide(module: ir.Module, paths: Sequence[TilePath]) -> None:
    (function,) = defined_functions(module)
    function.attributes[PATHS] = paths_attribute(paths)


def schedule_for(model: Path, paths: Sequence[TilePath]) -> str:
    """The schedule that tiles a model along these paths."""
    with mlir_context():
        module = normalized(model)
        decide(module, paths)
        return schedule_text(module)


def schedule_of(case: Case) -> str:
    return schedule_for(MODELS / f"{case.model}.tflite", case.paths)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_tiled_model_is_exact(case: Case, tmp_path: Path) -> None:
    script = tmp_path / "schedule.mlir"
    script.write_text(schedule_of(case))
    compiled = check_bit_exact(
        MODELS / f"{case.model}.tflite", sanitize=True, transform_script=script
    )
    assert compiled.files[f"{case.model}.c"].count("int32_t tile") >= len(case.paths)
    assert compiled.files["schedule.mlir"] == script.read_text()


@pytest.mark.parametrize("case", CASES[2:4], ids=str)
def test_a_schedule_replays_on_the_text_of_the_module(case: Case, tmp_path: Path) -> None:
    # Constants, names and their order have to survive the text: the fingerprint covers them.
    script = tmp_path / "schedule.mlir"
    script.write_text(schedule_of(case))
    with mlir_context():
        module = normalized(MODELS / f"{case.model}.tflite")
        text = str(module)
        decide(module, case.paths)
        TileAndFusePass().run(module)
        direct = str(module)
    with mlir_context():
        replayed = ir.Module.parse(text)
        TileAndFusePass(script=str(script)).run(replayed)
        assert str(replayed) == direct
