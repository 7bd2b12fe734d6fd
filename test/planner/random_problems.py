"""Small random layout problems and task graphs, for comparison with brute force."""

from random import Random

from fdt_mlir.planner.problem import Buffer, Direction, Offset, Overlap, Problem
from fdt_mlir.planner.step_graph import Step, StepGraph
from fdt_mlir.planner.task_graph import Task, TaskGraph


def random_packing(random: Random, max_buffers: int) -> Problem:
    """Draw a plain packing; sizes, lifetimes and alignments are small, so that they collide."""
    steps = random.randint(2, 8)
    aligned = random.random() < 0.3
    buffers: list[Buffer] = []
    for index in range(random.randint(1, max_buffers)):
        first = random.randrange(steps)
        last = min(steps, first + random.randint(1, 4))
        align = random.choice([1, 2, 4]) if aligned else 1
        buffers.append(Buffer(f"b{index}", random.randint(0, 12), first, last, align))
    return Problem(tuple(buffers))


def random_exempt_problem(random: Random, max_buffers: int) -> Problem:
    """Draw a problem in which most pairs that may be exempt are, some twice, and one may be pinned.

    Lifetimes form a chain of steps with a few bystanders, as in a network.
    """
    buffers: list[Buffer] = []
    for index in range(random.randint(2, max_buffers)):
        first = max(0, index - 1)
        last = first + random.choice([2, 2, 2, 3])
        size = random.randint(1, 10)
        pin = Offset(2 * random.randint(0, 6)) if index == 0 and random.random() < 0.3 else None
        buffers.append(Buffer(f"b{index}", size, first, last, random.choice([1, 1, 1, 2]), pin))
    overlaps: list[Overlap] = []
    for dying in buffers:
        for born in buffers:
            if dying is born or dying.last != born.first + 1 or dying.first > born.first:
                continue
            for _ in range(random.choice([0, 1, 1, 2])):
                overlaps.append(_random_overlap(random, dying.name, born.name))
    return Problem(tuple(buffers), tuple(overlaps))


def _random_overlap(random: Random, input_name: str, output_name: str) -> Overlap:
    directions: list[Direction] = ["forward", "reverse", "same"]
    direction = random.choice(directions)
    distance = 0 if direction == "same" else random.randint(-3, 5)
    return Overlap(input_name, output_name, direction, distance)


def random_task_graph(random: Random, max_tasks: int) -> TaskGraph:
    """Draw a graph with shared tensors, unread results, several results and inner peaks."""
    sizes = {"in0": random.randint(0, 9), "in1": random.randint(0, 9)}
    tasks: list[Task] = []
    written = list(sizes)
    for index in range(random.randint(1, max_tasks)):
        recent = written[-random.randint(2, 6) :]
        inputs = random.sample(recent, min(len(recent), random.choice([1, 1, 1, 2, 2, 3])))
        outputs = [f"t{index}_{part}" for part in range(random.choice([1, 1, 1, 2]))]
        sizes |= {tensor: random.randint(0, 12) for tensor in outputs}
        written += outputs
        inner = random.choice([0, 0, random.randint(0, 9)])
        tasks.append(Task(f"task{index}", tuple(inputs), tuple(outputs), inner))
    outputs = tuple(tensor for tensor in written[2:] if random.random() < 0.15)
    kept = ("in0",) if random.random() < 0.2 else ()
    return TaskGraph(tuple(tasks), sizes, ("in0", "in1"), outputs, kept)


def random_step_graph(random: Random, max_steps: int) -> StepGraph:
    """Draw a graph with a tensor written in parts, and results that may share bytes with inputs."""
    sizes = {"in0": random.randint(0, 9), "in1": random.randint(1, 9)}
    readable = list(sizes)
    writers: dict[str, set[int]] = {}
    steps: list[Step] = []
    predecessors: list[frozenset[int]] = []
    for index in range(random.randint(1, max_steps)):
        reads = random.sample(readable, min(len(readable), random.choice([1, 1, 2, 3])))
        is_part = random.random() < 0.3 and "whole" not in readable
        written = "whole" if is_part else f"t{index}"
        sizes.setdefault(written, random.randint(0, 14))
        shares = {
            tensor: random.randint(0, min(sizes[tensor], sizes[written]))
            for tensor in reads
            if random.random() < 0.5
        }
        before = [writers.get(tensor, set[int]()) for tensor in reads]
        predecessors.append(frozenset[int]().union(*before))
        inner = random.choice([0, 0, random.randint(0, 5)])
        second = f"u{index}"
        is_double = random.random() < 0.3
        both = (written, second) if is_double else (written,)
        sizes |= {second: random.randint(0, 9)} if is_double else {}
        steps.append(Step(f"s{index}", tuple(reads), both, inner, shares))
        writers.setdefault(written, set()).add(index)
        if not is_part:
            readable.append(written)
        if is_double:
            writers[second] = {index}
            readable.append(second)
        if "whole" in writers and "whole" not in readable and random.random() < 0.4:
            readable.append("whole")
    outputs = tuple(tensor for tensor in list(sizes)[2:] if random.random() < 0.15)
    return StepGraph(tuple(steps), sizes, ("in0", "in1"), outputs, tuple(predecessors))
