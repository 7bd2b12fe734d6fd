"""The functions that a model has in C beside its kernels: each takes the arenas."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager

from fdt_mlir.allocate.memories import arena_names
from fdt_mlir.bindings import ir
from fdt_mlir.emitc.kernel_functions import create_function
from fdt_mlir.emitc.statements import named
from fdt_mlir.emitc.types import int_type, pointer_to
from fdt_mlir.emitc.values import create


@contextmanager
def model_function(
    block: ir.Block,
    name: str,
    parameters: Mapping[str, ir.Type],
    result: ir.Type | None = None,
    specifiers: Sequence[str] = (),
    comment: str | None = None,
) -> Generator[tuple[ir.Operation, list[ir.Value]], None, None]:
    """Write a function into a block; gives it and its arguments while its body is open."""
    types = list(parameters.values())
    results = [] if result is None else [result]
    with ir.InsertionPoint(block), ir.Location.unknown():
        function = create_function(name, types, results, specifiers, comment)
    locations = [named(parameter) for parameter in parameters]
    body = function.regions[0].blocks.append(*types, arg_locs=locations)
    with ir.InsertionPoint(body), ir.Location.unknown():
        yield function, list(body.arguments)


def arena_parameters(entry: ir.Operation) -> dict[str, ir.Type]:
    """The arenas as parameters of a public function."""
    return dict.fromkeys(arena_names(entry), ir.Type.parse('!emitc.ptr<!emitc.opaque<"void">>'))


def base_parameters(entry: ir.Operation) -> dict[str, ir.Type]:
    """The arenas as parameters of a function of the model's own: their bytes."""
    return dict.fromkeys(_base_names(entry), pointer_to(int_type(8)))


def bases_of(entry: ir.Operation, arenas: Sequence[ir.Value]) -> list[ir.Value]:
    """The start of each arena as bytes."""
    bases: list[ir.Value] = []
    for name, arena in zip(_base_names(entry), arenas, strict=True):
        with named(name):
            bases.append(create("cast", [pointer_to(int_type(8))], [arena]).results[0])
    return bases


def _base_names(entry: ir.Operation) -> list[str]:
    names = arena_names(entry)
    return ["base"] if len(names) == 1 else [f"{name}_base" for name in names]


def c_int() -> ir.Type:
    """What public functions return."""
    return ir.Type.parse('!emitc.opaque<"int">')
