"""Which names memories may have: each is a parameter in C and a prefix of macros."""

import re
from collections.abc import Mapping

from fdt_mlir.emitc.c_names import is_reserved
from fdt_mlir.errors import UsageError

MOST_MEMORIES = 8

_NAME = re.compile(r"[a-z][a-z0-9_]*")
# Macros and functions of the C interface, and the words that C++ reserves beyond those of C.
_TAKEN = frozenset(
    re.findall(
        r"\w+",
        """
        input output memory invoke reset selftest push_rows rows count
        and catch class compl concept delete explicit export friend mutable namespace new not
        operator or private protected public requires template this throw try typeid typename
        using virtual xor
        """,
    )
)


def check_memories(memories: Mapping[str, int]) -> None:
    """Raise UsageError for names that cannot be parameters in C, sizes below 1, too many."""
    if len(memories) > MOST_MEMORIES:
        raise UsageError(f"{len(memories)} memories are given, but at most {MOST_MEMORIES} work")
    for name, size in memories.items():
        is_taken = name in _TAKEN or is_reserved(name) or name.startswith(("input_", "output_"))
        if is_taken or not _NAME.fullmatch(name):
            raise UsageError(
                f"'{name}' cannot name a memory: it becomes a parameter and a prefix of macros in"
                " C, so use lower-case letters and digits, such as dtcm, and no word of C"
            )
        if size < 1:
            raise UsageError(f"memory '{name}' has {size} bytes: give a size above 0")
