"""How much flash the C takes, where a compiler for the target is installed."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from fdt_mlir.targets.registry import find_target
from fdt_mlir.targets.toolchain import compile_object, section_sizes

_OPTIMIZE = "-O2"
# C that is for any core is measured on the first of these that there is a compiler for.
_TYPICAL = ("cortex-m4", "host")
# Beyond this, the initialisers of the weights keep a C compiler busy for many seconds.
_MOST_WEIGHTS_BYTES = 1024 * 1024


@dataclass(frozen=True)
class CodeSize:
    """Bytes of code and of constants, weights included, as a compiler for `target` makes them."""

    target: str
    optimize: str
    code_bytes: int
    constant_bytes: int


def measure_code(files: Mapping[str, str], weights_bytes: int, target: str) -> CodeSize | None:
    """Compile the C and sum its sections; None without a compiler, or with very many weights.

    `files` maps names to contents. Raises CompileError where the C does not compile.
    """
    names = _TYPICAL if target == "generic" else (target,)
    rows = [find_target(name) for name in names]
    row = next((row for row in rows if shutil.which(row.compiler)), None)
    if row is None or weights_bytes > _MOST_WEIGHTS_BYTES:
        return None
    with tempfile.TemporaryDirectory(prefix="fdt-size-") as name:
        folder = Path(name)
        for file, text in files.items():
            (folder / file).write_text(text, encoding="utf-8")
        objects: list[Path] = []
        for source in sorted(folder.glob("*.c")):
            objects.append(source.with_suffix(".o"))
            compile_object(row, source, objects[-1], (_OPTIMIZE,), (folder,))
        sizes = section_sizes(row, objects)
    return CodeSize(row.name, _OPTIMIZE, sizes.code_bytes, sizes.constant_bytes)
