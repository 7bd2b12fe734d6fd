"""What the stages of a kernel are called with: elements, results of other stages, loop indices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

from fdt_mlir.attributes import number_of
from fdt_mlir.emitc.cursor import Cursor, KernelBody
from fdt_mlir.emitc.inline_function import Moved
from fdt_mlir.emitc.scalar_functions import Argument, function_result_type, scalar_type
from fdt_mlir.emitc.statements import Variable, index, load, variable, when
from fdt_mlir.emitc.types import Range
from fdt_mlir.emitc.values import Value, constant, unknown
from fdt_mlir.emitc.vector_stage import VectorArgument, computed_argument, read_argument
from fdt_mlir.emitc.word_arguments import WordArgument, word_arguments
from fdt_mlir.kernels.access import Subscript
from fdt_mlir.kernels.borders import clipping_dim, pad_of
from fdt_mlir.kernels.kernel import Stage
from fdt_mlir.kernels.micro_kernel import QUAD

Result = Value | Variable
"""What a stage computed: a reduction leaves it in its accumulator."""


@dataclass
class StageArguments:
    """The arguments at the place where the cursor is.

    `values` holds what stages gave in each lane of the block, one for all where they agree;
    `shared` elements that lanes have in common, while a stage is computed.
    """

    body: KernelBody
    cursor: Cursor
    values: dict[int, Sequence[Result]] = field(default_factory=dict[int, Sequence[Result]])
    shared: dict[int, Value] = field(default_factory=dict[int, Value])

    def all_of(
        self, stage: Stage, names: Sequence[str], lane: int, accumulator: Value | None = None
    ) -> list[Argument]:
        return [self.one_of(stage, name, lane, accumulator) for name in names]

    def one_of(self, stage: Stage, name: str, lane: int, accumulator: Value | None) -> Argument:
        if name == "acc":
            assert accumulator is not None
            return accumulator
        if name == "out":
            result = self.body.result
            return load(self.body.pointers[result], self.cursor.element(result, lane))
        kind, _, number = name.partition(":")
        position = int(number)
        if kind == "table":
            return self.body.pointers[position]
        if kind == "stage":
            values = self.values[position]
            return value_of(values[lane if len(values) > 1 else 0])
        if kind == "dim":
            return self.cursor.loop_values[position]
        if self.cursor.lane_step(position):
            return self.load(stage, position, lane)
        if position not in self.shared:
            self.shared[position] = self.load(stage, position, lane)
        return self.shared[position]

    def any_of(self, stage: Stage, name: str) -> Argument:
        """A stand-in for an argument before its loops are open: only its range counts."""
        kind, _, number = name.partition(":")
        position = int(number)
        if kind == "dim":
            return unknown(index(0).type, Range(0, self.body.kernel.dims[position] - 1))
        if kind == "in":
            return unknown(self.body.pointers[position].element_type, self._limits(position))
        if kind == "stage" and position not in self.values:
            function = self.body.functions[self.body.kernel.stages[position].body]
            return unknown(function_result_type(function))
        return self.one_of(stage, name, 0, None)

    def load(self, stage: Stage, operand: int, lane: int) -> Value:
        """The element of an operand, or what it reads as beyond its border."""
        pointer = self.body.pointers[operand]
        kernel = self.body.kernel
        leaving = self.leaving(stage, operand)
        if not leaving:
            return load(pointer, self.cursor.element(operand, lane))
        pad = pad_of(kernel, operand)
        assert pad is not None, "an operand that is read beyond its border without a pad"
        padding = constant(number_of(pad.value), scalar_type(pointer.element_type))
        conditions = [condition for s in leaving for condition in self.cursor.inside(s)]
        if any(
            condition.constant is not None and not condition.constant for condition in conditions
        ):
            return padding
        unsure = [condition for condition in conditions if condition.constant is None]
        element = variable(self.body.operand_names[operand], padding, self._limits(operand))
        with ExitStack() as branches:
            for condition in unsure:
                branches.enter_context(when(condition))
            element.set(load(pointer, self.cursor.element(operand, lane)))
        return element.get()

    def leaving(self, stage: Stage, operand: int) -> list[Subscript]:
        """The subscripts with which an operand is read beyond its border."""
        return [
            subscript
            for subscript in self.cursor.leaving(operand)
            if clipping_dim(self.body.kernel, stage, operand, subscript) is None
        ]

    def _limits(self, operand: int) -> Range | None:
        """What is known of an operand's elements, padding included."""
        elements = self.body.pointers[operand].elements
        pad = pad_of(self.body.kernel, operand)
        if elements is None or pad is None:
            return elements
        padding = int(number_of(pad.value))
        return elements.union(Range(padding, padding))

    def words(self, stage: Stage, lanes: int) -> dict[str, WordArgument]:
        """The arguments of a stage that are loaded for all lanes at once."""
        if not self.body.words or lanes != QUAD:
            return {}
        operands = range(self.body.result)
        readable = [number for number in operands if not self.leaving(stage, number)]
        return word_arguments(self.cursor, self.body.functions[stage.body], stage.args, readable)

    def with_words(
        self, stage: Stage, lane: int, words: Mapping[str, WordArgument]
    ) -> list[Argument | Moved]:
        return [
            words[name].lane(lane) if name in words else self.one_of(stage, name, lane, None)
            for name in stage.args
        ]

    def as_vector(self, stage: Stage, name: str) -> VectorArgument | None:
        """An argument of a stage in all lanes; None where it is not to be had as a vector."""
        kind, _, number = name.partition(":")
        if kind == "stage":
            return computed_argument([value_of(each) for each in self.values[int(number)]])
        if kind != "in" or self.leaving(stage, int(number)):
            return None
        return read_argument(
            self.cursor, int(number), lambda: self.load(stage, int(number), lane=0)
        )


def value_of(result: Result) -> Value:
    return result.get() if isinstance(result, Variable) else result
