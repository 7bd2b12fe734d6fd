"""report.json: the numbers of a compilation, with stable keys (docs/report.md)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import version
from typing import Any

from fdt_mlir import __version__
from fdt_mlir.paths.path_plan import Discovery, DiscoveryOptions, PathPlan, UntiledPlan, overhead
from fdt_mlir.report.facts import Facts, PlanBuffer, PlanStep, Port, StepFacts, find_peak

_PACKAGES = ("iree-base-compiler", "tosa-converter-for-tflite")


def build_report(
    model_file: str, name: str, options: DiscoveryOptions, facts: Facts, discovery: Discovery
) -> Mapping[str, Any]:
    """Collect everything that report.json holds, in the order in which it is written."""
    return {
        "model": model_file,
        "name": name,
        "strategy": options.strategy,
        "limits": {
            "ram_bytes": options.ram_bytes or None,
            "mac_overhead": options.max_mac_overhead / 100,
        },
        "element_type": facts.element_type,
        "arena_bytes": facts.arena_bytes,
        "arenas": [asdict(arena) for arena in facts.arenas],
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
        "inputs": [_port(port) for port in facts.inputs],
        "outputs": [_port(port) for port in facts.outputs],
        "states": [_port(port) for port in facts.states],
        "buffers": [asdict(buffer) for buffer in facts.buffers],
        "steps": [_step(step, discovery.paths) for step in facts.steps],
        "untiled": _untiled(discovery.untiled),
        "paths": [_path(path) for path in discovery.paths],
        "pareto": [asdict(point) for point in discovery.pareto],
        "versions": {"fdt-mlir": __version__, **{name: version(name) for name in _PACKAGES}},
    }


def _step(step: StepFacts, paths: Sequence[PathPlan]) -> Mapping[str, Any]:
    numbers = [number for number, path in enumerate(paths) if step.name in path.layers]
    return {**asdict(step), "path": numbers[0] if numbers else None}


def _untiled(untiled: UntiledPlan) -> Mapping[str, Any]:
    """The plan that the tiled one is compared with, in the same terms."""
    problem, arena_bytes = untiled.problem, untiled.plan.arena_bytes
    buffers = [
        PlanBuffer(
            buffer.name,
            untiled.shapes[buffer.name],
            buffer.size_bytes,
            untiled.plan.offsets[buffer.name],
            buffer.first,
            buffer.last,
            untiled.roles[buffer.name],
        )
        for buffer in problem.buffers
    ]
    steps = [
        PlanStep(name, sum(b.bytes for b in buffers if b.first <= number < b.last))
        for number, name in enumerate(untiled.steps)
    ]
    peak = find_peak([arena_bytes], buffers, steps)
    return {
        "arena_bytes": arena_bytes,
        "peak": asdict(peak) if peak is not None else None,
        "buffers": [asdict(buffer) for buffer in buffers],
        "steps": [asdict(step) for step in steps],
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


def _port(port: Port) -> dict[str, Any]:
    """An input or output; only one that is streamed has rows."""
    entries = asdict(port)
    if port.offset is not None:
        del entries["rows"]
    return entries
