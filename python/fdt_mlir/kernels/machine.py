"""What a target's core can do for the loops of a kernel: the table of machines."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from fdt_mlir.errors import UsageError

Optimize = Literal["size", "balanced", "speed"]
OPTIMIZE: tuple[Optimize, ...] = ("size", "balanced", "speed")


@dataclass(frozen=True)
class Machine:
    """How a core computes, as far as generated code cares.

    `contraction_lanes` outputs are computed together where they share their inputs, `lanes` where
    they do not: so many accumulators, with operands and addresses, fit the registers. `dsp`: Arm's
    DSP extension, which multiplies two pairs of 16 bits and adds both products at once.
    """

    contraction_lanes: int
    lanes: int
    dsp: bool = False
    mve: bool = False


_PORTABLE = Machine(contraction_lanes=8, lanes=4)
_LOW_REGISTERS = Machine(contraction_lanes=2, lanes=2)
_DSP = Machine(contraction_lanes=4, lanes=4, dsp=True)
_HELIUM = Machine(contraction_lanes=4, lanes=4, dsp=True, mve=True)

MACHINES = MappingProxyType(
    {
        "generic": _PORTABLE,
        "host": _PORTABLE,
        "cortex-m0": _LOW_REGISTERS,
        "cortex-m3": _PORTABLE,
        "cortex-m4": _DSP,
        "cortex-m7": _DSP,
        "cortex-m33": _DSP,
        "cortex-m55": _HELIUM,
        "riscv32": _PORTABLE,
    }
)
"""By name of the target; another core is one more row."""


def find_machine(target: str) -> Machine:
    """Return the machine of a target. Raises UsageError that lists the targets there are."""
    if target not in MACHINES:
        known = ", ".join(MACHINES)
        raise UsageError(f"there is no code for target '{target}'; choose from: {known}")
    return MACHINES[target]


@dataclass(frozen=True)
class Tuning:
    """For which machine, and to which end, code is generated."""

    machine: Machine = _PORTABLE
    optimize: Optimize = "balanced"
