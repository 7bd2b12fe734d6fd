"""Problems that contradict themselves are refused with the names and the numbers."""

import pytest

from fdt_mlir.planner.problem import Buffer, Offset, Overlap, Problem
from fdt_mlir.planner.task_graph import Task, TaskGraph


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (("b", -1, 0, 1), "buffer b: size -1 B is negative"),
        (("b", 1, 2, 2), r"buffer b: lifetime \[2, 2\) is empty"),
        (("b", 1, 0, 1, 12), "buffer b: alignment 12 is not a power of two"),
        (("b", 1, 0, 1, 0), "buffer b: alignment 0 is not a power of two"),
        (("b", 1, 0, 1, 4, 6), "buffer b: pin 6 is not a multiple of its alignment 4"),
        (("b", 1, 0, 1, 4, -4), "buffer b: pin -4 is not a multiple"),
    ],
)
def test_impossible_buffers_are_refused(fields: tuple, message: str):
    with pytest.raises(ValueError, match=message):
        Buffer(*fields)


def problem_of(*overlaps: Overlap, pins: tuple[int | None, int | None] = (None, None)) -> Problem:
    pin_a, pin_b = (None if pin is None else Offset(pin) for pin in pins)
    buffers = (Buffer("a", 4, 0, 2, pin=pin_a), Buffer("b", 4, 1, 3, pin=pin_b))
    return Problem((*buffers, Buffer("late", 4, 5, 6)), overlaps)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: Problem((Buffer("a", 1, 0, 1),) * 2), "names are not unique: a"),
        (lambda: Problem((), capacity_bytes=-1), "capacity -1 B is negative"),
        (lambda: problem_of(Overlap("a", "x", "same")), "there is no buffer x"),
        (lambda: problem_of(Overlap("a", "a", "same")), "cannot overlap itself"),
        (lambda: problem_of(Overlap("b", "a", "same")), "the input lives to step 3"),
        (lambda: Overlap("a", "b", "same", 1), "the same place has no distance"),
        (lambda: Overlap("a", "b", "sideways"), "none of forward, reverse, same"),
        (lambda: problem_of(pins=(0, 3)), "a and b live together, but their pins 0 and 3"),
        (lambda: problem_of(Overlap("a", "b", "forward"), pins=(0, 3)), "pins 0 and 3"),
    ],
)
def test_contradictions_are_refused(build, message: str):
    with pytest.raises(ValueError, match=message):
        build()


def test_pins_that_agree_are_accepted():
    problem_of(pins=(0, 4))
    problem_of(Overlap("a", "b", "forward"), pins=(3, 0))
    problem_of(Overlap("a", "b", "reverse"), pins=(0, 3))
    problem_of(Overlap("a", "b", "same"), pins=(8, 8))


def chain(*tasks: Task, **fields) -> TaskGraph:
    sizes = fields.pop("size_bytes", {"x": 1, "y": 1, "z": 1})
    return TaskGraph(tasks, sizes, fields.pop("inputs", ("x",)), **fields)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: chain(*[Task("t", ("x",), ())] * 2), "task names are not unique: t"),
        (lambda: chain(Task("t", ("q",), ())), "never written: q"),
        (lambda: chain(outputs=("y",)), "never written: y"),
        (lambda: chain(Task("t", (), ("x",))), "written more than once: x"),
        (lambda: chain(Task("t", ("x",), ("y",)), kept=("y",)), "not graph inputs: y"),
        (lambda: chain(Task("t", ("x",), ("q",))), "have no size: q"),
        (lambda: chain(size_bytes={"x": -1}), "tensor x: size -1 B is negative"),
        (lambda: chain(Task("t", ("x",), (), -1)), "task t: inner peak -1 B is negative"),
        (
            lambda: chain(Task("t", ("z",), ("y",)), Task("u", ("y",), ("z",))),
            "in a circle, among: t, u",
        ),
    ],
)
def test_impossible_graphs_are_refused(build, message: str):
    with pytest.raises(ValueError, match=message):
        build()
