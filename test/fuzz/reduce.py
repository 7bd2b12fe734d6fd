"""Makes a failing case smaller, step by step, as long as it fails in the same way."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from fuzz.case import Case, Node, Numbers, Trial

MOST_ATTEMPTS = 400

StillFails = Callable[[Case], bool]

# Simpler values of an option, the simplest first.
_SIMPLER: dict[str, tuple[Any, ...]] = {
    "activation": ("NONE",),
    "kernel": (1, (1, 1), (2, 1), (1, 2), (2, 2), (3, 3)),
    "strides": ((1, 1), (2, 1), (1, 2)),
    "dilation": ((1, 1),),
    "padding": ("SAME",),
    "multiplier": (1, 2),
    "bias": (False,),
    "same_scale": (True,),
    "low": (-1.0,),
    "high": (1.0,),
}


def reduce_case(case: Case, still_fails: StillFails, attempts: int = MOST_ATTEMPTS) -> Case:
    """Return a smaller case that still fails.

    Tries every simplification of the case; takes the first that fails and begins again, until none
    does or `attempts` are used up.
    """
    tried: set[str] = {repr(case)}
    progress = True
    while progress:
        progress = False
        for smaller in simplifications(case):
            if repr(smaller) in tried:
                continue
            if not attempts:
                return case
            tried.add(repr(smaller))
            attempts -= 1
            if still_fails(smaller):
                case, progress = smaller, True
                break
    return case


def simplifications(case: Case) -> Iterator[Case]:
    """Yield cases that are a little simpler, those that leave most away first."""
    yield from _fewer_outputs(case)
    yield from _fewer_nodes(case)
    yield from _simpler_trials(case)
    for number, node in enumerate(case.nodes):
        for simpler in _simpler_nodes(node):
            nodes = (*case.nodes[:number], simpler, *case.nodes[number + 1 :])
            yield replace(case, nodes=nodes)


def _fewer_outputs(case: Case) -> Iterator[Case]:
    """Return one output alone, and one output less."""
    if len(case.outputs) < 2:
        return
    for output in dict.fromkeys(case.outputs):
        yield without_unused(replace(case, outputs=(output,)))
    for place in range(len(case.outputs)):
        outputs = (*case.outputs[:place], *case.outputs[place + 1 :])
        yield without_unused(replace(case, outputs=outputs))


def _fewer_nodes(case: Case) -> Iterator[Case]:
    """End earlier, or let the readers of a node read one of its inputs instead."""
    for number, node in enumerate(case.nodes):
        if node.inputs and case.outputs != (number,):
            yield without_unused(replace(case, outputs=(number,)))
    for number in reversed(range(len(case.nodes))):
        for source in dict.fromkeys(case.nodes[number].inputs):
            yield without_unused(_renamed(case, number, source))


def _renamed(case: Case, old: int, new: int) -> Case:
    """Let everybody who reads `old` read `new`."""

    def name(number: int) -> int:
        return new if number == old else number

    nodes = tuple(replace(n, inputs=tuple(map(name, n.inputs))) for n in case.nodes)
    return replace(case, nodes=nodes, outputs=tuple(map(name, case.outputs)))


def without_unused(case: Case) -> Case:
    """Drop the nodes that no output needs, and number the rest anew."""
    needed = set(case.outputs)
    for number in reversed(range(len(case.nodes))):
        if number in needed:
            needed.update(case.nodes[number].inputs)
    kept = sorted(needed)
    place = {number: index for index, number in enumerate(kept)}
    nodes = [case.nodes[number] for number in kept]
    renumbered = [replace(n, inputs=tuple(place[i] for i in n.inputs)) for n in nodes]
    outputs = tuple(place[number] for number in case.outputs)
    return replace(case, nodes=tuple(renumbered), outputs=outputs)


def _simpler_trials(case: Case) -> Iterator[Case]:
    """Compile in a plainer way."""
    for trial in case.trials:
        if len(case.trials) > 1:
            yield case.with_trials(trial)
        for changes in (
            {"target": "generic", "optimize": "balanced"},
            {"optimize": "balanced"},
            {"keep_inputs": False},
            {"ram_fraction": None},
            {"ram_fraction": 0.0},
            {"strategy": "none"},
            {"max_mac_overhead": 0.0},
            {"strategy": "stream"},
            {"strategy": "ffmt"},
            {"strategy": "fdt"},
            {"strategy": "auto", "max_mac_overhead": 1000.0},
        ):
            plainer = replace(trial, **changes)
            if len(case.trials) == 1 and _complexity(plainer) < _complexity(trial):
                yield case.with_trials(plainer)


def _complexity(trial: Trial) -> tuple[bool, ...]:
    return (
        trial.target != "generic",
        trial.optimize != "balanced",
        trial.ram_fraction is not None,
        trial.keep_inputs,
        trial.strategy in ("auto", "paper"),
        trial.max_mac_overhead > 0,
        trial.strategy != "none",
    )


def _simpler_nodes(node: Node) -> Iterator[Node]:
    """A node with one option simpler, or one number smaller."""
    if node.numbers != Numbers():
        yield replace(node, numbers=Numbers())
    options = node.options
    for key, value in options.items():
        for simpler in _simpler_values(key, value):
            yield replace(node, options={**options, key: simpler})


def _simpler_values(key: str, value: Any) -> Iterator[Any]:
    if key in _SIMPLER:
        known = _SIMPLER[key]
        yield from known[: known.index(value)] if value in known else known
    elif key in ("channels", "units"):
        yield from _smaller(value)
    elif key == "shape":
        for axis in range(len(value)):
            for extent in _smaller(value[axis]):
                yield (*value[:axis], extent, *value[axis + 1 :])
    elif key == "before_after":
        for axis, pair in enumerate(value):
            if pair != (0, 0):
                yield (*value[:axis], (0, 0), *value[axis + 1 :])


def _smaller(value: int) -> Iterator[int]:
    """Yield 1, about half, and one less."""
    yield from dict.fromkeys(n for n in (1, 2, value // 2, value - 1) if 0 < n < value)
