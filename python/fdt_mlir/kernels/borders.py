"""Where a kernel reads beyond its operands, and how it avoids that."""

from __future__ import annotations

from collections.abc import Sequence

from fdt_mlir.kernels.access import Access, Subscript
from fdt_mlir.kernels.kernel import Kernel, Pad, Stage


def pad_of(kernel: Kernel, operand: int) -> Pad | None:
    """What operand number `operand` reads as beyond its border; None where it is never read."""
    return next((pad for pad in kernel.pads if pad.operand == operand), None)


def clipping_dim(kernel: Kernel, stage: Stage, operand: int, subscript: Subscript) -> int | None:
    """The reduction loop of `stage` that is shortened so that `subscript` stays inside.

    Possible where padding is neutral for the reduction: then it is the innermost loop that moves
    the subscript. None where padded elements have to be selected one by one.
    """
    pad = pad_of(kernel, operand)
    if pad is None or not pad.neutral or f"in:{operand}" not in stage.args:
        return None
    innermost = max(subscript.position.dims, default=-1)
    if innermost not in stage.reduces or subscript.position.coefficients[innermost] < 0:
        return None
    return innermost


def clipped_dims(kernel: Kernel, accesses: Sequence[Access]) -> frozenset[int]:
    """The loops whose bounds depend on other loops."""
    return frozenset(
        dim
        for stage in kernel.stages
        for operand, access in enumerate(accesses)
        for subscript in access.leaving(kernel.dims)
        if (dim := clipping_dim(kernel, stage, operand, subscript)) is not None
    )


def dims_by_value(kernel: Kernel, accesses: Sequence[Access]) -> frozenset[int]:
    """The loops whose own index is needed: for computing, at borders, or modulo a ring."""
    arguments = [name for stage in kernel.stages for name in (*stage.args, *stage.init_args)]
    needed = {int(name.removeprefix("dim:")) for name in arguments if name.startswith("dim:")}
    for operand, access in enumerate(accesses):
        for ring in access.rings():
            needed.update(ring.position.dims)
        for subscript in access.leaving(kernel.dims):
            clipped = {
                clipping_dim(kernel, s, operand, subscript) for s in _readers(kernel, operand)
            }
            # A loop that every reader shortens needs no index; shortening is all it is used for.
            unneeded = clipped if len(clipped) == 1 else set[int | None]()
            needed.update(dim for dim in subscript.position.dims if dim not in unneeded)
    return frozenset(needed)


def _readers(kernel: Kernel, operand: int) -> list[Stage]:
    name = f"in:{operand}"
    return [stage for stage in kernel.stages if name in stage.args or name in stage.init_args]
