"""C that stands before the constants: what the functions of a model need of the compiler."""

from __future__ import annotations

from fdt_mlir.attributes import string
from fdt_mlir.bindings import ir, walk
from fdt_mlir.emitc.c_printer import ALIGN
from fdt_mlir.emitc.micro_functions import micro_functions_text
from fdt_mlir.emitc.values import create

NOINLINE = "FDT_NOINLINE"
"""Specifier of the functions of kernels.

Inlined into their only caller, they would share its registers: addresses in the arena and constants
of other kernels displace the accumulators of the inner loop.
"""

_NOINLINE_TEXT = f"""\
/* Each kernel gets the registers for its own loops. */
#if defined(__GNUC__)
#define {NOINLINE} __attribute__((noinline))
#else
#define {NOINLINE}
#endif"""
_ALIGN_TEXT = f"""\
/* Only Arm's DSP instructions, used with compilers of GNU C, need the alignment. */
#if defined(__GNUC__)
#define {ALIGN}(bytes) __attribute__((aligned(bytes)))
#else
#define {ALIGN}(bytes)
#endif"""


def write_prelude(module: ir.Module) -> None:
    """Add what the functions of a module use, after its includes."""
    operations = [op.operation for op in module.body.operations]
    first = next(op for op in operations if op.name != "emitc.include")
    parts = [_NOINLINE_TEXT]
    if any("fdt.align" in op.attributes for op in operations):
        parts.append(_ALIGN_TEXT)
    calls = [op for op in walk(module.operation) if op.name == "emitc.call_opaque"]
    parts.append(micro_functions_text({string(op, "callee") for op in calls}))
    with ir.InsertionPoint(first), ir.Location.unknown():
        text = "\n\n".join(part for part in parts if part)
        create("verbatim", attributes={"value": ir.StringAttr.get(text)})
