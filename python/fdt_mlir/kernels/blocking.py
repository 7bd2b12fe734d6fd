"""Register blocks: how many neighbouring elements of the result a kernel computes together.

The lanes of a block are consecutive in the traversal of the kernel, which is why the planner need
not know of them: all reads of a block come no later, and all its writes no earlier, than they would
element by element.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from fdt_mlir.kernels.access import Access
from fdt_mlir.kernels.borders import dims_by_value
from fdt_mlir.kernels.kernel import Kernel, Stage
from fdt_mlir.kernels.loops import result_loops
from fdt_mlir.kernels.machine import Tuning
from fdt_mlir.kernels.micro_kernel import QUAD, Lanewise, MicroKernel, choose_micro_kernel
from fdt_mlir.kernels.steps import Step


@dataclass(frozen=True)
class Blocking:
    """`lanes` elements along `dim`, the innermost loop of the result, are computed together.

    The operands `interleaved` are constants in the order in which the block reads them: for each
    point of the reduction the elements of all lanes. With a micro-kernel of products, the first
    operand is read several elements at a time, and the other one packed for that.
    """

    lanes: int = 1
    dim: int = 0
    interleaved: frozenset[int] = frozenset()
    micro: MicroKernel | None = None

    def splits(self, extent: int) -> list[tuple[int, int, int]]:
        """(first element, end, lanes) of the parts of the innermost loop; the last is a rest."""
        main = extent - extent % self.lanes
        parts = [(0, main, self.lanes), (main, extent, extent - main)]
        return [part for part in parts if part[0] < part[1]]


def choose_blocking(
    kernel: Kernel,
    accesses: Sequence[Access],
    constants: Sequence[bool],
    tuning: Tuning,
    step: Step | None = None,
) -> Blocking:
    """Choose the block of a kernel.

    `constants` says which operands are constants; `step` what its innermost reduction does, if that
    is known.
    """
    loops = result_loops(kernel, accesses)
    if not loops or not _is_uniform(kernel, accesses, loops[-1].dims):
        return Blocking()
    reducing = [stage for stage in kernel.stages if stage.reduces]
    if len(kernel.stages) > len(reducing) + 1 or not _is_nest(reducing):
        return Blocking()  # several passes over a row, each with long bodies
    dim, extent = loops[-1].last, loops[-1].extent
    weights = [n for n, known in enumerate(constants) if known and _reads(reducing[:1], n)]
    rows = [n for n in weights if _is_row(kernel, accesses[n], dim, reducing[0])]
    machine = tuning.machine
    if machine.dsp and step is not None:
        micro = choose_micro_kernel(kernel, accesses, dim, step, rows, tuning)
        if isinstance(micro, Lanewise):
            return Blocking(min(extent, micro.elements), dim, micro=micro)
        if micro is not None:
            return Blocking(min(extent, QUAD), dim, frozenset({micro.product.weights}), micro)
    shared = any(
        not access.linear(len(kernel.dims)).coefficients[dim] and _reads(reducing, number)
        for number, access in enumerate(accesses[:-1])
    )
    lanes = min(extent, machine.contraction_lanes if weights and shared else machine.lanes)
    return Blocking(lanes, dim, frozenset(rows)) if lanes > 1 else Blocking()


def _is_nest(reducing: Sequence[Stage]) -> bool:
    """Whether each reduction runs once for each point of the next one: layers that are merged."""
    return all(
        set(inner.over) >= {*outer.over, *outer.reduces} for inner, outer in pairwise(reducing)
    )


def _reads(stages: Sequence[Stage], operand: int) -> bool:
    return any(f"in:{operand}" in stage.args for stage in stages)


def _is_uniform(kernel: Kernel, accesses: Sequence[Access], dims: Sequence[int]) -> bool:
    """Whether all elements along the innermost loop have the same bounds and borders."""
    if set(dims) & (dims_by_value(kernel, accesses) | set(kernel.slices)):
        return False
    moved = (s for access in accesses for s in access.leaving(kernel.dims))
    return not any(set(subscript.position.dims) & set(dims) for subscript in moved)


def _is_row(kernel: Kernel, access: Access, dim: int, stage: Stage) -> bool:
    """Whether an operand holds, for each element along `dim`, a row in the order of `stage`."""
    coefficients = list(access.linear(len(kernel.dims)).coefficients)
    step = 1
    for reduced in reversed(stage.reduces):
        if coefficients[reduced] != step:
            return False
        coefficients[reduced] = 0
        step *= kernel.dims[reduced]
    return coefficients[dim] == step and not any(coefficients[:dim] + coefficients[dim + 1 :])
