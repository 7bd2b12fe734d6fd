"""report.json: the numbers of a compilation, with stable keys (docs/report.md)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import version
from typing import Any

from fdt_mlir import __version__
from fdt_mlir.paths.path_plan import Discovery, PathPlan, overhead
from fdt_mlir.report.facts import Facts

_PACKAGES = ("iree-base-compiler", "tosa-converter-for-tflite")


def build_report(
    model_file: str, name: str, strategy: str, facts: Facts, discovery: Discovery
) -> Mapping[str, Any]:
    """Collect everything that report.json holds, in the order in which it is written."""
    return {
        "model": model_file,
        "name": name,
        "strategy": strategy,
        "arena_bytes": facts.arena_bytes,
        "arena_align": facts.arena_align,
        "arena_bytes_untiled": discovery.untiled_arena_bytes,
        "live_sum_bytes": facts.live_sum_bytes,
        "lower_bound_bytes": facts.lower_bound_bytes,
        "layout_proved_optimal": facts.layout_proved_optimal,
        "order_proved_optimal": facts.order_gap_bytes == 0,
        "order_gap_bytes": facts.order_gap_bytes,
        "peak": asdict(facts.peak) if facts.peak is not None else None,
        "macs": facts.macs,
        "macs_untiled": discovery.untiled_macs,
        "mac_overhead": overhead(facts.macs, discovery.untiled_macs),
        "weights_bytes": facts.weights_bytes,
        "inputs": [asdict(port) for port in facts.inputs],
        "outputs": [asdict(port) for port in facts.outputs],
        "buffers": [asdict(buffer) for buffer in facts.buffers],
        "steps": [asdict(step) for step in facts.steps],
        "paths": [_path(path) for path in discovery.paths],
        "pareto": [asdict(point) for point in discovery.pareto],
        "versions": {"fdt-mlir": __version__, **{name: version(name) for name in _PACKAGES}},
    }


def _path(path: PathPlan) -> Mapping[str, Any]:
    return {
        "glyph": path.glyph,
        "family": path.family,
        "layers": list(path.layers),
        "dims": list(path.dims),
        "tiles": list(path.tiles),
        "saved_bytes": path.saved_bytes,
    }
