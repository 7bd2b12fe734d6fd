"""tools/bench packings says what is packed, and fails where something is not."""

import sys
from pathlib import Path

import pytest

from fdt_mlir.planner.layout import LayoutLimits, plan_layout

sys.path.insert(0, str(Path(__file__).parents[2] / "tools" / "lib"))

from bench import packings


@pytest.fixture(autouse=True)
def two_instances(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packings, "COUNTS", (150,))
    monkeypatch.setattr(packings, "SEEDS", (1, 2))


# Wrong if the table leaves out an instance, or a success is no success.
def test_all_are_packed():
    status, results = packings.run(["few steps"])
    assert status == 0
    assert [result["seed"] for result in results] == [1, 2]
    assert {result["arena_bytes"] for result in results} == {1 << 20}


# Wrong if an arena above the capacity counts as packed.
def test_what_is_not_packed_fails(monkeypatch: pytest.MonkeyPatch):
    nothing = LayoutLimits(0, 0, 0, 0, 0, 0.0)
    monkeypatch.setattr(packings, "plan_layout", lambda problem: plan_layout(problem, nothing))
    status, results = packings.run(["few steps"])
    assert status == 1
    assert all(result["arena_bytes"] > result["capacity_bytes"] for result in results)
