"""Types of `iree.compiler.dialects.transform.interpreter`, as in the pinned wheel."""

from iree.compiler.ir import Operation

def apply_named_sequence(
    payload_root: Operation, transform_root: Operation, transform_module: Operation
) -> None: ...
def copy_symbols_and_merge_into(target: Operation, other: Operation) -> None: ...
