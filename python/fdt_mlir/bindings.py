"""The only file that imports `iree.compiler`: what the rest of the project uses of MLIR.

Everything that depends on the version of the wheel lives here, each workaround with the name of
the API that is missing. `test/bindings` re-checks these facts.
"""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

from iree.compiler import ir
from iree.compiler.passmanager import PassManager

__all__ = ["PassManager", "ir", "mlir_context", "parse_file", "walk"]


@contextmanager
def mlir_context() -> Generator[ir.Context, None, None]:
    """Enter a fresh MLIR context with an unknown default location."""
    with ir.Context() as context, ir.Location.unknown():
        yield context


def parse_file(path: Path) -> ir.Module:
    """Parse MLIR text or bytecode. Locations of text name the file.

    Raises ir.MLIRError where the text is not valid IR.
    """
    return ir.Module.parseFile(str(path))


def walk(op: ir.Operation) -> Iterator[ir.Operation]:
    """Yield `op` and every operation nested in it, in program order (parents first)."""
    yield op
    for region in op.regions:
        for block in region.blocks:
            for nested in list(block.operations):
                yield from walk(nested.operation)
