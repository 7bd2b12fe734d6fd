"""fdt-discover-paths: decide which layers run together tile by tile."""

from dataclasses import dataclass
from typing import ClassVar

from fdt_mlir.bindings import ir
from fdt_mlir.errors import UsageError
from fdt_mlir.passes import Pass
from fdt_mlir.paths.path_plan import DiscoveryOptions, PathPlan, Strategy


@dataclass(frozen=True)
class DiscoverPathsPass(Pass):
    """Find the paths to tile and write them on the model's function.

    Requires: layer form (fdt-mark-layers).
    Ensures: the function carries `fdt.paths`, an array of `{family, layers, dims, tiles, glyph}`,
        empty where nothing is to be tiled; nothing else changes.
    Fails when: no choice of paths fits `ram`; or the module has not exactly one entry function.

    Options: `strategy`; `max-mac-overhead`, percent of additional multiply-accumulates that the
    smallest arena may cost; `ram`, bytes, 0 for no limit: with a limit the choice of least work
    that fits is made, and `max-mac-overhead` only bounds the strategy `paper`.
    """

    name: ClassVar[str] = "fdt-discover-paths"

    strategy: Strategy = "auto"
    max_mac_overhead: float = 0.0
    ram: int = 0

    def __post_init__(self) -> None:
        if self.max_mac_overhead < 0:
            raise UsageError(
                f"{self.name}: max-mac-overhead is {self.max_mac_overhead} percent, but must not"
                " be negative"
            )
        if self.ram < 0:
            raise UsageError(f"{self.name}: ram is {self.ram} bytes, but must not be negative")

    def run(self, module: ir.Module) -> None:
        from fdt_mlir.paths.build_graph import entry_of
        from fdt_mlir.paths.discover import discover

        options = DiscoveryOptions(self.strategy, self.max_mac_overhead, self.ram)
        found = discover(module, options)
        write_paths(entry_of(module), found.paths)


def write_paths(function: ir.Operation, paths: tuple[PathPlan, ...]) -> None:
    """Write the decision on the model's function."""
    function.attributes["fdt.paths"] = ir.ArrayAttr.get([_path_attribute(path) for path in paths])


def _path_attribute(path: PathPlan) -> ir.DictAttr:
    return ir.DictAttr.get(
        {
            "family": ir.StringAttr.get(path.family),
            "layers": ir.ArrayAttr.get([ir.StringAttr.get(layer) for layer in path.layers]),
            "dims": ir.DenseI64ArrayAttr.get(path.dims),
            "tiles": ir.DenseI64ArrayAttr.get(path.tiles),
            "glyph": ir.StringAttr.get(path.glyph),
        }
    )
