"""What a firmware project gets beside the compiled module: header, main, build files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from string import Template

from fdt_mlir.attributes import integer
from fdt_mlir.bindings import ir
from fdt_mlir.iree.machines import IreeMachine
from fdt_mlir.paths.build_graph import entry_of
from fdt_mlir.report.facts import Port, describe_port
from fdt_mlir.targets import find_target

_SUPPORT = Path(__file__).parent / "support"
_BARE_METAL = """\
# No operating system: no threads, files or clock, and errors without text.
set(IREE_ENABLE_THREADING OFF CACHE BOOL "" FORCE)
set(IREE_ENABLE_POSITION_INDEPENDENT_CODE OFF CACHE BOOL "" FORCE)
add_compile_definitions(
  IREE_PLATFORM_GENERIC=1
  IREE_FILE_IO_ENABLE=0
  IREE_STATUS_MODE=0
  IREE_SYNCHRONIZATION_DISABLE_UNSAFE=1
  "IREE_TIME_NOW_FN={ return 0; }"
  "IREE_WAIT_UNTIL_FN(n)=true"
)
"""

_SEMIHOSTING = {
    "arm-none-eabi-": "--specs=rdimon.specs",
    "riscv64-unknown-elf-": "--oslib=semihost --crt0=hosted",
}
_ELEMENT_TYPES = {
    "bool": "IREE_HAL_ELEMENT_TYPE_BOOL_8",
    "float32": "IREE_HAL_ELEMENT_TYPE_FLOAT_32",
    # The module's integers are signless.
    **{
        f"{sign}int{n}": f"IREE_HAL_ELEMENT_TYPE_INT_{n}"
        for sign in ("", "u")
        for n in (8, 16, 32, 64)
    },
}


@dataclass(frozen=True)
class Interface:
    """What the module's user sees: names, tensors, and the bytes of the arena that it allocates.

    The tensors' offsets mean nothing: each is a buffer of its own.
    """

    name: str
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    arena_bytes: int

    @property
    def macro_prefix(self) -> str:
        return self.name.upper()


def read_interface(name: str, module: ir.Module) -> Interface:
    """Read the interface of a planned module."""
    entry = entry_of(module)
    block = entry.regions[0].blocks[0]
    terminator = list(block.operations)[-1].operation
    return Interface(
        name,
        tuple(describe_port(entry, "input", n, each) for n, each in enumerate(block.arguments)),
        tuple(describe_port(entry, "output", n, e) for n, e in enumerate(terminator.operands)),
        integer(entry, "fdt.arena_bytes"),
    )


def project_files(interface: Interface, machine: IreeMachine) -> Mapping[str, str]:
    """The files of a firmware project, by name."""
    toolchain = find_target(machine.name)
    is_cross = toolchain.board is not None
    values = {
        "name": interface.name,
        "prefix": interface.macro_prefix,
        "target": machine.name,
        "iree_version": version("iree-base-compiler"),
        "tensors": _tensor_tables(interface),
        "platform": _BARE_METAL if is_cross else "",
        "toolchain_option": " -DCMAKE_TOOLCHAIN_FILE=toolchain.cmake" if is_cross else "",
        "tool_prefix": toolchain.tool_prefix,
        "cpu_flags": " ".join(toolchain.cpu_flags),
        "link_flags": _SEMIHOSTING.get(toolchain.tool_prefix, ""),
    }
    files = {
        f"{interface.name}_module.h": _header(interface),
        "main.c": _filled("main.c.in", values),
        "CMakeLists.txt": _filled("CMakeLists.txt.in", values),
    }
    if is_cross:
        files["toolchain.cmake"] = _filled("toolchain.cmake.in", values)
    return files


def _filled(template: str, values: Mapping[str, str]) -> str:
    return Template((_SUPPORT / template).read_text(encoding="utf-8")).substitute(values)


def _header(interface: Interface) -> str:
    prefix, name = interface.macro_prefix, interface.name
    lines = [
        f"/* {name} as a module of IREE: its tensors, and how to create it. */",
        f"#ifndef {prefix}_MODULE_H_",
        f"#define {prefix}_MODULE_H_",
        "",
        '#include "iree/vm/api.h"',
        "",
        "/* The one buffer that an invocation allocates beside its outputs. */",
        f"#define {prefix}_TRANSIENT_BYTES {interface.arena_bytes}",
    ]
    for side, ports in (("INPUT", interface.inputs), ("OUTPUT", interface.outputs)):
        largest = max((port.bytes for port in ports), default=0)
        lines += [
            "",
            f"#define {prefix}_{side}_COUNT {len(ports)}",
            f"#define {prefix}_LARGEST_{side}_BYTES {max(largest, 1)}",
        ]
        for number, port in enumerate(ports):
            lines += _tensor_macros(f"{prefix}_{side}_{number}", port)
    return "\n".join(
        [
            *lines,
            "",
            "#ifdef __cplusplus",
            'extern "C" {',
            "#endif",
            f"iree_status_t {name}_create(iree_vm_instance_t* instance,",
            "    iree_allocator_t allocator, iree_vm_module_t** module);",
            "#ifdef __cplusplus",
            "}",
            "#endif",
            "",
            f"#endif /* {prefix}_MODULE_H_ */",
            "",
        ]
    )


def _tensor_macros(macro: str, port: Port) -> list[str]:
    shape = ", ".join(str(extent) for extent in port.shape) or "1"
    lines = [
        f'#define {macro}_NAME "{port.name}"',
        f"#define {macro}_BYTES {port.bytes}",
        f"#define {macro}_RANK {len(port.shape)}",
        f"#define {macro}_SHAPE {{{shape}}}",
    ]
    if port.scale is not None:
        lines += [
            f"#define {macro}_SCALE {port.scale!r}f",
            f"#define {macro}_ZERO_POINT {port.zero_point}",
        ]
    return lines


def _tensor_tables(interface: Interface) -> str:
    """The C tables that main.c feeds the module from."""
    lines: list[str] = []
    for side, ports in (("input", interface.inputs), ("output", interface.outputs)):
        rows: list[str] = []
        for number, port in enumerate(ports):
            macro = f"{interface.macro_prefix}_{side.upper()}_{number}"
            shape = f"{side}_{number}_shape"
            lines.append(f"static const iree_hal_dim_t {shape}[] = {macro}_SHAPE;")
            element = _ELEMENT_TYPES[port.type]
            rows.append(f"    {{{macro}_RANK, {shape}, {element}, {macro}_BYTES}},")
        rows = rows or ["    {0},"]
        lines += [f"static const struct tensor {side}_tensors[] = {{", *rows, "};"]
    return "\n".join(lines) + "\n"
