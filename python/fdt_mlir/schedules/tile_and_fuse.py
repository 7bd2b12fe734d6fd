"""fdt-tile-and-fuse: apply a schedule, generated or given, to a module in layer form."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from fdt_mlir.bindings import ir
from fdt_mlir.normalize.structured import defined_functions
from fdt_mlir.passes import Pass
from fdt_mlir.schedules.check_row_paths import check_row_paths
from fdt_mlir.schedules.check_tiles import check_tiles
from fdt_mlir.schedules.finish_loops import finish_loops
from fdt_mlir.schedules.generate import schedule_text
from fdt_mlir.schedules.keep_copies import kept_copies
from fdt_mlir.schedules.script import parse_script, read_script
from fdt_mlir.schedules.tile_path import PATHS


@dataclass(frozen=True)
class TileAndFusePass(Pass):
    """Tile and fuse what a schedule says.

    `script` is the path of a schedule; where it is empty, the schedule that follows from the
    function attribute `fdt.paths` is applied (none: nothing is tiled).

    Requires: layer form.
    Ensures: each FDT path is a loop with static shapes in which every operation of its layers
        occurs once; what a Fan-In leaves before and after the loop are the layers `<layer>_init`
        and `<layer>_finish`; loops carry `fdt.path`; row paths are annotated with `fdt.row_path`,
        `fdt.row_dims` and `fdt.row_tiles`; `fdt.paths` is gone.
    Fails when: the schedule is made for another module, finds no operation or too many, has tiles
        that do not divide a loop, or leaves an operation of a tiled layer outside of its loop.
    """

    name: ClassVar[str] = "fdt-tile-and-fuse"

    script: str = ""

    def run(self, module: ir.Module) -> None:
        if self.script:
            script = read_script(Path(self.script))
        else:
            script = parse_script(schedule_text(module))
        script.check_fingerprint(module)
        check_tiles(script, module)
        with kept_copies(module):
            script.run(module)
        with kept_copies(module):
            finish_loops(module)
        check_row_paths(module)
        for function in defined_functions(module):
            if PATHS in function.attributes:
                del function.attributes[PATHS]
