"""Where each value of an EmitC function is printed: inside an expression, or as a named local.

EmitC is SSA: every operation has a moment. C expressions have none inside a statement, so a value
may move into the statement that uses it only where nothing can tell the difference:

- it is used once, in the block that computes it, and
- what it reads or does commutes with everything it would move past.

Constants, names of globals and lvalues are spelled wherever they are used.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cached_property

from fdt_mlir.bindings import ir
from fdt_mlir.emitc.c_expressions import BINARY_OPERATORS, UNARY_OPERATORS
from fdt_mlir.emitc.c_types import CType, c_type, is_lvalue

_MAX_DEPTH = 12  # of an expression: deeper ones are cut by a named local
_NUMBER = re.compile(r"-?\d+")
_ATOMS = frozenset({"constant", "literal", "get_global"})
_CALLS = frozenset({"call", "call_opaque"})
_PURE = (
    frozenset(BINARY_OPERATORS)
    | frozenset(UNARY_OPERATORS)
    | frozenset({"cmp", "conditional", "cast", "address_of", "subscript", "dereference", "member"})
)
_SHIFTS = frozenset({"bitwise_left_shift", "bitwise_right_shift"})
_COMMUTATIVE = frozenset({"add", "mul", "bitwise_and", "bitwise_or", "bitwise_xor"})
_UPDATES = _COMMUTATIVE | _SHIFTS | {"sub", "div", "rem"}
_STATEMENTS = frozenset({"variable", "assign", "verbatim", "return", "for", "if", "switch"})
SUPPORTED = _ATOMS | _CALLS | _PURE | _STATEMENTS | {"load", "member_of_ptr"}


class Effect(IntEnum):
    """What an operation has to do with memory, and what a place in C tolerates."""

    NONE = 0
    READ = 1
    WRITE = 2


@dataclass(eq=False)
class Node:
    """An operation with its operands seen through emitc.expression and casts that do nothing."""

    op: ir.Operation
    name: str
    position: int  # in its block
    operands: tuple[ir.Value, ...]
    effect: Effect
    block: "Block"
    regions: tuple["Block", ...] = ()

    @property
    def has_result(self) -> bool:
        """Whether it defines a value."""
        return len(self.op.results) > 0

    @cached_property
    def value(self) -> ir.Value:
        """The value it defines."""
        assert self.has_result, f"{self.op.name} defines no value"
        return self.op.results[0]

    @cached_property
    def c_type(self) -> CType:
        """The C type of the object or value it defines."""
        return c_type(self.value.type)

    @cached_property
    def integer(self) -> int | None:
        """The number that it defines, if it is an integer constant."""
        if self.name not in ("constant", "literal"):
            return None
        attribute = self.op.attributes["value"]
        if isinstance(attribute, ir.IntegerAttr):
            return attribute.value
        is_number = isinstance(attribute, ir.StringAttr) and _NUMBER.fullmatch(attribute.value)
        return int(attribute.value) if is_number else None

    @property
    def is_atom(self) -> bool:
        """Whether its result is a number or a global's name, spelled at every use."""
        return self.name in _ATOMS

    @property
    def is_lvalue(self) -> bool:
        """Whether its result designates an object other than a variable it declares."""
        return self.name in ("subscript", "dereference", "member", "member_of_ptr")


@dataclass(eq=False)
class Block:
    """A block: its arguments and its operations, those of expressions included."""

    arguments: tuple[ir.Value, ...]
    nodes: list[Node] = field(default_factory=list[Node])


@dataclass(frozen=True)
class Compound:
    """An assignment `x = x + value`, to be printed as `x += value`."""

    operation: str
    value: ir.Value


@dataclass(frozen=True)
class Use:
    """A use of a value, followed through inlined expressions to the statement it ends up in."""

    statement: Node
    operand: int  # which operand of the statement
    tolerates: Effect
    depth: int


class Placement:
    """The decision for one function body."""

    def __init__(self, body: ir.Block):
        self._producers: dict[ir.Value, Node] = {}
        self._uses: dict[ir.Value, list[Use]] = {}
        self._named: set[Node] = set()
        self._alias: dict[ir.Value, ir.Value] = {}
        self._compound: dict[Node, Compound] = {}
        self.body = self._collect(body)
        self._place(self.body)

    def producer(self, value: ir.Value) -> Node | None:
        """Return the operation that defines `value`; None for an argument of a block."""
        return self._producers.get(value)

    def c_type(self, value: ir.Value) -> CType:
        """The C type of `value`, or of the object that it designates."""
        node = self._producers.get(value)
        return c_type(value.type) if node is None else node.c_type

    def integer(self, value: ir.Value) -> int | None:
        """Return the number that `value` always is, if it is an integer constant."""
        node = self._producers.get(value)
        return None if node is None else node.integer

    def is_used(self, value: ir.Value) -> bool:
        """Whether any printed statement mentions `value`."""
        return bool(self._uses.get(value))

    def statements(self, block: Block) -> Iterator[Node]:
        """Yield the operations of `block` that are statements or named locals, in order."""
        return (node for node in block.nodes if node in self._named)

    def initialising_assign(self, variable: Node) -> Node | None:
        """Return the assignment that can declare an uninitialised scalar: its first use."""
        uses = self._uses[variable.value]  # from the last to the first
        first = uses[-1].statement
        if first.name != "assign" or first.block is not variable.block or first in self._compound:
            return None
        return first if first.operands[0] == variable.value else None

    def compound(self, assign: Node) -> Compound | None:
        """Return the operator and right-hand side if `assign` updates what it assigns to."""
        return self._compound.get(assign)

    def _collect(self, block: ir.Block) -> Block:
        collected = Block(tuple(block.arguments))
        self._collect_into(collected, block)
        return collected

    def _collect_into(self, collected: Block, block: ir.Block) -> Sequence[ir.Value]:
        """Append the operations of `block`; return what its emitc.yield yields."""
        for view in block.operations:
            op = view.operation
            operands = tuple(self._resolve(operand) for operand in op.operands)
            name = op.name.removeprefix("emitc.")
            if name == "yield":
                return operands
            if name == "expression":
                inner = op.regions[0].blocks[0]
                self._alias.update(zip(inner.arguments, operands, strict=True))
                (self._alias[op.results[0]],) = self._collect_into(collected, inner)
                continue
            if alias := self._alias_of(op, name, operands):
                self._alias[op.results[0]] = alias
                continue
            if name == "cast":
                operands = (self._before_casts(operands[0], op.results[0]),)
            collected.nodes.append(self._node(op, name, operands, collected))
        return ()

    def _before_casts(self, value: ir.Value, result: ir.Value) -> ir.Value:
        """Skip integer casts below a cast to the type of `result` that cannot change its value."""
        target = c_type(result.type)
        node = self._producers.get(value)
        while node and node.name == "cast":
            between, source = c_type(value.type), c_type(node.operands[0].type)
            if not (target.is_integer and between.is_integer and source.is_integer):
                break
            if target.bits > between.bits and not between.holds_all_of(source):
                break
            value = node.operands[0]
            node = self._producers.get(value)
        return value

    def _alias_of(
        self, op: ir.Operation, name: str, operands: Sequence[ir.Value]
    ) -> ir.Value | None:
        """Return the operand that `op` merely repeats: a cast to the same type, or `&p[0]`."""
        if name == "cast" and not is_lvalue(operands[0].type):
            source = self._before_casts(operands[0], op.results[0])
            is_same = c_type(source.type).value == c_type(op.results[0].type).value
            return source if is_same else None
        target = self._producers.get(operands[0]) if name == "address_of" else None
        if target is None or target.name != "subscript":
            return None
        pointer, *indices = target.operands
        is_first = len(indices) == 1 and self.integer(indices[0]) == 0
        return pointer if is_first and pointer.type == op.results[0].type else None

    def _node(
        self, op: ir.Operation, name: str, operands: tuple[ir.Value, ...], block: Block
    ) -> Node:
        assert name in SUPPORTED, f"the C printer does not know {op.name}"
        assert len(op.results) <= 1, f"{op.name} with several results has no C form"
        effect = self._effect(name, operands)
        node = Node(op, name, len(block.nodes), operands, effect, block)
        for result in op.results:
            self._producers[result] = node
        node.regions = tuple(
            self._collect(region.blocks[0]) for region in op.regions if len(region.blocks)
        )
        return node

    def _effect(self, name: str, operands: Sequence[ir.Value]) -> Effect:
        if name == "load":
            return Effect.READ
        if name == "address_of":
            # The address of p->m reads p.
            base = self._producers[operands[0]]
            return Effect.READ if base.name in ("member", "member_of_ptr") else Effect.NONE
        if name in _PURE or name in _ATOMS or name in ("variable", "member_of_ptr"):
            return Effect.NONE
        return Effect.WRITE

    def _resolve(self, value: ir.Value) -> ir.Value:
        while value in self._alias:
            value = self._alias[value]
        return value

    def _place(self, block: Block) -> None:
        """Decide from the last operation to the first: a value's users are decided before it."""
        for node in reversed(block.nodes):
            for region in reversed(node.regions):
                self._place(region)
            self._place_node(node)

    def _place_node(self, node: Node) -> None:
        uses = self._uses.get(node.value, []) if node.has_result else []
        is_dead = node.has_result and not uses and node.effect != Effect.WRITE
        if node.is_atom or is_dead:
            return
        if node.is_lvalue or self._is_inlined(node, uses):
            if node.name == "load" and len(uses) == 1 and self._forms_compound(node, uses[0]):
                return
            for use in uses:
                self._use_operands(node, use)
            return
        self._named.add(node)
        self._use_operands(node, None)

    def _is_inlined(self, node: Node, uses: Sequence[Use]) -> bool:
        if node.name in _STATEMENTS or not uses or "fdt.comment" in node.op.attributes:
            return False
        if len(uses) > 1 and not self._reads_variable(node):
            return False
        return all(self._may_move(node, use) for use in uses)

    def _reads_variable(self, node: Node) -> bool:
        """Whether spelling `node` is naming a local variable, which may be done repeatedly."""
        source = self.producer(node.operands[0]) if node.name == "load" else None
        return source is not None and source.name == "variable"

    def _may_move(self, node: Node, use: Use) -> bool:
        if use.statement.block is not node.block or use.depth > _MAX_DEPTH:
            return False
        if node.effect == Effect.NONE:
            return True
        passed = node.block.nodes[node.position + 1 : use.statement.position]
        return node.effect <= use.tolerates and not any(
            Effect.WRITE in (node.effect, other.effect) and other.effect != Effect.NONE
            for other in passed
        )

    def _forms_compound(self, load: Node, use: Use) -> bool:
        """Recognise `x = x op value` at its inlined load of x, which C then does not spell."""
        assign = use.statement
        if assign.name != "assign" or not self._same_object(load.operands[0], assign.operands[0]):
            return False
        update = self.producer(assign.operands[1])
        if update is None or update in self._named or update.name not in _UPDATES:
            return False
        left, right = update.operands
        if left != load.value:
            left, right = right, left
            if left != load.value or update.name not in _COMMUTATIVE:
                return False
        agreeing = (left, update.value) if update.name in _SHIFTS else (left, right, update.value)
        types = {c_type(value.type).value for value in agreeing}
        if len(types) > 1 or types.pop().is_promoted:
            return False
        self._compound[assign] = Compound(update.name, right)
        return True

    def _same_object(self, first: ir.Value, second: ir.Value) -> bool:
        if first == second:
            return True
        nodes = (self.producer(first), self.producer(second))
        operands = [node.operands for node in nodes if node and node.name == "subscript"]
        return len(operands) == 2 and operands[0] == operands[1]

    def _use_operands(self, node: Node, use: Use | None) -> None:
        """Record the uses of `node`'s operands; `use` is where `node` itself is inlined, if so."""
        for operand, value in enumerate(node.operands):
            tolerated = _tolerated(node, operand)
            if use is None or node.name in _CALLS:
                # Arguments are evaluated before the call, wherever the call stands.
                reached = Use(node, operand, tolerated, use.depth + 1 if use else 0)
            else:
                tolerated = min(tolerated, use.tolerates)
                reached = Use(use.statement, use.operand, tolerated, use.depth + 1)
            self._uses.setdefault(value, []).append(reached)


def _tolerated(node: Node, operand: int) -> Effect:
    """Say what an expression may do where it stands as `operand` of `node`."""
    if node.name == "verbatim" or (node.name == "for" and operand > 0):
        return Effect.NONE  # evaluated an unknown number of times
    is_lazy = node.name in ("conditional", "logical_and", "logical_or") and operand > 0
    is_target = node.is_lvalue or (node.name == "assign" and operand == 0)
    return Effect.READ if is_lazy or is_target else Effect.WRITE
