"""The bound of the stack: deepest path through the call graph, or none where there is none."""

from pathlib import Path

import pytest
from sample_model import write_model
from test_targets_run import require, samples

from fdt_mlir.targets import TARGETS, build, execute
from fdt_mlir.targets.stack import StackBound, stack_bound

_FRAMES = {"invoke": 16, "deep": 100, "flat": 200, "leaf": 50}


def graph(folder: Path, edges: list[tuple[str, str]], kind: str = "static") -> list[Path]:
    lines = [
        f'node: {{ title: "{name}" label: "{name}\\nm.c:1:1\\n{size} bytes ({kind})" }}'
        for name, size in _FRAMES.items()
    ]
    lines.append('node: { title: "memcpy" label: "memcpy\\n<built-in>" shape : ellipse }')
    lines += [f'edge: {{ sourcename: "{a}" targetname: "{b}" label: "m.c:1" }}' for a, b in edges]
    path = folder / "m.ci"
    path.write_text("\n".join(lines))
    return [path]


def test_deepest_path(tmp_path: Path) -> None:
    # Through deep and leaf: wrong if all frames, or only the largest, were counted.
    edges = [("invoke", "deep"), ("invoke", "flat"), ("deep", "leaf"), ("leaf", "memcpy")]
    graphs = graph(tmp_path, [*edges, ("deep", "flat")])
    assert stack_bound("invoke", graphs) == StackBound(316, ("memcpy",))
    assert stack_bound("leaf", graphs) == StackBound(50, ("memcpy",))
    assert stack_bound("flat", graphs) == StackBound(200, ())


def test_no_bound(tmp_path: Path) -> None:
    recursion = [("invoke", "deep"), ("deep", "leaf"), ("leaf", "deep")]
    assert stack_bound("invoke", graph(tmp_path, recursion)) is None
    assert stack_bound("flat", graph(tmp_path, recursion)) == StackBound(200, ())
    assert stack_bound("invoke", graph(tmp_path, [], kind="dynamic")) is None
    assert stack_bound("other", graph(tmp_path, [])) is None


@pytest.mark.parametrize("target", [name for name in TARGETS if name != "host"])
def test_bound_covers_what_is_used(target: str, tmp_path: Path) -> None:
    require(target)
    room = "{ volatile char room[400]; for (int i = 0; i < 400; ++i) room[i] = 1; *sum = room[9]; }"
    program = build(write_model(tmp_path, room), target)
    (result,) = execute(program, samples(1))
    assert program.stack is not None
    assert result.stack_bytes is not None
    # The harness calls through a function that spreads the arenas: a few bytes on some cores.
    assert 400 <= result.stack_bytes <= program.stack.size_bytes + 16 < 480
    assert program.stack.library == ()
