"""Layouts of generated instances that fill a memory to the last byte by construction."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

from bench.tables import say
from fdt_mlir.planner.layout import plan_layout
from fdt_mlir.planner.validator import validate
from planner.instances import TightInstances

COUNTS = (150, 250, 350, 450)
SEEDS = (1, 2, 3, 4)
FAMILIES: dict[str, dict[str, Any]] = {
    "many steps": {"steps": 1024},
    "few steps": {"steps": 128},
    "grain 1 KiB": {"steps": 1024, "grain_bytes": 1024},
    "holes": {"steps": 1024, "holes": 0.2},
}
_ROW = "{:<12} {:>7} {:>4} {:>10} {:>10} {:>16} {:>8}  {}"


def run(families: Sequence[str]) -> tuple[int, Any]:
    """Lay out every instance and print a row for each; 0 where all are packed to the last byte.

    Seconds are those of the processor, as the machine may be busy.
    """
    say(_ROW.format("family", "buffers", "seed", "capacity", "arena", "solver", "seconds", ""))
    results = [result for family in families for result in _measure(family)]
    packed = sum(result["arena_bytes"] == result["capacity_bytes"] for result in results)
    slowest = max(result["seconds"] for result in results)
    say(f"\n{packed} of {len(results)} packed to the last byte, {slowest:.1f} s at most")
    return 0 if packed == len(results) else 1, results


def _measure(family: str) -> Iterator[dict[str, Any]]:
    for count in COUNTS:
        for seed in SEEDS:
            problem = TightInstances(buffers=count, **FAMILIES[family]).generate(seed)
            start = time.process_time()
            plan = plan_layout(problem)
            result = {
                "family": family,
                "buffers": len(problem.buffers),
                "seed": seed,
                "capacity_bytes": problem.capacity_bytes,
                "arena_bytes": plan.arena_bytes,
                "solver": plan.solver,
                "seconds": time.process_time() - start,
            }
            violations = validate(problem, plan)
            verdict = "ok" if not violations else violations[0]
            seconds = f"{result['seconds']:.1f}"
            *cells, _ = result.values()
            say(_ROW.format(*cells, seconds, verdict))
            yield result
