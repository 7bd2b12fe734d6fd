"""C expressions as text with a precedence, and the parentheses between them.

Parentheses stand where C needs them and where a careful reader (or -Wparentheses) wants them:
around shifts and bitwise operators next to any other binary operator, around comparisons of
comparisons, around `&&` inside `||`, and around conditions that are no comparison.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from fdt_mlir.emitc.c_types import CType


class Precedence(IntEnum):
    """How tightly an operator binds; names are C's grammar, from loosest to tightest."""

    CONDITIONAL = 0
    LOGICAL_OR = 1
    LOGICAL_AND = 2
    BIT_OR = 3
    BIT_XOR = 4
    BIT_AND = 5
    EQUALITY = 6
    RELATIONAL = 7
    SHIFT = 8
    ADDITIVE = 9
    MULTIPLICATIVE = 10
    UNARY = 11
    POSTFIX = 12


BINARY_OPERATORS = {
    "add": "+",
    "sub": "-",
    "mul": "*",
    "div": "/",
    "rem": "%",
    "bitwise_and": "&",
    "bitwise_or": "|",
    "bitwise_xor": "^",
    "bitwise_left_shift": "<<",
    "bitwise_right_shift": ">>",
    "logical_and": "&&",
    "logical_or": "||",
}
UNARY_OPERATORS = {
    "unary_minus": "-",
    "unary_plus": "+",
    "bitwise_not": "~",
    "logical_not": "!",
}
CMP_PREDICATES = ("==", "!=", "<", "<=", ">", ">=")  # by value of emitc.cmp's enumeration
_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
_PRECEDENCE = {
    "||": Precedence.LOGICAL_OR,
    "&&": Precedence.LOGICAL_AND,
    "|": Precedence.BIT_OR,
    "^": Precedence.BIT_XOR,
    "&": Precedence.BIT_AND,
    "==": Precedence.EQUALITY,
    "!=": Precedence.EQUALITY,
    "<": Precedence.RELATIONAL,
    "<=": Precedence.RELATIONAL,
    ">": Precedence.RELATIONAL,
    ">=": Precedence.RELATIONAL,
    "<<": Precedence.SHIFT,
    ">>": Precedence.SHIFT,
    "+": Precedence.ADDITIVE,
    "-": Precedence.ADDITIVE,
    "*": Precedence.MULTIPLICATIVE,
    "/": Precedence.MULTIPLICATIVE,
    "%": Precedence.MULTIPLICATIVE,
}
_COMPARISONS = (Precedence.EQUALITY, Precedence.RELATIONAL)
_BITWISE = (Precedence.BIT_OR, Precedence.BIT_XOR, Precedence.BIT_AND, Precedence.SHIFT)


@dataclass(frozen=True)
class Expr:
    """An expression and how tightly its outermost operator binds."""

    text: str
    precedence: Precedence = Precedence.POSTFIX
    is_literal: bool = False

    def __str__(self) -> str:
        return self.text

    @property
    def is_negative(self) -> bool:
        """Whether the text begins with a minus sign."""
        return self.text.startswith("-")

    @property
    def in_parentheses(self) -> "Expr":
        return Expr(f"({self.text})")

    def at_least(self, precedence: Precedence) -> "Expr":
        """Parenthesise unless the expression binds at least as tightly as `precedence`."""
        return self if self.precedence >= precedence else self.in_parentheses


def literal(text: str) -> Expr:
    """Build a literal; a negative one is an operator applied to a literal in C."""
    return Expr(text, Precedence.UNARY if text.startswith("-") else Precedence.POSTFIX, True)


def binary(symbol: str, lhs: Expr, rhs: Expr) -> Expr:
    """Apply a binary operator, numbers to the right: `-5 + x` becomes `x - 5`."""
    if lhs.is_literal and not rhs.is_literal:
        if symbol in _MIRRORED:
            symbol, lhs, rhs = _MIRRORED[symbol], rhs, lhs
        elif symbol == "+" and lhs.is_negative:
            lhs, rhs = rhs, lhs
    if symbol in "+-" and rhs.is_literal and rhs.is_negative:
        symbol, rhs = "-" if symbol == "+" else "+", literal(rhs.text[1:])
    precedence = _PRECEDENCE[symbol]
    left = lhs.in_parentheses if _wants_parentheses(lhs, precedence, False) else lhs
    right = rhs.in_parentheses if _wants_parentheses(rhs, precedence, True) else rhs
    return Expr(f"{left} {symbol} {right}", precedence)


def unary(symbol: str, operand: Expr) -> Expr:
    """Apply a prefix operator, never forming `--`, `++` or `&&`."""
    operand = operand.at_least(Precedence.UNARY)
    if operand.text[0] == symbol and symbol in "+-&":
        operand = operand.in_parentheses
    return Expr(f"{symbol}{operand}", Precedence.UNARY)


def cast(c_type: CType, operand: Expr) -> Expr:
    """Convert explicitly; to bool by comparing, which says what C does."""
    if c_type.base == "bool" and c_type.is_scalar:
        return binary("!=", operand, literal("0"))
    return Expr(f"({c_type}){operand.at_least(Precedence.UNARY)}", Precedence.UNARY)


def conditional(condition: Expr, on_true: Expr, on_false: Expr) -> Expr:
    """Choose between two values."""
    if condition.precedence not in (*_COMPARISONS, Precedence.LOGICAL_AND, Precedence.LOGICAL_OR):
        condition = condition.at_least(Precedence.UNARY)
    arms = [arm.at_least(Precedence.LOGICAL_OR) for arm in (on_true, on_false)]
    return Expr(f"{condition} ? {arms[0]} : {arms[1]}", Precedence.CONDITIONAL)


def subscript(base: Expr, indices: Sequence[Expr]) -> Expr:
    """Designate an element of an array or of what a pointer points to."""
    brackets = "".join(f"[{index}]" for index in indices)
    return Expr(f"{base.at_least(Precedence.POSTFIX)}{brackets}")


def element_address(base: Expr, indices: Sequence[Expr]) -> Expr:
    """Point to an element: `p`, `p + i` or `&p[i * 4 + j]`, whichever reads best."""
    if len(indices) == 1:
        (index,) = indices
        if index.text == "0":
            return base
        if index.precedence >= Precedence.MULTIPLICATIVE and not index.is_negative:
            return binary("+", base, index)
    return unary("&", subscript(base, indices))


def call(callee: str, arguments: Sequence[str]) -> Expr:
    """Call a function or a macro."""
    return Expr(f"{callee}({', '.join(arguments)})")


def _wants_parentheses(operand: Expr, parent: Precedence, is_right: bool) -> bool:
    child = operand.precedence
    if child >= Precedence.UNARY:
        # gcc asks whether `!a == b` was meant as `!(a == b)`.
        return not is_right and operand.text[0] == "!" and parent in (*_COMPARISONS, *_BITWISE)
    if child == parent:
        return is_right or parent in _COMPARISONS
    if child < parent or child in _BITWISE or parent in _BITWISE:
        return True
    if parent == Precedence.LOGICAL_OR and child == Precedence.LOGICAL_AND:
        return True
    return child in _COMPARISONS and parent in _COMPARISONS
