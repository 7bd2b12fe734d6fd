"""A schedule as a transform-dialect module: read, checked, joined with the library, run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from fdt_mlir.attributes import string
from fdt_mlir.bindings import apply_transform, ir, merge_symbols, parse_file, walk
from fdt_mlir.diagnostics import Diagnostic
from fdt_mlir.errors import CompileError, compile_error
from fdt_mlir.passes import location_of, mlir_diagnostics, op_error
from fdt_mlir.schedules.fingerprint import FINGERPRINT, fingerprint
from fdt_mlir.schedules.script_errors import diagnostics_of

_MAIN = "__transform_main"
_SEQUENCE = "transform.named_sequence"
_LIBRARY = Path(__file__).with_name("fdt_schedules.mlir")


@dataclass(frozen=True)
class Script:
    """A schedule: a module of named sequences, before the library is joined to it."""

    module: ir.Module

    def named_sequences(self) -> Mapping[str, ir.Operation]:
        """The sequences that the module defines or declares, by name."""
        operations = [op.operation for op in self.module.body.operations]
        return {string(op, "sym_name"): op for op in operations if op.name == _SEQUENCE}

    def check_fingerprint(self, payload: ir.Module) -> None:
        """Raise CompileError where the schedule was made for another module than `payload`."""
        wanted = fingerprint(payload)
        script = self.module.operation
        if FINGERPRINT not in script.attributes:
            raise op_error(
                script,
                "the schedule does not say which module it was made for",
                f'add {FINGERPRINT} = "{wanted}" to the attributes of its module, if this is it',
            )
        given = script.attributes[FINGERPRINT]
        if not isinstance(given, ir.StringAttr) or given.value != wanted:
            raise op_error(
                script,
                f"the schedule was made for another module: its {FINGERPRINT} is {given}, that of "
                f'this module "{wanted}"',
                "make the schedule again with fdt-compile, of this model and this version",
            )

    def run(self, payload: ir.Module) -> None:
        """Apply the schedule to `payload`. Raises CompileError that names sequence and line."""
        main = self._main()
        places = {str(op.location): name for name, op in self._operations()}
        self._join_library()
        failure = apply_transform(payload, main, self.module)
        if failure is not None:
            raise CompileError(diagnostics_of(failure, places))

    def _main(self) -> ir.Operation:
        main = self.named_sequences().get(_MAIN)
        if main is None or not main.regions[0].blocks:
            raise op_error(
                self.module.operation,
                f"the schedule defines no sequence @{_MAIN}",
                f"it begins with transform.named_sequence @{_MAIN}(%model: !transform.any_op ...)",
            )
        arguments = main.regions[0].blocks[0].arguments
        if len(arguments) != 1 or str(arguments[0].type) != "!transform.any_op":
            raise op_error(main, f"@{_MAIN} takes one argument, the module as !transform.any_op")
        return main

    def _operations(self) -> list[tuple[str, ir.Operation]]:
        """Every operation of a sequence, with the name of the sequence."""
        return [(name, op) for name, root in self.named_sequences().items() for op in walk(root)]

    def _join_library(self) -> None:
        """Define the sequences of the library.

        Every call gets a copy of its own, whose operations know the place of the call, so that a
        failure inside is reported where a person can repair it.
        """
        calls = [op for _, op in self._operations() if op.name == "transform.include"]
        library = parse_file(_LIBRARY)
        names = set(Script(library).named_sequences())
        clash = merge_symbols(self.module, library)
        if clash is not None:
            raise CompileError(diagnostics_of(clash, {}))
        for call in calls:
            if string(call, "target") in names:
                self._call_copy(call, call.location)

    def _call_copy(self, call: ir.Operation, caller: ir.Location) -> None:
        sequences = self.named_sequences()
        target = string(call, "target")
        copy = sequences[target].clone(ip=ir.InsertionPoint(sequences[target])).operation
        name = f"{target}_called_{len(sequences)}"
        copy.attributes["sym_name"] = ir.StringAttr.get(name)
        call.attributes["target"] = ir.FlatSymbolRefAttr.get(name)
        for op in walk(copy):
            op.location = ir.Location.callsite(op.location, [caller])
            if op.name == "transform.include":
                self._call_copy(op, caller)


def parse_script(text: str) -> Script:
    """Parse the text of a schedule in the current context. Raises CompileError."""
    try:
        return Script(ir.Module.parse(text))
    except ir.MLIRError as error:
        raise _parse_error(error) from error


def read_script(path: Path) -> Script:
    """Parse a schedule file in the current context. Raises CompileError."""
    try:
        path.read_bytes()
        return Script(parse_file(path))
    except OSError as error:
        raise compile_error(f"cannot read the schedule {path}: {error.strerror}") from None
    except ir.MLIRError as error:
        raise _parse_error(error) from error


def _parse_error(error: ir.MLIRError) -> CompileError:
    return CompileError(mlir_diagnostics(error) or [Diagnostic("the schedule is no valid MLIR")])


def script_location(script: Script) -> str:
    """Where a schedule begins, for messages."""
    return str(location_of(script.module.operation))
