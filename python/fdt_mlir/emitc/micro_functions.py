"""C functions that work on several bytes at once, in two forms: one instruction, or plain C99.

Both forms compute the same numbers, so what runs on the device can be tested anywhere. Another
instruction set is another pair of texts here, and a row of `kernels/machine.py` that asks for it.
"""

from __future__ import annotations

from collections.abc import Sequence, Set

from fdt_mlir.emitc.lane_functions import LANE_FUNCTIONS
from fdt_mlir.emitc.micro_function import MicroFunction
from fdt_mlir.emitc.vector_functions import VECTOR_FUNCTIONS
from fdt_mlir.emitc.word_functions import WORD_FUNCTIONS

# Assembly as GNU C has it, words with the first byte lowest.
_DSP_CONDITION = "defined(__ARM_FEATURE_DSP) && defined(__GNUC__) && !defined(__ARM_BIG_ENDIAN)"

MICRO_FUNCTIONS = {**WORD_FUNCTIONS, **VECTOR_FUNCTIONS, **LANE_FUNCTIONS}


def micro_functions_text(called: Set[str]) -> str:
    """C of the functions `called` and of those that they call; empty where there are none."""
    needed = _with_callees(called)
    functions = [each for name, each in MICRO_FUNCTIONS.items() if name in needed]
    dsp = [each for each in functions if each.dsp]
    mve = [each for each in functions if each.mve]
    parts = [
        *_two_forms(_DSP_CONDITION, ("arm_acle.h", "string.h"), [(f.dsp, f) for f in dsp]),
        *_two_forms("defined(__ARM_FEATURE_MVE)", ("arm_mve.h",), [(f.mve, f) for f in mve]),
        *(each.common for each in functions if each.common),
    ]
    return "\n\n".join(parts)


def _two_forms(
    condition: str, headers: Sequence[str], functions: Sequence[tuple[str, MicroFunction]]
) -> list[str]:
    """The texts of functions where the compiler has what they need, and elsewhere."""
    if not functions:
        return []
    includes = [f"#include <{header}>" for header in headers]
    return [
        "\n".join([f"#if {condition}", *includes]),
        *(special for special, _ in functions),
        "#else",
        *(each.portable for _, each in functions),
        "#endif",
    ]


def _with_callees(called: Set[str]) -> set[str]:
    needed: set[str] = set()
    pending = [name for name in called if name in MICRO_FUNCTIONS]
    while pending:
        name = pending.pop()
        if name not in needed:
            needed.add(name)
            pending += MICRO_FUNCTIONS[name].calls
    return needed
