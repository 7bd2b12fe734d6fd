"""C that stands before the constants: what the functions of a model need of the compiler."""

from fdt_mlir.bindings import ir
from fdt_mlir.emitc.values import create

NOINLINE = "FDT_NOINLINE"
"""Specifier of the functions of kernels.

Inlined into their only caller, they would share its registers: addresses in the arena and constants
of other kernels displace the accumulators of the inner loop.
"""

_NOINLINE = f"""\
/* Each kernel gets the registers for its own loops. */
#if defined(__GNUC__)
#define {NOINLINE} __attribute__((noinline))
#else
#define {NOINLINE}
#endif"""


def write_prelude(module: ir.Module) -> None:
    """Add the prelude at the end of a module that holds only includes."""
    with ir.InsertionPoint(module.body), ir.Location.unknown():
        create("verbatim", attributes={"value": ir.StringAttr.get(_NOINLINE)})
