"""Which inner loop a kernel gets: several products per instruction where its operands allow it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from fdt_mlir.kernels.access import Access, Subscript
from fdt_mlir.kernels.borders import clipping_dim
from fdt_mlir.kernels.kernel import Kernel, Stage
from fdt_mlir.kernels.loops import Loop, reduction_loops
from fdt_mlir.kernels.machine import Tuning
from fdt_mlir.kernels.product import Product
from fdt_mlir.kernels.steps import Addition, Largest, Step

QUAD = 4
"""Bytes in a register."""
VECTOR = 8
"""Bytes in a vector register of Helium that holds them as 16 bits."""
BYTE_VECTOR = 16
"""Bytes in a vector register of Helium."""
_MOST_TAPS = 32
_MOST_IN_16_BITS = 1 << 15
_WIDE_USES = 100
"""Uses of a weight in an inference from which on 8 more bits of it are worth half as many
instructions."""


@dataclass(frozen=True)
class Dot:
    """Dot products over runs of `run` adjacent input elements, `elements` of them at a time.

    The last quad of a run that has a rest overlaps the one before; the weights of what is done
    already are zero. (A vector's are zero beyond the end.) `whole`: whatever borders clip, a run
    consists of whole quads (vectors). `wide`: weights are stored in 16 bits, those of elements 0
    and 2 before those of 1 and 3.
    """

    product: Product
    run: int
    whole: bool
    wide: bool
    elements: int = QUAD

    @property
    def padded_run(self) -> int:
        return math.ceil(self.run / self.elements) * self.elements


@dataclass(frozen=True)
class Taps:
    """A window over four adjacent channels, two of its `taps` at a time.

    Weights are stored in 16 bits: for each pair of taps, for each channel, that of either tap.
    `split`: elements whose window is all inside have code of their own.
    """

    product: Product
    taps: int
    split: bool

    @property
    def padded_taps(self) -> int:
        return math.ceil(self.taps / 2) * 2


@dataclass(frozen=True)
class Lanewise:
    """A reduction of adjacent channels that have nothing to do with each other.

    `elements` of them are in a register: bytes, of which the largest are kept, or sums of 16 bits.
    """

    step: Largest | Addition
    elements: int = QUAD

    @property
    def is_vector(self) -> bool:
        """Whether the register is one of Helium's, which can be filled in part."""
        return self.elements > QUAD


MicroKernel = Dot | Taps | Lanewise


def choose_micro_kernel(
    kernel: Kernel,
    accesses: Sequence[Access],
    dim: int,
    step: Step,
    rows: Sequence[int],
    tuning: Tuning,
) -> MicroKernel | None:
    """The micro-kernel of a kernel whose neighbours along `dim` are computed together, if any.

    `step` is what its innermost reduction does, `rows` are operands that are constants with a row
    for each neighbour.
    """
    if not isinstance(step, Product):
        return choose_lanewise(kernel, accesses, dim, step, tuning)
    if step.weights not in rows:
        return None
    dot = choose_dot(kernel, accesses, dim, step, tuning)
    is_nest = sum(bool(stage.reduces) for stage in kernel.stages) > 1
    if dot is not None or is_nest or kernel.dims[dim] < QUAD:
        return dot
    return choose_taps(kernel, accesses, dim, step, split=tuning.optimize == "speed")


def terms_of(kernel: Kernel, stage: Stage) -> int:
    """How many elements a reduction combines where no border shortens it."""
    return math.prod(kernel.dims[reduced] for reduced in stage.reduces)


def innermost_reduction(kernel: Kernel) -> Stage | None:
    """The reduction that others, if any, run around; None where nothing is reduced."""
    return next((stage for stage in kernel.stages if stage.reduces), None)


def choose_dot(
    kernel: Kernel, accesses: Sequence[Access], dim: int, product: Product, tuning: Tuning
) -> Dot | None:
    """The dot product of a kernel whose neighbours along `dim` share their input, if it is one."""
    stage = innermost_reduction(kernel)
    assert stage is not None
    run = reduction_loops(kernel, accesses, stage.reduces)[-1]
    reads = accesses[product.input].linear(len(kernel.dims)).coefficients
    if reads[dim] or reads[run.last] != 1 or _in_ring(accesses[product.input], run.dims):
        return None
    if not _all_clipped(kernel, stage, accesses[product.input], product.input):
        return None
    if set(stage.reduces) & set(kernel.slices):
        return None
    clipped = _is_clipped(kernel, stage, accesses, product.input, run)
    counted = run.inner if clipped else run.extent
    # Vectors where no border cuts one, as it may cut a quad.
    if tuning.machine.mve and run.extent >= VECTOR and not (clipped and run.inner % VECTOR):
        return Dot(product, run.extent, counted % VECTOR == 0, wide=False, elements=VECTOR)
    uses = math.prod(kernel.dims[over] for over in stage.over) // kernel.dims[dim]
    wide = tuning.optimize == "speed" or (tuning.optimize == "balanced" and uses >= _WIDE_USES)
    return Dot(product, run.extent, counted % QUAD == 0, wide) if run.extent >= QUAD else None


def choose_taps(
    kernel: Kernel, accesses: Sequence[Access], dim: int, product: Product, split: bool
) -> Taps | None:
    """The window of a kernel whose neighbours along `dim` read neighbours, if it is one.

    The kernel has one reduction.
    """
    (stage,) = (stage for stage in kernel.stages if stage.reduces)
    access = accesses[product.input]
    taps = terms_of(kernel, stage)
    if access.linear(len(kernel.dims)).coefficients[dim] != 1 or taps > _MOST_TAPS:
        return None
    if not _all_clipped(kernel, stage, access, product.input):
        return None
    if set(stage.reduces) & set(kernel.slices):
        return None
    windows = reduction_loops(kernel, accesses, stage.reduces)
    if any(
        len(window.dims) > 1 and _is_clipped(kernel, stage, accesses, product.input, window)
        for window in windows
    ):
        return None
    return Taps(product, taps, split)


def choose_lanewise(
    kernel: Kernel, accesses: Sequence[Access], dim: int, step: Largest | Addition, tuning: Tuning
) -> Lanewise | None:
    """Reductions of neighbours along `dim` side by side, if they are neighbours in memory too."""
    stage = innermost_reduction(kernel)
    assert stage is not None
    access = accesses[step.input]
    extent = kernel.dims[dim]
    if dim not in stage.over or access.linear(len(kernel.dims)).coefficients[dim] != 1:
        return None
    if not _all_clipped(kernel, stage, access, step.input) or extent < QUAD:
        return None
    if isinstance(step, Addition):
        terms = terms_of(kernel, stage)
        shortened = any(
            _is_clipped(kernel, stage, accesses, step.input, window)
            or window.first in kernel.slices
            for window in reduction_loops(kernel, accesses, stage.reduces)
        )
        # Offsets are added all at once, and sums are kept in 16 bits.
        if (step.offset and shortened) or terms * (128 + abs(step.offset)) > _MOST_IN_16_BITS:
            return None
        vector = tuning.machine.mve and extent >= VECTOR
        return Lanewise(step, VECTOR if vector else QUAD)
    is_result = (
        stage is kernel.stages[-1] and accesses[-1].linear(len(kernel.dims)).coefficients[dim] == 1
    )
    vector = tuning.machine.mve and is_result and extent > QUAD
    return Lanewise(step, BYTE_VECTOR if vector else QUAD)


def repacked_access(micro: Dot | Taps, access: Access) -> Access:
    """How weights are addressed when their rows are filled up with zeros."""
    old, new = (
        (micro.run, micro.padded_run) if isinstance(micro, Dot) else (micro.taps, micro.padded_taps)
    )

    def moved(subscript: Subscript) -> Subscript:
        step = subscript.stride
        return replace(subscript, stride=step // old * new) if step % old == 0 else subscript

    return Access(tuple(moved(subscript) for subscript in access.subscripts))


def _all_clipped(kernel: Kernel, stage: Stage, access: Access, operand: int) -> bool:
    """Whether nothing outside of an operand is ever asked for: loops are shortened instead."""
    leaving = access.leaving(kernel.dims)
    return all(clipping_dim(kernel, stage, operand, s) is not None for s in leaving)


def _is_clipped(
    kernel: Kernel, stage: Stage, accesses: Sequence[Access], operand: int, run: Loop
) -> bool:
    leaving = accesses[operand].leaving(kernel.dims)
    return any(clipping_dim(kernel, stage, operand, s) == run.first for s in leaving)


def _in_ring(access: Access, dims: Sequence[int]) -> bool:
    return any(set(ring.position.dims) & set(dims) for ring in access.rings())
