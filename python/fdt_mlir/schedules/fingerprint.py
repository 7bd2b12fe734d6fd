"""Which module a schedule was made for."""

import hashlib

from fdt_mlir.bindings import ir
from fdt_mlir.normalize.structured import defined_functions
from fdt_mlir.schedules.tile_path import PATHS

FINGERPRINT = "fdt.fingerprint"


def fingerprint(module: ir.Module) -> str:
    """SHA-256 of a module in layer form, as hexadecimal digits.

    Locations play no role, nor does the decision what to tile.
    """
    decided = [
        (function, function.attributes[PATHS])
        for function in defined_functions(module)
        if PATHS in function.attributes
    ]
    for function, _ in decided:
        del function.attributes[PATHS]
    text = module.operation.get_asm(print_generic_op_form=True)
    for function, paths in decided:
        function.attributes[PATHS] = paths
    return hashlib.sha256(text.encode()).hexdigest()
