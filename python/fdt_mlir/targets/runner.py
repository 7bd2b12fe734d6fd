"""Feed samples to a program, on the host or in QEMU, and take its results back."""

import os
import re
import signal
import struct
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from fdt_mlir.diagnostics import Diagnostic, SourceLocation
from fdt_mlir.errors import CompileError, compile_error
from fdt_mlir.targets.builder import Program, build
from fdt_mlir.targets.model import Array, CompiledModel
from fdt_mlir.targets.records import SampleRecord, StepRecord, TruncatedError, read_samples
from fdt_mlir.targets.shadow import find_violation
from fdt_mlir.targets.stack import StackBound
from fdt_mlir.targets.target import Board
from fdt_mlir.targets.toolchain import excerpt, find_tool, locate_address
from fdt_mlir.targets.variants import PLAIN, PROFILE, SELFTEST, Variant

DEFAULT_TIMEOUT_SECONDS = 300.0

# The violations of support/harness.c.
_VIOLATIONS = {
    1: "wrote before the start of the arena",
    2: "wrote past the end of the arena",
    4: "used the whole stack",
}

_REPORT_HINT = "this is a fault of the generated C: please report it with the model"

# Symbols in reports cost nothing; leaks are not the business of a program without a heap, and
# looking for them fails under a debugger.
_SANITIZER_ENVIRONMENT = {
    "ASAN_OPTIONS": "detect_leaks=0",
    "UBSAN_OPTIONS": "print_stacktrace=1",
}


@dataclass(frozen=True)
class RunResult:
    """What one inference gave. None where the target does not measure it.

    `instructions` are those executed between the call of invoke and its return, to the resolution
    of the target's counter (40 on a Cortex-M4), the few that read the counter included.
    `code_bytes` is the size of the model's machine code without constants. `stack_bytes` is the
    deepest that invoke reached below the stack pointer of its caller. `stack_bound` is the most it
    can ever need, by the frames of its functions. `step_instructions` are those
    of each step and `step_results` what each left, where the program was built for that.
    """

    outputs: tuple[Array, ...]
    instructions: int | None
    code_bytes: int | None
    stack_bytes: int | None
    stack_bound: StackBound | None = None
    step_instructions: tuple[int, ...] = ()
    step_results: tuple[StepRecord, ...] = field(default=(), repr=False)


def run(
    folder: Path,
    target: str = "host",
    inputs: Sequence[Array] = (),
    sanitize: bool = False,
    optimize: str = "-O2",
) -> RunResult:
    """Build the model in `folder` and run it on one set of inputs, in the order of the report.

    Raises as `build` and `execute` do.
    """
    return run_many(folder, target, [inputs], sanitize=sanitize, optimize=optimize)[0]


def run_many(
    folder: Path,
    target: str,
    samples: Sequence[Sequence[Array]],
    *,
    sanitize: bool = False,
    optimize: str = "-O2",
    timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
    variant: Variant = PLAIN,
) -> list[RunResult]:
    """Build the model once and run all samples in one process: one boot of an emulated core.

    Raises as `build` and `execute` do.
    """
    program = build(folder, target, sanitize=sanitize, optimize=optimize, variant=variant)
    return execute(program, samples, timeout_seconds=timeout_seconds)


def execute(
    program: Program,
    samples: Sequence[Sequence[Array]],
    *,
    timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
) -> list[RunResult]:
    """Run a program on samples, each a sequence of arrays in the order of the model's inputs.

    The arena holds a pattern that changes from sample to sample before the inputs are copied in.
    Raises CompileError where an array does not fit its input, the emulator is missing, the program
    crashes or takes longer than `timeout_seconds`, invoke returns non-zero or writes outside the
    arena.
    """
    packed = [_pack_sample(program, sample) for sample in samples]
    with tempfile.TemporaryDirectory(prefix="fdt-run-") as folder:
        run_folder = Path(folder)
        header = struct.pack("<I", len(samples))
        (run_folder / "inputs.bin").write_bytes(header + b"".join(packed))
        status, messages = _launch(program, run_folder, timeout_seconds)
        output_path = run_folder / "outputs.bin"
        raw = output_path.read_bytes() if output_path.is_file() else b""
    return _results(program, len(samples), raw, status, messages)


def check_sample(model: CompiledModel, sample: Sequence[Array]) -> None:
    """Raise CompileError where arrays are not what the inputs of a model are."""
    location = SourceLocation(str(model.folder))
    if len(sample) != len(model.inputs):
        names = ", ".join(map(str, model.inputs)) or "none"
        raise compile_error(
            f"'{model.name}' has {len(model.inputs)} inputs, but {len(sample)} were given",
            location,
            f"its inputs are: {names}",
        )
    for tensor, array in zip(model.inputs, sample, strict=True):
        if array.shape != tensor.shape or array.dtype != tensor.dtype:
            given = f"{array.dtype} {'x'.join(map(str, array.shape)) or 'scalar'}"
            raise compile_error(
                f"input {tensor} was given as {given}",
                location,
                "convert and reshape the array before the run",
            )


def _pack_sample(program: Program, sample: Sequence[Array]) -> bytes:
    check_sample(program.model, sample)
    return b"".join(
        np.ascontiguousarray(array, dtype=tensor.dtype).tobytes()
        for tensor, array in zip(program.model.inputs, sample, strict=True)
    )


def _launch(program: Program, folder: Path, timeout_seconds: float) -> tuple[int, str]:
    """Run in `folder`; return the exit status (negative for a signal) and what was printed."""
    command = [str(program.executable)]
    if program.target.board:
        emulator = find_tool(program.target, program.target.board.emulator)
        command = _emulator_command(emulator, program.target.board, program.executable)
    environment = _SANITIZER_ENVIRONMENT if program.sanitize else {}
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=timeout_seconds,
        )
    except subprocess.TimeoutExpired as error:
        raise compile_error(
            f"'{program.model.name}' did not finish within {timeout_seconds:g} s on target "
            f"{program.target.name}",
            SourceLocation(str(program.model.folder)),
            "give it fewer samples at a time, or more time",
        ) from error
    return done.returncode, done.stdout.decode(errors="replace")


def _emulator_command(emulator: str, board: Board, executable: Path) -> list[str]:
    return [
        emulator,
        *board.machine_arguments,
        *("-display", "none", "-serial", "none", "-monitor", "none"),
        *("-semihosting-config", "enable=on,target=native"),
        # One instruction per nanosecond of the machine's time: what the counters rest on.
        *("-icount", "shift=0"),
        *("-kernel", str(executable)),
    ]


def _results(
    program: Program, sample_count: int, raw: bytes, status: int, messages: str
) -> list[RunResult]:
    results: list[RunResult] = []
    try:
        for number, sample in enumerate(read_samples(program, raw, sample_count)):
            if sample.failed:
                raise _misbehaviour(program, number, sample)
            results.append(_result(program, sample))
    except TruncatedError:
        raise _crash(program, len(results), status, messages) from None
    if status != 0:
        raise _crash(program, sample_count, status, messages)
    return results


def _result(program: Program, sample: SampleRecord) -> RunResult:
    board = program.target.board
    counts = board is not None and program.variant in (PLAIN, PROFILE)
    per_tick = board.instructions_per_tick if board else 0
    return RunResult(
        sample.outputs,
        int(sample.ticks * per_tick) if counts else None,
        program.sizes.code_bytes,
        sample.stack_bytes if counts else None,
        program.stack,
        tuple(int(ticks * per_tick) for ticks in sample.step_ticks),
        sample.results,
    )


def _misbehaviour(program: Program, sample: int, record: SampleRecord) -> CompileError:
    what = [text for bit, text in _VIOLATIONS.items() if record.violations & bit]
    if record.status:
        what.append(f"returned {record.status}")
    if record.status and program.variant is SELFTEST:
        what[-1] += f": stored sample {record.status - 1} gives other outputs here"
    name = program.model.name
    location = SourceLocation(str(program.model.folder / f"{name}.c"))
    where = f"sample {sample} on target {program.target.name}"
    return CompileError(
        [
            Diagnostic(
                f"{name}_{program.variant.function} {text} ({where})", location, _REPORT_HINT
            )
            for text in what
        ]
    )


def _crash(program: Program, sample: int, status: int, messages: str) -> CompileError:
    """Say what ended the program before it wrote the results of `sample`."""
    name = program.model.name
    violation = find_violation(program.model, messages)
    if violation:
        location = SourceLocation(str(program.model.folder / f"{name}.c"))
        return compile_error(f"{violation} (sample {sample})", location, _REPORT_HINT)
    cause = f"ended with exit status {status}"
    if status < 0:
        cause = f"was ended by {signal.Signals(-status).name}"
    report = re.search(r"ERROR: (AddressSanitizer: \S+)|(runtime error: .*)", messages)
    fault = re.search(r"^fault:.* pc=(0x[0-9a-f]{8})", messages, re.MULTILINE)
    if report:
        cause = f"was stopped by a sanitizer: {report[1] or report[2]}"
    elif fault:
        place = locate_address(program.target, program.executable, int(fault[1], 16))
        cause = f"crashed in {place or fault[1]}"
    elif "Lockup" in messages:
        cause = "crashed, and again when the fault was taken: most likely its stack is used up"
    diagnostic = Diagnostic(
        f"'{name}' {cause} (sample {sample} on target {program.target.name})",
        SourceLocation(str(program.model.folder / f"{name}.c")),
        _REPORT_HINT,
        notes=excerpt(messages),
    )
    return CompileError([diagnostic])
