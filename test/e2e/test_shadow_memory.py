"""The shadow memory traps every plan that makes an output wrong, and no plan that is right.

Plans are made wrong on purpose, one buffer moved at a time; all after them is the compiler's work.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fdt_mlir import api, targets
from fdt_mlir.allocate import placement, plan_arena
from fdt_mlir.allocate.placement import Placement
from fdt_mlir.errors import CompileError
from fdt_mlir.planner.plan import Plan
from fdt_mlir.planner.problem import Problem
from fdt_mlir.targets.variants import SHADOW
from models import oracle
from models.graph import Graph, Tensor
from models.single_op import model
from models.tflite_writer import write_file

# In the last, the caller's calls share the arena with the count of its rows.
OPTIONS: dict[str, dict[str, Any]] = {
    "untiled": {"strategy": "none"},
    "streams": {"strategy": "auto"},
    "pushed rows": {"stream_input": True},
}


def chain(graph: Graph, x: Tensor) -> Tensor:
    """A residual block: in-place overlaps without tiling, rings and trailing results with it."""
    x = graph.conv2d(x, 6, 3, activation="RELU")
    y = graph.depthwise_conv2d(x, 3, activation="RELU")
    y = graph.conv2d(y, 6, 1)
    x = graph.add(x, y)
    return graph.average_pool(graph.conv2d(x, 5, 3, strides=2), 4)


@pytest.fixture(scope="module")
def chain_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("chain") / "chain.tflite"
    write_file(model([(1, 8, 7, 3)], chain), path)
    return path


def moved_plans(plan: Plan, problem: Problem) -> Iterator[Plan]:
    """The plan with one buffer moved: by little, and to either end of the arena."""
    for buffer in problem.buffers:
        offset, last = plan.offsets[buffer.name], plan.arena_bytes - buffer.size_bytes
        places = {offset + step * buffer.align for step in (-2, 1, 9)} | {0, last}
        for place in sorted(places - {offset}):
            if 0 <= place <= last and place % buffer.align == 0:
                yield replace(plan, offsets={**plan.offsets, buffer.name: place})


def trapped(folder: Path, inputs: list[np.ndarray]) -> str | None:
    """What the shadow memory says of a model; None where it has nothing to say."""
    try:
        targets.run_many(folder, "host", [inputs], variant=SHADOW)
    except CompileError as error:
        return str(error)
    return None


@pytest.mark.parametrize("every", [4, pytest.param(1, marks=pytest.mark.slow)])
@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_moved_buffers(
    every: int,
    options: dict[str, Any],
    chain_path: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    good = api.compile(chain_path, name="chain", **options)
    found: list[tuple[Plan, Problem]] = []
    original = placement.validate

    def remember(problem: Problem, plan: Plan) -> list[object]:
        found.append((plan, problem))
        return original(problem, plan)

    monkeypatch.setattr(placement, "validate", remember)
    api.compile(chain_path, name="chain", **options)
    plan, problem = found[-1]
    assert set(plan.offsets.values()) <= {b["offset"] for b in good.report["buffers"]}

    (inputs,) = oracle.random_inputs(chain_path, 1)
    expected = oracle.reference_outputs(chain_path, inputs)
    seen = Counter[str]()
    for number, moved in enumerate(list(moved_plans(plan, problem))[::every]):
        place = Placement({buffer.name: 0 for buffer in problem.buffers}, moved.offsets, (moved,))
        monkeypatch.setattr(plan_arena, "place", lambda *_, place=place: place)
        folder = tmp_path / str(number)
        api.compile(chain_path, name="chain", **options).write(folder)
        message = trapped(folder, inputs)
        is_valid = not original(problem, moved)
        (result,) = targets.run_many(folder, "host", [inputs])
        is_right = all(map(np.array_equal, expected, result.outputs))
        # The three judges share nothing: validator, shadow memory, outputs.
        assert message is None or not is_valid, message
        assert message is not None or is_right, moved.offsets
        seen["valid" if is_valid else "trapped" if message else "harmless"] += 1
    assert seen["trapped"] >= 9 // every, seen
    assert seen["trapped"] > seen["harmless"], seen
