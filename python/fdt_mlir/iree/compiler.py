"""iree-compile as a child process: whatever happens in it becomes a diagnostic."""

from __future__ import annotations

import json
import re
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

from fdt_mlir.bindings import iree_compile_program
from fdt_mlir.diagnostics import Diagnostic
from fdt_mlir.errors import CompileError, compile_error
from fdt_mlir.iree.machines import IreeMachine

TIMEOUT_SECONDS = 600.0
"""No public model takes a tenth of that."""

RESUME = "--compile-from=stream"
"""The stage of iree-compile that a module in the stream dialect enters."""

_SHOWN_LINES = 12
_PROBE = "func.func @main(%x: tensor<1xi8>) -> tensor<1xi8> { return %x : tensor<1xi8> }\n"
DEVICE = re.compile(
    r"^\s*util\.global private @__device_0 = #hal\.device\.target<.*$", re.MULTILINE
)
"""The line of a module that defines its device."""

_STATISTICS = "statistics.json"


def run_iree_compile(
    source: str, flags: Sequence[str], output: str, folder: Path, timeout: float = TIMEOUT_SECONDS
) -> None:
    """Compile a module's text to the file `output` of `folder`, where the child runs.

    Raises CompileError with what IREE said, what ended it, or that it took too long.
    """
    (folder / "module.mlir").write_text(source, encoding="utf-8")
    command = [str(iree_compile_program()), "module.mlir", *flags, "-o", output]
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
        )
    except subprocess.TimeoutExpired as error:
        raise compile_error(
            f"iree-compile did not finish within {timeout:g} s",
            hint="compile to C (--backend c), or a smaller model",
        ) from error
    if done.returncode:
        raise _failure(done.returncode, done.stderr, flags)


def _failure(status: int, messages: str, flags: Sequence[str]) -> CompileError:
    cause = f"failed with exit status {status}"
    if status < 0:
        cause = f"was ended by {signal.Signals(-status).name}"
    lines = [line for line in messages.strip().splitlines() if line.strip()]
    if len(lines) > _SHOWN_LINES:
        lines = [*lines[:_SHOWN_LINES], f"... and {len(lines) - _SHOWN_LINES} more lines"]
    said = (Diagnostic("\n".join(lines), severity="note"),) if lines else ()
    return CompileError(
        [
            Diagnostic(
                f"iree-compile {cause}",
                hint=f"its flags: {' '.join(flags)}; --backend c does not need it",
                notes=said,
            )
        ]
    )


def device_of(machine: IreeMachine, flags: Sequence[str], folder: Path) -> str:
    """The line that defines the device of a target in IREE's IR, as IREE writes it itself.

    Raises CompileError where IREE does not know the target.
    """
    run_iree_compile(_PROBE, [*flags, "--compile-to=stream"], "probe.mlir", folder)
    found = DEVICE.search((folder / "probe.mlir").read_text(encoding="utf-8"))
    if found is None:
        raise compile_error(f"IREE defines no device for target {machine.name}")
    return found.group(0)


def own_transient_bytes(source: str, flags: Sequence[str], folder: Path) -> int:
    """What IREE allocates for transient tensors when it schedules a linalg module by itself.

    Inputs, outputs and constants do not count. Raises CompileError where IREE cannot compile it.
    """
    statistics = [
        "--iree-scheduling-dump-statistics-format=json",
        f"--iree-scheduling-dump-statistics-file={_STATISTICS}",
    ]
    stage = [*flags, *statistics, "--compile-to=stream"]
    run_iree_compile(source, stage, "scheduled.mlir", folder)
    aggregate = json.loads((folder / _STATISTICS).read_text(encoding="utf-8"))["stream-aggregate"]
    return int(aggregate["execution"]["transient-memory-size"])
