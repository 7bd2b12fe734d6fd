"""Compiler, linker and size tool of a target, and what to tell the user when one fails."""

import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fdt_mlir.diagnostics import Diagnostic, SourceLocation
from fdt_mlir.errors import CompileError, compile_error
from fdt_mlir.targets.target import Board, Target

SUPPORT_FOLDER = Path(__file__).parent / "support"

# The contract of the generated C: not one warning under these.
WARNING_FLAGS = ("-std=c99", "-Wall", "-Wextra", "-Werror", "-Wconversion", "-pedantic")
SANITIZER_FLAGS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all")

_SHOWN_LINES = 20
_CONTRACT = {
    "compile": "generated C must compile without a warning: please report this",
    "link": "generated C may call memcpy, memmove and memset only: please report this",
}


@dataclass(frozen=True)
class SectionSizes:
    """Bytes of a set of object files, by what they occupy on a device."""

    code_bytes: int
    constant_bytes: int
    writable_bytes: int


def find_tool(target: Target, command: str) -> str:
    """Return the path of a command. Raises CompileError that says what to install."""
    path = shutil.which(command)
    if path is None:
        raise compile_error(
            f"target {target.name} needs {command}, which is not installed",
            hint=target.install_hint,
        )
    return path


def compile_object(
    target: Target, source: Path, object_path: Path, flags: Sequence[str], include: Sequence[Path]
) -> None:
    """Compile one C file. Raises CompileError with the compiler's messages."""
    command = [find_tool(target, target.compiler), *target.cpu_flags, *WARNING_FLAGS, "-g", *flags]
    if target.board:
        command.append("-DFDT_BARE_METAL")
    command += [f"-I{folder}" for folder in include]
    _run(
        target, [*command, "-x", "c", "-c", str(source), "-o", str(object_path)], source, "compile"
    )


def link_program(
    target: Target, objects: Sequence[Path], program: Path, flags: Sequence[str]
) -> None:
    """Link objects to an executable. Raises CompileError with the linker's messages."""
    command = [find_tool(target, target.compiler), *target.cpu_flags, *target.link_flags, *flags]
    if target.board:
        command += _memory_flags(target.board)
    _run(target, [*command, *map(str, objects), "-o", str(program)], objects[0], "link")


def section_sizes(target: Target, objects: Sequence[Path]) -> SectionSizes:
    """Sum the sections of object files, debug information aside."""
    command = [find_tool(target, f"{target.tool_prefix}size"), "-A", *map(str, objects)]
    listing = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    code_bytes = constant_bytes = writable_bytes = 0
    for name, size in re.findall(r"^\.(\S+)\s+(\d+)\s+\d+$", listing, re.MULTILINE):
        family = name.split(".")[0]
        if family == "text":
            code_bytes += int(size)
        elif family in ("rodata", "srodata") or name.startswith("data.rel.ro"):
            constant_bytes += int(size)
        elif family in ("data", "bss", "sdata", "sbss"):
            writable_bytes += int(size)
    return SectionSizes(code_bytes, constant_bytes, writable_bytes)


def locate_address(target: Target, program: Path, address: int) -> str | None:
    """Name the function and line at `address`, or None where the tool cannot."""
    tool = shutil.which(f"{target.tool_prefix}addr2line")
    if tool is None:
        return None
    command = [tool, "-f", "-s", "-e", str(program), hex(address)]
    lines = subprocess.run(command, capture_output=True, text=True).stdout.split("\n")
    return f"{lines[0]} ({lines[1]})" if len(lines) > 1 and lines[0] != "??" else None


def excerpt(text: str) -> tuple[Diagnostic, ...]:
    """The beginning of a tool's output as a note; nothing where it is empty."""
    lines = text.strip().splitlines()
    if len(lines) > _SHOWN_LINES:
        lines = [*lines[:_SHOWN_LINES], f"... and {len(lines) - _SHOWN_LINES} more lines"]
    return (Diagnostic("\n".join(lines), severity="note"),) if lines else ()


def _memory_flags(board: Board) -> list[str]:
    symbols = {
        "fdt_boot_origin": board.boot_origin,
        "fdt_code_origin": board.code.origin,
        "fdt_code_bytes": board.code.size_bytes,
        "fdt_ram_origin": board.ram.origin,
        "fdt_ram_bytes": board.ram.size_bytes,
        "fdt_stack_bytes": board.stack_bytes,
    }
    return [
        *(f"-Wl,--defsym={name}={value:#x}" for name, value in symbols.items()),
        *("-T", str(SUPPORT_FOLDER / board.linker_script)),
    ]


def _run(target: Target, command: Sequence[str], source: Path, verb: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode == 0:
        return
    overflow = re.search(r"region `(\w+)' overflowed by (\d+) bytes", done.stderr)
    if overflow and target.board:
        region, missing = overflow[1], overflow[2]
        available = (target.board.ram if region == "RAM" else target.board.code).size_bytes
        message = (
            f"the program misses {missing} bytes of {'RAM' if region == 'RAM' else 'flash'} on "
            f"target {target.name}, which has {available}"
        )
        raise compile_error(message, hint="choose a larger target, or compile with a lower --ram")
    raise CompileError(
        [
            Diagnostic(
                f"the C does not {verb} for target {target.name} with {Path(command[0]).name}",
                SourceLocation(str(source)) if verb == "compile" else None,
                _CONTRACT[verb],
                notes=excerpt(done.stderr),
            )
        ]
    )
