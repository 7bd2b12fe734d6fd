"""Every operator that the project speaks about, in small cases with all of its element types."""

from collections.abc import Mapping
from types import MappingProxyType

from models.operators import (
    activations,
    convolutions,
    detection,
    elementwise,
    movement,
    recurrent,
    reductions,
)
from models.operators.case import Case

GROUPS: Mapping[str, tuple[Case, ...]] = MappingProxyType(
    {
        "Convolutions, fully connected layers, pools": convolutions.CASES,
        "Functions of one tensor": activations.CASES,
        "Arithmetic, comparisons, conversions": elementwise.CASES,
        "Reductions": reductions.CASES,
        "Movement": movement.CASES,
        "State": recurrent.CASES,
        "Detection": detection.CASES,
    }
)
"""Cases by what the documentation calls their group."""

CASES: Mapping[str, Case] = MappingProxyType(
    {case.name: case for cases in GROUPS.values() for case in cases}
)
