"""The only file that imports `iree.compiler`: what the rest of the project uses of MLIR.

Everything that depends on the version of the wheel lives here, each workaround with the name of
the API that is missing. `test/bindings` re-checks these facts.
"""

import io
import re
import subprocess
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from iree.compiler import ir
from iree.compiler.passmanager import PassManager
from numpy.typing import NDArray

__all__ = [
    "PassManager",
    "apply_transform",
    "compiler_revisions",
    "constant_array",
    "copy_module",
    "downcast",
    "ir",
    "iree_compile_program",
    "merge_symbols",
    "mlir_context",
    "parse_file",
    "parse_unregistered",
    "source_name",
    "walk",
]

# NOTE: the wheel has no Python module for these dialects, and the bindings try to import one again
# for every operation they wrap: a third of the time of a compilation. An empty module ends that.
for _dialect in ("bufferization", "emitc"):
    _module = f"iree.compiler.dialects.{_dialect}"
    sys.modules.setdefault(_module, ModuleType(_module))


def iree_compile_program() -> Path:
    """The iree-compile of the same wheel."""
    import iree.compiler

    return Path(iree.compiler.__path__[0]) / "_mlir_libs" / "iree-compile"


@contextmanager
def mlir_context() -> Generator[ir.Context, None, None]:
    """Enter a fresh MLIR context with an unknown default location.

    It starts no threads: one large function leaves them nothing to do, and a process forked
    afterwards would wait for them for ever.
    """
    with ir.Context() as context, ir.Location.unknown():
        context.enable_multithreading(False)
        yield context


def compiler_revisions() -> dict[str, str]:
    """What the wheel was built from: the commit of IREE, the version of LLVM and MLIR."""
    # Imported here: nothing else needs them, and they take time.
    from iree.compiler.tools.binaries import find_tool
    from iree.compiler.version import REVISIONS

    # NOTE: Python modules of the wheel do not name LLVM's version; its compiler's banner does.
    compiler = find_tool("iree-compile")
    banner = subprocess.run([compiler, "--version"], capture_output=True, text=True).stdout
    llvm = re.search(r"LLVM version (\S+)", banner)
    return {
        "IREE": REVISIONS.get("IREE", "unknown")[:12],
        "LLVM and MLIR": llvm[1] if llvm else "unknown",
    }


def parse_file(path: Path) -> ir.Module:
    """Parse MLIR text or bytecode. Locations of text name the file.

    Raises ir.MLIRError where the text is not valid IR.
    """
    return ir.Module.parseFile(str(path))


def copy_module(module: ir.Module) -> ir.Module:
    """An equal module in the same context, locations included."""
    buffer = io.BytesIO()
    module.operation.write_bytecode(buffer)
    return ir.Module.parse(buffer.getvalue(), module.context)


def parse_unregistered(bytecode: bytes, prefix: str) -> list[tuple[str, str | None]]:
    """Return operations whose names start with `prefix`, of a dialect that the wheel lacks.

    With each comes the name that its location holds.
    """
    if prefix.rstrip(".").encode() not in bytecode:
        return []
    with ir.Context() as context:
        context.enable_multithreading(False)
        context.allow_unregistered_dialects = True
        module = ir.Module.parse(bytecode)
        return [
            (op.name, source_name(op.location))
            for op in walk(module.operation)
            if op.name.startswith(prefix)
        ]


def apply_transform(payload: ir.Module, sequence: ir.Operation, script: ir.Module) -> str | None:
    """Run a named sequence of a transform script on `payload`.

    Gives None, or what the interpreter said where it failed: lines `at <location>: <message>`,
    first that of the error, then those of its notes.
    """
    # Loads the transform dialect, which few commands need.
    from iree.compiler.dialects.transform import interpreter

    try:
        interpreter.apply_named_sequence(payload.operation, sequence, script.operation)
    except ValueError as error:
        return _interpreter_message(error)
    return None


def merge_symbols(target: ir.Module, library: ir.Module) -> str | None:
    """Define in `target` what `library` defines, for calls and declarations in `target`.

    Gives None, or what MLIR said where both define the same name, in the form of `apply_transform`.
    """
    from iree.compiler.dialects.transform import interpreter

    try:
        interpreter.copy_symbols_and_merge_into(target.operation, library.operation)
    except ValueError as error:
        return _interpreter_message(error)
    return None


def _interpreter_message(error: ValueError) -> str:
    # NOTE: these bindings raise ValueError with text where others raise MLIRError.
    return str(error).partition("Diagnostic message ")[2] or str(error)


def walk(op: ir.Operation) -> Iterator[ir.Operation]:
    """Yield `op` and every operation nested in it, in program order (parents first)."""
    yield op
    for region in op.regions:
        for block in region.blocks:
            for nested in list(block.operations):
                yield from walk(nested.operation)


def constant_array(attribute: ir.Attribute) -> NDArray[Any]:
    """Copy a dense constant to numpy, in the constant's shape.

    Splats are expanded; i1 becomes bool. Raises TypeError for elements that numpy does not know
    (i4, bf16) and for data kept apart from the IR (dense_resource).
    """
    if not isinstance(attribute, (ir.DenseIntElementsAttr, ir.DenseFPElementsAttr)):
        raise TypeError(f"{type(attribute)} is no dense constant")
    assert isinstance(attribute.type, ir.ShapedType)
    return np.reshape(np.array(attribute), attribute.type.shape)


def source_name(location: ir.Location) -> str | None:
    """The model's own name for what a location stands for: the tensor name of an imported op."""
    if isinstance(location, ir.NameLoc):
        return location.name_str
    if isinstance(location, ir.FusedLoc):
        return next((name for part in location.locations if (name := source_name(part))), None)
    return None


def downcast(expr: ir.AffineExpr) -> ir.AffineExpr:
    """Give an affine expression its concrete class (AffineDimExpr, AffineAddExpr, ...).

    NOTE: compose() and the operators return the base class.
    """
    return expr.maybe_downcast()
