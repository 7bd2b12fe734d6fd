"""The module that goes to iree-compile: IREE's stream dialect, all memory in one arena.

IREE would schedule and allocate by itself, but copies what a loop carries and packs first-fit. In
the stream dialect the schedule and the places are ours: tile loops are loops around dispatches, and
the only transient allocation is the planned arena.
"""

from __future__ import annotations

from collections.abc import Sequence

from fdt_mlir.bindings import ir
from fdt_mlir.iree.dispatch_functions import DispatchFunctions
from fdt_mlir.iree.program import Dispatch, Item, Places, Program, Resource, TileLoop, read_program
from fdt_mlir.normalize.structured import shape_of, tensor_bytes
from fdt_mlir.passes import run_mlir_passes

_AFFINITY = "on(#hal.device.affinity<@__device_0>)"
_TIMEPOINT = "!stream.timepoint"


def stream_module(module: ir.Module, function: ir.Operation, name: str, device: str) -> str:
    """The text of the module for a planned model (fdt-plan-arena{external-io=1}).

    `name` becomes the module's and `device` is the line that defines `@__device_0`. Raises
    CompileError for what an IREE module cannot hold.
    """
    program = read_program(function)
    functions = DispatchFunctions(module, Places(function))
    exports: list[str] = []
    for dispatch in program.dispatches():
        functions.write(dispatch)
        exports.append(_export(dispatch))
    aliases, inner = _split_aliases(str(functions.module))
    host = _HostFunction(program, function, f"{name}_kernels")
    return "\n".join(
        [
            *aliases,
            f"module @{name} attributes {{stream.affinity.default ="
            " #hal.device.affinity<@__device_0>} {",
            f"  {device.strip()}",
            f"  stream.executable private @{name}_kernels {{",
            *exports,
            f"    builtin.{inner}",
            "  }",
            *host.lines(),
            "}",
            "",
        ]
    )


def without_loops(text: str) -> str:
    """The same module with branches in its host function.

    NOTE: IREE's conversions know timepoints as arguments of blocks, not as what scf.for carries.
    """
    module = ir.Module.parse(text)
    run_mlir_passes(module, "util.func(convert-scf-to-cf)")
    return str(module)


def _export(dispatch: Dispatch) -> str:
    return (
        f"    stream.executable.export public @{dispatch.name} workgroups()"
        " -> (index, index, index) {\n"
        "      %one = arith.constant 1 : index\n"
        "      stream.return %one, %one, %one : index, index, index\n"
        "    }"
    )


def _split_aliases(text: str) -> tuple[list[str], str]:
    """The aliases that a printed module begins with, and the module."""
    lines = text.splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("module"))
    return lines[:first], "\n    ".join(lines[first:])


class _HostFunction:
    """Writes the function that runs the model: `@main` with a buffer view for each tensor."""

    def __init__(self, program: Program, function: ir.Operation, executable: str):
        self._program = program
        self._function = function
        self._executable = executable
        self._lines: list[str] = []
        self._names = 0
        self._numbers: dict[int, str] = {}
        self._bytes: dict[Resource, int] = {
            Resource("input", number): tensor_bytes(value)
            for number, value in enumerate(program.inputs)
        }
        if program.arena_bytes:
            self._bytes[Resource("arena")] = program.arena_bytes
        for resource, value in zip(program.outputs, program.results, strict=True):
            self._bytes[resource] = tensor_bytes(value)

    def lines(self) -> list[str]:
        """The function, line by line."""
        ready = self._begin()
        done = self._run(self._program.items, ready, (), "    ")
        self._end(done)
        return [self._signature(), *self._constants(), *self._lines, "  }"]

    def _signature(self) -> str:
        view = "!hal.buffer_view"
        inputs = ", ".join(f"%input_{n}_view: {view}" for n in range(len(self._program.inputs)))
        outputs = ", ".join([view] * len(self._program.outputs))
        arguments = ", ".join(
            f"%input{n}: {_tensor(value)}" for n, value in enumerate(self._program.inputs)
        )
        terminator = list(self._function.regions[0].blocks[0].operations)[-1].operation
        results = ", ".join(
            f"%output{n}: {_tensor(value)}" for n, value in enumerate(terminator.operands)
        )
        declaration = f"sync func @main({arguments}) -> ({results})"
        return (
            f"  util.func public @main({inputs}) -> ({outputs}) attributes {{iree.abi.stub,"
            f' iree.reflection = {{iree.abi.declaration = "{declaration}"}}}} {{'
        )

    def _constants(self) -> list[str]:
        numbers = sorted(self._numbers.items())
        return [f"    {name} = arith.constant {number} : index" for number, name in numbers]

    # Before and after

    def _begin(self) -> str:
        """Check and import the inputs, allocate the rest; gives when all of that is there."""
        self._lines.append("    %row_major = hal.encoding_type<dense_row_major> : i32")
        for number, value in enumerate(self._program.inputs):
            self._import(number, value)
        ready: list[str] = []
        for resource, size in self._bytes.items():
            if resource.kind == "input":
                continue
            name = resource.name
            self._lines.append(
                f"    %{name}, %{name}_ready = stream.resource.alloca uninitialized {_AFFINITY} :"
                f" {_type(resource)}{{{self._number(size)}}} => {_TIMEPOINT}"
            )
            ready.append(f"%{name}_ready")
        if len(ready) == 1:
            return ready[0]
        self._lines.append(
            f"    %ready = stream.timepoint.join max({', '.join(ready)}) => {_TIMEPOINT}"
        )
        return "%ready"

    def _import(self, number: int, value: ir.Value) -> None:
        view, size = f"%input_{number}_view", self._number(tensor_bytes(value))
        shape = ", ".join(self._number(extent) for extent in shape_of(value))
        self._lines += [
            f"    %input_{number}_type = hal.element_type<{_element(value)}> : i32",
            f"    hal.buffer_view.assert<{view} : !hal.buffer_view> message("
            f'"input{number}") shape([{shape}]) type(%input_{number}_type) encoding(%row_major)',
            f"    %input_{number} = stream.tensor.import {_AFFINITY} {view} : !hal.buffer_view"
            f" -> {_tensor(value)} in !stream.resource<external>{{{size}}}",
        ]

    def _end(self, done: str) -> None:
        arena = Resource("arena")
        if arena in self._bytes:
            size = self._number(self._bytes[arena])
            self._lines.append(
                f"    %freed = stream.resource.dealloca {_AFFINITY} await({done}) => %arena :"
                f" {_type(arena)}{{{size}}} => {_TIMEPOINT}"
            )
            done = "%freed"
        results: list[str] = []
        terminator = list(self._function.regions[0].blocks[0].operations)[-1].operation
        exported = zip(self._program.outputs, terminator.operands, strict=True)
        for number, (resource, value) in enumerate(exported):
            size = self._number(self._bytes[resource])
            kind = f"!stream.resource<external>{{{size}}}"
            self._lines += [
                f"    %done_{number} = stream.timepoint.await {done} => %{resource.name} : {kind}",
                f"    %result_{number} = stream.tensor.export {_AFFINITY} %done_{number} :"
                f" {_tensor(value)} in {kind} -> !hal.buffer_view",
            ]
            results.append(f"%result_{number}")
        types = ", ".join(["!hal.buffer_view"] * len(results))
        self._lines.append(f"    util.return {', '.join(results)} : {types}")

    # Dispatches and loops

    def _run(
        self, items: Sequence[Item], ready: str, counters: tuple[str, ...], indent: str
    ) -> str:
        """Write items that begin when `ready` is reached; gives when they are done."""
        pending: list[Dispatch] = []
        for item in items:
            if isinstance(item, Dispatch):
                pending.append(item)
                continue
            ready = self._execute(pending, ready, counters, indent)
            pending = []
            ready = self._loop(item, ready, counters, indent)
        return self._execute(pending, ready, counters, indent)

    def _loop(self, loop: TileLoop, ready: str, counters: tuple[str, ...], indent: str) -> str:
        done, begun, counter = self._name("done"), self._name("begun"), self._name("tile")
        bounds = (self._number(number) for number in (loop.first, loop.end, loop.step))
        first, end, step = bounds
        self._lines.append(
            f"{indent}{done} = scf.for {counter} = {first} to {end} step {step}"
            f" iter_args({begun} = {ready}) -> ({_TIMEPOINT}) {{"
        )
        inner = f"{indent}  "
        narrow = f"{counter}_i32"
        self._lines.append(f"{inner}{narrow} = arith.index_cast {counter} : index to i32")
        finished = self._run(loop.body, begun, (*counters, narrow), inner)
        self._lines += [f"{inner}scf.yield {finished} : {_TIMEPOINT}", f"{indent}}}"]
        return done

    def _execute(
        self, dispatches: Sequence[Dispatch], ready: str, counters: tuple[str, ...], indent: str
    ) -> str:
        if not dispatches:
            return ready
        done = self._name("done")
        used = dict.fromkeys(r for dispatch in dispatches for r in dispatch.resources)
        captured = ", ".join(
            f"%{resource.name} as %{resource.name}_: {self._sized(resource)}" for resource in used
        )
        self._lines.append(
            f"{indent}{done} = stream.cmd.execute {_AFFINITY} await({ready}) => with({captured}) {{"
        )
        for dispatch in dispatches:
            self._dispatch(dispatch, counters, f"{indent}  ")
        self._lines.append(f"{indent}}} => {_TIMEPOINT}")
        return done

    def _dispatch(self, dispatch: Dispatch, counters: tuple[str, ...], indent: str) -> None:
        scalars = ""
        if counters:
            scalars = f"({', '.join(counters)} : {', '.join(['i32'] * len(counters))})"
        entry = f"@{self._executable}::@{dispatch.name}"
        self._lines.append(f"{indent}stream.cmd.dispatch {entry}{scalars} {{")
        zero = self._number(0)
        accesses = [
            f"{indent}  {'ro' if resource.kind == 'input' else 'rw'} %{resource.name}_[{zero} for"
            f" {self._number(self._bytes[resource])}] : {self._sized(resource)}"
            for resource in dispatch.resources
        ]
        self._lines += [",\n".join(accesses), f"{indent}}}"]

    def _sized(self, resource: Resource) -> str:
        return f"{_type(resource)}{{{self._number(self._bytes[resource])}}}"

    def _number(self, number: int) -> str:
        name = f"%c{number}" if number >= 0 else f"%minus_{-number}"
        return self._numbers.setdefault(number, name)

    def _name(self, stem: str) -> str:
        self._names += 1
        return f"%{stem}_{self._names}x"


def _type(resource: Resource) -> str:
    lifetime = "transient" if resource.kind == "arena" else "external"
    return f"!stream.resource<{lifetime}>"


def _element(value: ir.Value) -> str:
    return str(ir.MemRefType(value.type).element_type)


def _tensor(value: ir.Value) -> str:
    extents = "".join(f"{extent}x" for extent in shape_of(value))
    return f"tensor<{extents}{_element(value)}>"
