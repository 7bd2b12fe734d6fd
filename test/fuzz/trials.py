"""The ways in which a random model is compiled."""

import random
from dataclasses import replace

from fuzz.case import Case, Trial

BASIC = (
    Trial("none"),
    Trial("fdt"),
    Trial("ffmt", max_mac_overhead=100.0),
    Trial("stream"),
    Trial("paper", max_mac_overhead=100.0),
    Trial("auto"),
)
BUDGETS = (
    Trial("auto", max_mac_overhead=30.0),
    Trial("auto", max_mac_overhead=1000.0),
    Trial("auto", ram_fraction=0.0),
    Trial("auto", ram_fraction=0.5),
)
# Micro-kernels: on the host their instructions are C functions.
CODE = (
    Trial("auto", target="cortex-m4", optimize="speed"),
    Trial("stream", target="cortex-m4", optimize="size"),
    Trial("auto", max_mac_overhead=100.0, target="cortex-m55"),
    Trial("none", target="cortex-m4"),
    Trial("fdt", target="cortex-m0"),
)
OTHER = (Trial("auto", keep_inputs=True),)
ALL = (*BASIC, *BUDGETS, *CODE, *OTHER)
# What computes most differently from the rest comes most often.
WEIGHTS = (2, 3, 3, 4, 2, 6, 4, 4, 1, 1, 3, 3, 3, 2, 1, 1)

# The share of cases whose first trial also runs under the shadow memory, which takes a second.
SHADOWED = 0.2


def streamed_trials(case: Case) -> tuple[Trial, ...]:
    """One trial for each input of a case, its rows pushed; the core changes from case to case."""
    inputs = sum(node.op == "input" for node in case.nodes)
    target = ("generic", "cortex-m4")[case.seed % 2]
    return tuple(Trial("auto", target=target, streamed_input=n) for n in range(inputs))


def draw_trials(rng: random.Random, count: int) -> tuple[Trial, ...]:
    """Draw `count` different trials, all of them for 0."""
    if not count or count >= len(ALL):
        return ALL
    drawn: dict[Trial, None] = {}
    while len(drawn) < count:
        drawn[rng.choices(ALL, WEIGHTS)[0]] = None
    return tuple(drawn)


def with_shadow(trials: tuple[Trial, ...], seed: str) -> tuple[Trial, ...]:
    """Run the first trial of some cases under the shadow memory; the seed says of which."""
    if random.Random(f"{seed} shadow").random() >= SHADOWED:
        return trials
    return (replace(trials[0], shadow=True), *trials[1:])
