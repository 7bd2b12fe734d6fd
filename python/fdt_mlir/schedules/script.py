"""A schedule as a transform-dialect module: read, checked, joined with the library, run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from fdt_mlir.attributes import i64, integer, items, string
from fdt_mlir.bindings import apply_transform, ir, merge_symbols, parse_file
from fdt_mlir.diagnostics import Diagnostic
from fdt_mlir.errors import CompileError, compile_error
from fdt_mlir.passes import location_of, mlir_diagnostics, op_error
from fdt_mlir.schedules.fingerprint import FINGERPRINT, fingerprint
from fdt_mlir.schedules.script_errors import Step, failure_of

_MAIN = "__transform_main"
_SEQUENCE = "transform.named_sequence"
_ANY_OP = "!transform.any_op"
_STEP = "fdt.schedule_step"
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
        """Apply the schedule to `payload`. Raises CompileError that names sequence and line.

        Can be called once: it prepares the module of the schedule for the interpreter.
        """
        main = self._main()
        steps = self._count_steps()
        clash = merge_symbols(self.module, parse_file(_LIBRARY))
        if clash is not None:
            raise CompileError([failure_of(clash)])
        failure = apply_transform(payload, main, self.module)
        attributes = payload.operation.attributes
        last = integer(payload.operation, _STEP) if _STEP in attributes else None
        if last is not None:
            del attributes[_STEP]
        if failure is not None:
            raise CompileError([failure_of(failure, steps[last] if last is not None else None)])
        _verify(payload, main)

    def _main(self) -> ir.Operation:
        main = self.named_sequences().get(_MAIN)
        if main is None or not main.regions[0].blocks:
            raise op_error(
                self.module.operation,
                f"the schedule defines no sequence @{_MAIN}",
                f"it begins with transform.named_sequence @{_MAIN}(%model: !transform.any_op ...)",
            )
        arguments = main.regions[0].blocks[0].arguments
        if len(arguments) != 1 or str(arguments[0].type) != _ANY_OP:
            raise op_error(main, f"@{_MAIN} takes one argument, the module as !transform.any_op")
        return main

    def _count_steps(self) -> list[Step]:
        """Let every operation of a sequence leave its number on the payload before it runs.

        NOTE: errors that the interpreter reports at an operation of the payload, or in a sequence
        that was called, do not say where in the schedule they arose; it has no trace.
        """
        steps: list[Step] = []
        for name, sequence in self.named_sequences().items():
            if not _has_readonly_root(sequence):
                continue
            root = sequence.regions[0].blocks[0].arguments[0]
            for operation in list(sequence.regions[0].blocks[0].operations):
                with ir.InsertionPoint(operation), operation.location:
                    _note_step(root, len(steps))
                steps.append(Step(name, operation.location))
        return steps


def _verify(payload: ir.Module, main: ir.Operation) -> None:
    try:
        payload.operation.verify()
    except ir.MLIRError as error:
        found = Diagnostic(
            f"the schedule leaves an invalid module: {error.message}",
            location_of(main),
            notes=tuple(replace(d, severity="note") for d in mlir_diagnostics(error)),
        )
        raise CompileError([found]) from error


def _has_readonly_root(sequence: ir.Operation) -> bool:
    """Whether a sequence is defined and may annotate its first argument all the way through."""
    if not sequence.regions[0].blocks:
        return False
    arguments = sequence.regions[0].blocks[0].arguments
    if len(arguments) == 0 or str(arguments[0].type) != _ANY_OP:
        return False
    attributes = items(sequence, "arg_attrs")
    return bool(attributes) and "transform.readonly" in ir.DictAttr(attributes[0])


def _note_step(root: ir.Value, number: int) -> None:
    parameter = ir.Type.parse("!transform.param<i64>")
    value = {"value": i64(number)}
    counted = ir.Operation.create("transform.param.constant", [parameter], attributes=value)
    name = {"name": ir.StringAttr.get(_STEP)}
    ir.Operation.create("transform.annotate", [], [root, counted.results[0]], attributes=name)


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
