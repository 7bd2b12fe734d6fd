"""Replace an operation by the body of a function given as text."""

from fdt_mlir.bindings import ir


def replace_by(op: ir.Operation, text: str, argument: ir.Value | None = None) -> None:
    """Replace `op` by the body of the only function in `text`.

    The function takes `argument`, by default the first operand of `op`. The new operations take
    the old one's location, which names the model's tensor.
    """
    with op.location:
        module = ir.Module.parse(text)
    function = next(iter(module.body.operations)).operation
    block = function.regions[0].blocks[0]
    block.arguments[0].replace_all_uses_with(op.operands[0] if argument is None else argument)
    *body, terminator = (nested.operation for nested in block.operations)
    for nested in body:
        nested.detach_from_parent()
        ir.InsertionPoint(op).insert(nested)
        nested.location = op.location
    op.results[0].replace_all_uses_with(terminator.operands[0])
    op.erase()
