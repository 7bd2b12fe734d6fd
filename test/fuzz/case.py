"""A random model and how to compile it, as data: written as JSON, read by a person, made smaller.

A node is one call of a method of `models.graph.Graph`: `{"op": "conv2d", "inputs": [0], "channels":
4, "kernel": [3, 3]}`. Nodes are numbered in order; `inputs` and `outputs` hold these numbers.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

Element = Literal["int8", "float32"]


@dataclass(frozen=True)
class Numbers:
    """What is forced on the quantisation of a result; None and empty leave what is calibrated.

    scale_factor: by how much its scale is wider; below 1 values saturate.
    channel_factors: by how much the scales of the weights are wider, channel by channel, over and
    over. Together these give multipliers from far below 1 to far above.
    """

    zero_point: int | None = None
    scale_factor: float | None = None
    channel_factors: tuple[float, ...] = ()


@dataclass(frozen=True)
class Node:
    """A call of the method `op` of a graph; `options` are its keyword arguments."""

    op: str
    inputs: tuple[int, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    numbers: Numbers = Numbers()


@dataclass(frozen=True)
class Trial:
    """One way to compile: arguments of `api.compile`.

    ram_fraction: where the RAM limit lies from the least arena (0) to the untiled one (1).
    shadow: whether it runs once more under the shadow memory, which traps reads of dead bytes.
    streamed_input: the number of the input whose rows are pushed; models in which nothing takes its
        rows in order are refused, and that is right.
    """

    strategy: str = "auto"
    max_mac_overhead: float = 0.0
    ram_fraction: float | None = None
    target: str = "generic"
    optimize: str = "balanced"
    keep_inputs: bool = False
    shadow: bool = False
    streamed_input: int | None = None


@dataclass(frozen=True)
class Case:
    """A model and its trials. `seed` draws weights and constants."""

    nodes: tuple[Node, ...]
    outputs: tuple[int, ...]
    element: Element = "int8"
    seed: int = 0
    trials: tuple[Trial, ...] = (Trial(),)

    def with_trials(self, *trials: Trial) -> "Case":
        return replace(self, trials=trials)


def write_case(case: Case, path: Path, about: str) -> None:
    """Write a case as JSON with a line that says what it showed."""
    path.write_text(json.dumps({"about": about, **to_json(case)}, indent=1) + "\n")


def read_case(path: Path) -> Case:
    """Read what `write_case` wrote."""
    return from_json(json.loads(path.read_text()))


def to_json(case: Case) -> dict[str, Any]:
    """Return a case as what JSON can hold; defaults are left out."""
    return {
        "element": case.element,
        "seed": case.seed,
        "nodes": [_node_to_json(node) for node in case.nodes],
        "outputs": [*case.outputs],
        "trials": [_changed(trial, Trial()) for trial in case.trials],
    }


def from_json(data: Mapping[str, Any]) -> Case:
    """Invert `to_json`."""
    return Case(
        nodes=tuple(_node_from_json(dict(node)) for node in data["nodes"]),
        outputs=tuple(data["outputs"]),
        element=data["element"],
        seed=data["seed"],
        trials=tuple(Trial(**trial) for trial in data["trials"]),
    )


def frozen(value: Any) -> Any:
    """Turn lists into tuples, all the way down."""
    return tuple(frozen(item) for item in value) if isinstance(value, list | tuple) else value


def _node_to_json(node: Node) -> dict[str, Any]:
    numbers = _changed(node.numbers, Numbers())
    inputs = {"inputs": [*node.inputs]} if node.inputs else {}
    return {"op": node.op, **inputs, **node.options, **({"numbers": numbers} if numbers else {})}


def _node_from_json(data: dict[str, Any]) -> Node:
    numbers = Numbers(**{key: frozen(value) for key, value in data.pop("numbers", {}).items()})
    op, inputs = data.pop("op"), frozen(data.pop("inputs", []))
    return Node(op, inputs, {key: frozen(value) for key, value in data.items()}, numbers)


def _changed(value: Any, default: Any) -> dict[str, Any]:
    """Return the fields in which a dataclass differs from its default."""
    fields, defaults = asdict(value), asdict(default)
    return {key: item for key, item in fields.items() if item != defaults[key]}
