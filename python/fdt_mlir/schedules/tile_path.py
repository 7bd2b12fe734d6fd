"""What is tiled together, as `paths` decides it and `schedules` carries it out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fdt_mlir.attributes import integers_of, items, string_of, strings_of
from fdt_mlir.bindings import ir

PATHS = "fdt.paths"
FDT = "fdt"
FFMT = "ffmt"
STREAM = "stream"
PIXEL_STREAM = "pixel_stream"
MERGE = "merge"


@dataclass(frozen=True)
class TilePath:
    """Layers that run tile by tile in one loop.

    `layers` are in program order, the last is the end layer. `dims` are tiled loops of the end
    layer (those of its result first, then those of its reduction; loops of extent 1 do not count)
    and `tiles` their sizes. `family` is `fdt` (static tiles, a transform-dialect loop), `ffmt` (a
    row loop over kernel calls), `stream` (one that keeps rows from tile to tile along the last of
    `dims`) or `pixel_stream` (the last two of `dims` are loops over rows and columns, and pixels
    are kept). The layers of a `merge` become one layer and are not tiled. `glyph` draws the path.
    """

    family: str
    layers: tuple[str, ...]
    dims: tuple[int, ...]
    tiles: tuple[int, ...]
    glyph: str = ""


def read_paths(function: ir.Operation) -> list[TilePath]:
    """The paths of a function; empty where nothing was decided."""
    return [_path_of(attribute) for attribute in items(function, PATHS)]


def paths_attribute(paths: Sequence[TilePath]) -> ir.ArrayAttr:
    """The paths as the attribute `fdt.paths` of a function."""
    return ir.ArrayAttr.get([_attribute_of(path) for path in paths])


def _path_of(attribute: ir.Attribute) -> TilePath:
    entries = ir.DictAttr(attribute)
    return TilePath(
        family=string_of(entries["family"]),
        layers=strings_of(entries["layers"]),
        dims=integers_of(entries["dims"]),
        tiles=integers_of(entries["tiles"]),
        glyph=string_of(entries["glyph"]) if "glyph" in entries else "",
    )


def _attribute_of(path: TilePath) -> ir.DictAttr:
    return ir.DictAttr.get(
        {
            "family": ir.StringAttr.get(path.family),
            "layers": ir.ArrayAttr.get([ir.StringAttr.get(name) for name in path.layers]),
            "dims": ir.DenseI64ArrayAttr.get(path.dims),
            "tiles": ir.DenseI64ArrayAttr.get(path.tiles),
            "glyph": ir.StringAttr.get(path.glyph),
        }
    )
