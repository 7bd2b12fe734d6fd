"""The C header of a compiled model: sizes, places and types as macros, the functions."""

from __future__ import annotations

from fdt_mlir.report.facts import Facts, Port

_C_TYPES = {"float32": "float", "float64": "double", "bool": "bool"}


def print_header(name: str, facts: Facts) -> str:
    """Write the header of model `name` (a C identifier); C99 and C++."""
    prefix = name.upper()
    lines = [
        f"/* {name}: inputs and outputs live inside the arena, at the offsets below.",
        f" * Fill the inputs, call {name}_invoke, read the outputs. The bytes of an input are",
        " * reused during the call: fill it anew before each one. */",
        f"#ifndef {prefix}_H",
        f"#define {prefix}_H",
        "",
        "#include <stdbool.h>",
        "#include <stdint.h>",
        "",
        f"#define {prefix}_ARENA_BYTES {facts.arena_bytes}",
        f"#define {prefix}_ARENA_ALIGN {facts.arena_align}",
        "",
        "/* Declares `var` as an array that serves as the arena, aligned by its union. */",
        f"#define {prefix}_ARENA(var) \\",
        "  union { \\",
        f"    uint8_t bytes[{prefix}_ARENA_BYTES]; \\",
        f"    {_aligned_type(facts.arena_align)} align; \\",
        "  } var",
        "",
    ]
    for side, ports in (("INPUT", facts.inputs), ("OUTPUT", facts.outputs)):
        lines.append(f"#define {prefix}_{side}_COUNT {len(ports)}")
        for number, port in enumerate(ports):
            lines += _port(f"{prefix}_{side}_{number}", port)
        lines.append("")
    lines += [
        "#ifdef __cplusplus",
        'extern "C" {',
        "#endif",
        "",
        f"/* Runs the model in an arena of {prefix}_ARENA_BYTES bytes, aligned to",
        f" * {prefix}_ARENA_ALIGN. Returns 0 on success. */",
        f"int {name}_invoke(void *arena);",
        "",
        "#ifdef __cplusplus",
        "}",
        "#endif",
        "",
        f"#endif /* {prefix}_H */",
    ]
    return "\n".join(lines) + "\n"


def _aligned_type(align: int) -> str:
    return "int64_t" if align > 4 else "int32_t"


def _port(prefix: str, port: Port) -> list[str]:
    shape = ", ".join(str(extent) for extent in port.shape)
    lines = [
        f'#define {prefix}_NAME "{_escaped(port.name)}"',
        f"#define {prefix}_OFFSET {port.offset}",
        f"#define {prefix}_BYTES {port.bytes}",
        f"#define {prefix}_TYPE {_C_TYPES.get(port.type, f'{port.type}_t')}",
        f"#define {prefix}_RANK {len(port.shape)}",
        f"#define {prefix}_SHAPE {{{shape}}}",
    ]
    if port.scale is not None:
        lines.append(f"#define {prefix}_SCALE {port.scale!r}f")
        lines.append(f"#define {prefix}_ZERO_POINT {port.zero_point}")
    return lines


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
