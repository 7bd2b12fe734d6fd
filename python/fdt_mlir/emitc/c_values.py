"""EmitC values as C expressions, given which of them have names."""

import re

from fdt_mlir.bindings import ir
from fdt_mlir.emitc import c_expressions as c
from fdt_mlir.emitc.c_expressions import Expr
from fdt_mlir.emitc.c_literals import bare_integer, floating, integer
from fdt_mlir.emitc.c_placement import Node, Placement
from fdt_mlir.emitc.c_types import CType, c_type, unescape

_SHIFTS = frozenset({"bitwise_left_shift", "bitwise_right_shift"})
_LOGICAL = frozenset({"logical_and", "logical_or"})
_PLAIN = frozenset({"load", "call", "call_opaque", "cast"})
_BIT_LOGIC = frozenset({"bitwise_and", "bitwise_or", "bitwise_xor"})
_INTEGER_TEXT = re.compile(r"-?\d+")
_ATOM_TEXT = re.compile(r"-?[\w.]+([eEpP][+-]\d+f?)?|\w+\([^()]*\)")


def opaque_text(attribute: ir.Attribute) -> str | None:
    """Return the C text of an #emitc.opaque attribute; None for any other attribute."""
    match = re.fullmatch(r'#emitc\.opaque<"(.*)">', str(attribute), re.DOTALL)
    return unescape(match[1]) if match else None


def constant(attribute: ir.Attribute, target: CType) -> Expr:
    """Spell an attribute as a constant of type `target`."""
    if isinstance(attribute, ir.BoolAttr | ir.IntegerAttr):
        return c.literal(integer(int(attribute.value), target))
    if isinstance(attribute, ir.FloatAttr):
        return c.literal(floating(attribute.value, target))
    text = opaque_text(attribute)
    assert text is not None, f"no C constant for {attribute}"
    return _verbatim(text, target)


class Values:
    """Spells values; the names of locals are added as their declarations are printed."""

    def __init__(self, placement: Placement):
        self._placement = placement
        self._names: dict[ir.Value, str] = {}

    def bind(self, value: ir.Value, name: str) -> None:
        """Let `value` be spelled `name` from now on."""
        self._names[value] = name

    def is_named(self, value: ir.Value) -> bool:
        """Whether `value` is spelled as a name."""
        return value in self._names

    def expression(self, value: ir.Value) -> Expr:
        """Spell `value` with its own type (after promotion)."""
        if value in self._names:
            return Expr(self._names[value])
        node = self._placement.producer(value)
        assert node is not None, f"a value without a name: {value}"
        return self.operation(node)

    def converted(self, value: ir.Value) -> Expr:
        """Spell `value` where C converts to its type anyway, so a cast of a name need not stand."""
        return self.expression(self._unasked(value) or value)

    def bare(self, value: ir.Value) -> Expr:
        """Spell an integer where its type has no meaning: a shift count, subscript or bound."""
        number = self._placement.integer(value)
        if number is not None:
            return c.literal(bare_integer(number))
        return self.expression(self._implicitly_cast(value) or value)

    def operation(self, node: Node) -> Expr:
        """Spell the expression that computes the result of `node`."""
        if node.name in c.BINARY_OPERATORS or node.name == "cmp":
            return self._binary(node)
        if node.name in c.UNARY_OPERATORS:
            return self._unary(node)
        return getattr(self, f"_{node.name}")(node)

    def _constant(self, node: Node) -> Expr:
        return constant(node.op.attributes["value"], _type_of(node))

    def _literal(self, node: Node) -> Expr:
        return _verbatim(ir.StringAttr(node.op.attributes["value"]).value, _type_of(node))

    def _get_global(self, node: Node) -> Expr:
        return Expr(ir.FlatSymbolRefAttr(node.op.attributes["name"]).value)

    def _load(self, node: Node) -> Expr:
        return self.expression(node.operands[0])

    def _subscript(self, node: Node) -> Expr:
        base, *indices = node.operands
        return c.subscript(self.expression(base), [self.bare(index) for index in indices])

    def _dereference(self, node: Node) -> Expr:
        address = self._inlined(node.operands[0], "address_of")
        if address:
            return self.expression(address.operands[0])
        return c.unary("*", self.expression(node.operands[0]))

    def _address_of(self, node: Node) -> Expr:
        target = self._placement.producer(node.operands[0])
        if target and target.name == "subscript":
            base, *indices = target.operands
            bare = [self.bare(index) for index in indices]
            return c.element_address(self.expression(base), bare)
        if target and target.name == "dereference":
            return self.expression(target.operands[0])
        return c.unary("&", self.expression(node.operands[0]))

    def _member(self, node: Node) -> Expr:
        return self._member_access(node, ".")

    def _member_of_ptr(self, node: Node) -> Expr:
        return self._member_access(node, "->")

    def _member_access(self, node: Node, symbol: str) -> Expr:
        base = self.expression(node.operands[0]).at_least(c.Precedence.POSTFIX)
        return Expr(f"{base}{symbol}{ir.StringAttr(node.op.attributes['member']).value}")

    def _cast(self, node: Node) -> Expr:
        (source,) = node.operands
        is_integer = _type_of(node).is_integer
        return c.cast(
            _type_of(node), self.converted(source) if is_integer else self.expression(source)
        )

    def _conditional(self, node: Node) -> Expr:
        condition, on_true, on_false = node.operands
        arms = (self.expression(on_true), self.expression(on_false))
        if self._is_weak(on_true) and self._is_weak(on_false):
            arms = (c.cast(_type_of(node), arms[0]), arms[1])
        return c.conditional(self.expression(condition), *arms)

    def _call(self, node: Node) -> Expr:
        callee = ir.FlatSymbolRefAttr(node.op.attributes["callee"]).value
        return c.call(callee, [self.converted(operand).text for operand in node.operands])

    def _call_opaque(self, node: Node) -> Expr:
        callee = ir.StringAttr(node.op.attributes["callee"]).value
        if "args" not in node.op.attributes:
            return c.call(callee, [self.expression(operand).text for operand in node.operands])
        arguments = ir.ArrayAttr(node.op.attributes["args"])
        return c.call(callee, [self._argument(node, argument) for argument in arguments])

    def _argument(self, node: Node, argument: ir.Attribute) -> str:
        if isinstance(argument, ir.TypeAttr):
            return str(c_type(argument.value))
        if isinstance(argument, ir.IntegerAttr) and isinstance(argument.type, ir.IndexType):
            return self.expression(node.operands[argument.value]).text
        target = (
            c_type(argument.type) if isinstance(argument, ir.IntegerAttr | ir.FloatAttr) else None
        )
        return constant(argument, target or CType("")).text

    def _unary(self, node: Node) -> Expr:
        operand = self.expression(node.operands[0])
        if self._is_weak(node.operands[0]):
            operand = c.cast(_type_of(node), operand)
        expression = c.unary(c.UNARY_OPERATORS[node.name], operand)
        return expression if node.name == "logical_not" else _narrowed(node, expression)

    def _binary(self, node: Node) -> Expr:
        if node.name == "cmp":
            predicate = ir.IntegerAttr(node.op.attributes["predicate"]).value
            assert predicate < len(c.CMP_PREDICATES), "C has no three-way comparison"
            return c.binary(c.CMP_PREDICATES[predicate], *self._arithmetic_operands(node))
        symbol = c.BINARY_OPERATORS[node.name]
        if node.name in _LOGICAL:
            return c.binary(symbol, *map(self.expression, node.operands))
        if node.name == "sub" and self._is_negation(node):
            return c.unary("-", self.expression(node.operands[1]))
        if node.name in _SHIFTS:
            lhs, rhs = self._shift_operands(node)
        else:
            lhs, rhs = self._arithmetic_operands(node)
        if node.name == "mul" and _type_of(node).base == "uint16_t":
            lhs = c.cast(CType("uint32_t"), lhs)  # 65535 * 65535 overflows the promoted int
        return _narrowed(node, c.binary(symbol, lhs, rhs))

    def _is_negation(self, node: Node) -> bool:
        """Whether `node` subtracts from an integer zero without a cast back."""
        result = _type_of(node)
        is_plain = result.is_integer and result.is_signed and not result.is_promoted
        return is_plain and self._placement.integer(node.operands[0]) == 0

    def _shift_operands(self, node: Node) -> tuple[Expr, Expr]:
        value, count = node.operands
        shifted = self.expression(value)
        if self._is_weak(value):
            shifted = c.cast(_type_of(node), shifted)
        return shifted, self.bare(count)

    def _arithmetic_operands(self, node: Node) -> tuple[Expr, Expr]:
        """Spell both operands; C converts one to the other's type, so one cast can go."""
        left, right = node.operands
        left_type, right_type = (self._placement.c_type(side).value for side in (left, right))
        if self._is_weak(left) and self._is_weak(right):
            return c.cast(left_type, self.expression(left)), self.expression(right)
        if left_type != right_type or left_type.is_promoted:
            return self.expression(left), self.expression(right)
        if self._unasked(right):
            return self.expression(left), self.converted(right)
        return self.converted(left), self.expression(right)

    def _is_weak(self, value: ir.Value) -> bool:
        """Whether `value` is spelled as an int although its type may be wider: size_t numbers."""
        return self._placement.c_type(value).base in ("size_t", "ptrdiff_t", "ssize_t") and (
            self._placement.integer(value) is not None
        )

    def _implicitly_cast(self, value: ir.Value) -> ir.Value | None:
        """Return what an inlined cast converts, if C would convert it unasked."""
        cast = self._inlined(value, "cast")
        if cast is None:
            return None
        (source,) = cast.operands
        source_type = self._placement.c_type(source).value
        return source if _type_of(cast).is_implicit_from(source_type) else None

    def _unasked(self, value: ir.Value) -> ir.Value | None:
        """Return what an inlined cast converts, if neither C nor the reader needs the cast.

        A cast of arithmetic stays: it says in which type the arithmetic is done.
        """
        source = self._implicitly_cast(value)
        if source is None or self._placement.c_type(value).pointers or self.is_named(source):
            return source
        node = self._placement.producer(source)
        return source if node is None or node.name in _PLAIN else None

    def _inlined(self, value: ir.Value, name: str) -> Node | None:
        """Return the operation `name` that computes `value`, unless `value` is a named local."""
        node = self._placement.producer(value)
        return node if node and node.name == name and value not in self._names else None


def _type_of(node: Node) -> CType:
    return node.c_type.value


def _narrowed(node: Node, expression: Expr) -> Expr:
    """Convert back what C computed as an int."""
    target = _type_of(node)
    if not target.is_promoted or (target.base == "bool" and node.name in _BIT_LOGIC):
        return expression
    return c.cast(target, expression)


def _verbatim(text: str, target: CType) -> Expr:
    if _INTEGER_TEXT.fullmatch(text) and (target.is_integer or target.base == "bool"):
        return c.literal(integer(int(text), target))
    if not _ATOM_TEXT.fullmatch(text):
        return Expr(text, c.Precedence.CONDITIONAL)
    is_number = text.lstrip("-")[:1].isdigit()
    return c.literal(text) if is_number or text.startswith("-") else Expr(text)
