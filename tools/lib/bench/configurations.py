"""The ways in which every model is compiled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

BUDGETS = 5
DEVICE = "cortex-m4"


@dataclass(frozen=True)
class Configuration:
    """Options of the compiler under a name.

    budget: a number from 0 to BUDGETS - 1 means that the RAM is limited, evenly between the least
        arena that is known (0) and the untiled one.
    every_sample_on_device: else three of them, since an emulated core takes its time.
    """

    name: str
    choices: Mapping[str, Any] = field(default_factory=dict)
    budget: int | None = None
    every_sample_on_device: bool = False


def _auto(percent: int) -> Configuration:
    choices = {"strategy": "auto", "max_mac_overhead": float(percent)}
    return Configuration(f"auto-{percent}", choices)


STRATEGIES: tuple[Configuration, ...] = (
    Configuration("none", {"strategy": "none"}, every_sample_on_device=True),
    Configuration("fdt", {"strategy": "fdt"}),
    Configuration("ffmt", {"strategy": "ffmt"}),
    Configuration("paper", {"strategy": "paper"}),
    *(_auto(percent) for percent in (0, 10, 30)),
)


def _for_core(name: str, optimize: str = "balanced", **choices: Any) -> Configuration:
    """Code for the core that the figures are measured on."""
    return Configuration(name, {**choices, "target": DEVICE, "optimize": optimize})


FOR_CORE: tuple[Configuration, ...] = (
    _for_core("m4-none", strategy="none"),
    _for_core("m4-fdt", strategy="fdt"),
    _for_core("m4-ffmt", strategy="ffmt", max_mac_overhead=30.0),
    _for_core("m4-auto", strategy="auto"),
    _for_core("m4-stream-input", strategy="auto", stream_input=True),
    _for_core("m4-speed", "speed", strategy="none"),
    _for_core("m4-size", "size", strategy="none"),
)
CONFIGURATIONS: Mapping[str, Configuration] = {
    configuration.name: configuration
    for configuration in (
        *STRATEGIES,
        *(Configuration(f"budget-{n + 1}", {"strategy": "auto"}, budget=n) for n in range(BUDGETS)),
        *FOR_CORE,
        Configuration("stream-input", {"strategy": "auto", "stream_input": True}),
        Configuration("tflm", {"strategy": "none", "numerics": "tflm"}),
    )
}
