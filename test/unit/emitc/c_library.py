"""Compiles EmitC functions with the host's compiler and calls them from Python."""

import ctypes
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest

from fdt_mlir.bindings import ir
from fdt_mlir.emitc.c_printer import print_c
from fdt_mlir.emitc.helpers import write_helpers
from fdt_mlir.emitc.kernel_functions import create_function
from fdt_mlir.emitc.statements import named, return_
from fdt_mlir.emitc.types import c_name
from fdt_mlir.emitc.values import Value, computed, create
from fdt_mlir.targets.toolchain import WARNING_FLAGS

Body = Callable[..., Value]

_LOOP = """
void {name}_each(const {argument} *x, {result} *y, int count) {{
  for (int n = 0; n < count; ++n) y[n] = {name}({arguments});
}}
"""


def c_source(functions: Mapping[str, tuple[Body, list[ir.Type], ir.Type]]) -> str:
    """C of functions given as name: (body, parameter types, result type), in a context.

    Beside each function f stands f_each, which applies it to an array of argument tuples.
    """
    with ir.Location.unknown():
        module = ir.Module.create()
        with ir.InsertionPoint(module.body):
            for header in ("stdbool.h", "stdint.h"):
                attributes = {"is_standard_include": ir.UnitAttr.get()}
                create("include", attributes={**attributes, "include": ir.StringAttr.get(header)})
        for name, (body, parameters, result) in functions.items():
            with ir.InsertionPoint(module.body):
                function = create_function(name, parameters, [result], ["static"])
            names = [named(f"x{n}") for n in range(len(parameters))]
            block = function.regions[0].blocks.append(*parameters, arg_locs=names)
            with ir.InsertionPoint(block):
                return_(body(*map(computed, block.arguments)))
        write_helpers(module)
        assert module.operation.verify()
        loops = [
            _LOOP.format(
                name=name,
                argument=c_name(parameters[0]),
                result=c_name(result),
                arguments=", ".join(
                    f"x[{len(parameters)} * n + {k}]" for k in range(len(parameters))
                ),
            )
            for name, (_, parameters, result) in functions.items()
        ]
        return print_c(module) + "".join(loops)


class Library:
    """A compiled C source."""

    def __init__(self, source: str, folder: Path):
        compiler = shutil.which("gcc")
        if compiler is None:
            pytest.skip("needs gcc")
        (folder / "library.c").write_text(source)
        built = folder / "library.so"
        # Linked with C's library but not with that of mathematics, and nothing may be undefined.
        flags = [*WARNING_FLAGS, "-O2", "-shared", "-fPIC", "-Wl,-z,defs"]
        subprocess.run([compiler, *flags, str(folder / "library.c"), "-o", str(built)], check=True)
        self._library = ctypes.CDLL(str(built))

    def apply(self, name: str, arguments: np.ndarray, result: type) -> np.ndarray:
        """Apply a function to the rows of `arguments` (or to each element, if it takes one)."""
        values = np.ascontiguousarray(arguments)
        results = np.empty(len(values), result)
        each = getattr(self._library, f"{name}_each")
        each(
            values.ctypes.data_as(ctypes.c_void_p),
            results.ctypes.data_as(ctypes.c_void_p),
            ctypes.c_int(len(values)),
        )
        return results
