"""Random EmitC functions without undefined behaviour, as text.

Every value carries the interval of what it can hold, so signed arithmetic is generated only where
it cannot overflow. Loads, stores, calls, loops and branches are mixed at random: what a printer
may move past what is exactly what these programs test.
"""

import random
from dataclasses import dataclass

_BITS = {"i8": 8, "ui8": 8, "i16": 16, "i32": 32, "ui32": 32, "i64": 64}
_MEMORY_BOUND = 1 << 20  # every i32 in a variable or in memory stays within +- this
_ARRAY_ELEMENTS = 8

PRELUDE = """
emitc.include <"stdbool.h">
emitc.include <"stddef.h">
emitc.include <"stdint.h">
emitc.func @bump(%memory: !emitc.ptr<i32>, %at: i32, %by: i32) -> i32
  attributes {specifiers = ["static"]} {
  %cell = emitc.subscript %memory[%at] : (!emitc.ptr<i32>, i32) -> !emitc.lvalue<i32>
  %old = emitc.load %cell : <i32>
  %sum = emitc.add %old, %by : (i32, i32) -> i32
  %limit = "emitc.constant"() {value = 1000 : i32} : () -> i32
  %new = emitc.rem %sum, %limit : (i32, i32) -> i32
  emitc.assign %new : i32 to %cell : <i32>
  emitc.return %old : i32
}
"""


@dataclass(frozen=True)
class _Value:
    name: str
    type: str
    low: int
    high: int
    is_constant: bool = False


def _range(type_name: str) -> tuple[int, int]:
    bits = _BITS[type_name]
    if type_name.startswith("ui"):
        return 0, 2**bits - 1
    return -(2 ** (bits - 1)), 2 ** (bits - 1) - 1


class _Program:
    def __init__(self, seed: int):
        self._random = random.Random(seed)
        self._lines: list[str] = []
        self._count = 0
        self._values = [
            _Value("%a", "i32", -1000, 1000),
            _Value("%b", "i64", -(2**40), 2**40),
            _Value("%c", "ui32", *_range("ui32")),
            _Value("%d", "i8", *_range("i8")),
        ]
        self._conditions: list[str] = []
        self._variables: list[str] = []

    def text(self, name: str, statements: int) -> str:
        for _ in range(3):
            self._declare_variable()
        for _ in range(statements):
            self._statement(depth=0)
        self._return_digest()
        body = "\n".join(f"  {line}" for line in self._lines)
        parameters = "%a: i32, %b: i64, %c: ui32, %d: i8, %memory: !emitc.ptr<i32>"
        return f"emitc.func @{name}({parameters}) -> i64 {{\n{body}\n}}\n"

    def _fresh(self) -> str:
        self._count += 1
        return f"%v{self._count}"

    def _emit(self, text: str) -> str:
        name = self._fresh()
        self._lines.append(f"{name} = {text}")
        return name

    def _constant(self, value: int, type_name: str) -> _Value:
        name = self._emit(
            f'"emitc.constant"() {{value = {value} : {type_name}}} : () -> {type_name}'
        )
        return _Value(name, type_name, value, value, is_constant=True)

    def _pick(self, type_name: str) -> _Value:
        """Prefer recent values: chains of single uses are what becomes an expression."""
        fitting = [value for value in self._values if value.type == type_name]
        if not fitting or self._random.random() < 0.2:
            low, high = (1, 100) if type_name != "i32" else (-100, 100)
            return self._constant(self._random.randint(low, high) or 1, type_name)
        return fitting[max(0, len(fitting) - 1 - int(self._random.expovariate(0.7)))]

    def _keep(self, text: str, type_name: str, low: int, high: int) -> _Value:
        value = _Value(self._emit(text), type_name, low, high)
        self._values.append(value)
        return value

    def _statement(self, depth: int) -> None:
        choices = [self._arithmetic] * 8 + [self._cast] * 3 + [self._load] * 4
        choices += [self._store] * 3 + [self._condition] * 2 + [self._select, self._call]
        choices += [self._narrow, self._negate, self._shift, self._shift]
        if depth < 2:
            choices += [lambda: self._branch(depth), lambda: self._loop(depth)]
        self._random.choice(choices)()

    def _arithmetic(self) -> None:
        type_name = self._random.choice(["i32", "i32", "i64", "ui32"])
        left, right = self._pick(type_name), self._pick(type_name)
        if left.is_constant and right.is_constant:
            return
        operator = self._random.choice(
            ["add", "sub", "mul", "div", "rem", "bitwise_and", "bitwise_or", "bitwise_xor"]
        )
        if operator in ("div", "rem"):
            right = self._constant(self._random.randint(2, 9), type_name)
        low, high = _result_interval(operator, left, right)
        if type_name == "ui32":
            low, high = _range("ui32")
        least, greatest = _range(type_name)
        if least <= low and high <= greatest:
            signature = f"({type_name}, {type_name}) -> {type_name}"
            self._keep(
                f"emitc.{operator} {left.name}, {right.name} : {signature}", type_name, low, high
            )

    def _narrow(self) -> None:
        type_name = self._random.choice(["i8", "i16", "ui8"])
        left, right = self._pick(type_name), self._pick(type_name)
        if left.is_constant and right.is_constant:
            return
        operator = self._random.choice(["add", "sub", "mul", "bitwise_and", "bitwise_xor"])
        signature = f"({type_name}, {type_name}) -> {type_name}"
        text = f"emitc.{operator} {left.name}, {right.name} : {signature}"
        self._keep(text, type_name, *_range(type_name))

    def _negate(self) -> None:
        operator = self._random.choice(["unary_minus", "bitwise_not", "unary_plus"])
        value = self._pick("i32")
        if value.is_constant or value.low <= _range("i32")[0]:
            return
        bound = max(abs(value.low), abs(value.high)) + 1
        if bound < _range("i32")[1]:
            self._keep(f"emitc.{operator} {value.name} : (i32) -> i32", "i32", -bound, bound)

    def _shift(self) -> None:
        type_name = self._random.choice(["i32", "i64", "ui32"])
        value = self._pick(type_name)
        count = self._constant(self._random.randint(0, 7), self._random.choice(["i32", type_name]))
        direction = self._random.choice(["left", "right"])
        low, high = min(value.low, 0), max(value.high, 0)
        if direction == "left":
            high = high << 7
            if type_name != "ui32" and (low < 0 or high > _range(type_name)[1]):
                return
        if type_name == "ui32":
            low, high = _range("ui32")
        if not value.is_constant:
            signature = f"({type_name}, {count.type}) -> {type_name}"
            text = f"emitc.bitwise_{direction}_shift {value.name}, {count.name} : {signature}"
            self._keep(text, type_name, low, high)

    def _cast(self) -> None:
        source = self._random.choice(self._values)
        target = self._random.choice(list(_BITS))
        low, high = source.low, source.high
        if target == source.type:
            return
        if not (_range(target)[0] <= low and high <= _range(target)[1]):
            low, high = _range(target)
        self._keep(f"emitc.cast {source.name} : {source.type} to {target}", target, low, high)

    def _declare_variable(self) -> None:
        initial = self._random.choice(["0 : i32", "7 : i32"])
        self._variables.append(
            self._emit(f'"emitc.variable"() {{value = {initial}}} : () -> !emitc.lvalue<i32>')
        )

    def _object(self) -> str:
        if self._random.random() < 0.6:
            return self._random.choice(self._variables)
        index = self._index()
        return self._emit(
            f"emitc.subscript %memory[{index}] : (!emitc.ptr<i32>, i32) -> !emitc.lvalue<i32>"
        )

    def _index(self) -> str:
        value = self._pick("i32")
        mask = self._constant(_ARRAY_ELEMENTS - 1, "i32")
        return self._emit(f"emitc.bitwise_and {value.name}, {mask.name} : (i32, i32) -> i32")

    def _load(self) -> None:
        text = f"emitc.load {self._object()} : <i32>"
        self._keep(text, "i32", -_MEMORY_BOUND, _MEMORY_BOUND)

    def _bounded(self) -> str:
        value = self._pick("i32")
        if max(abs(value.low), abs(value.high)) <= _MEMORY_BOUND:
            return value.name
        bound = self._constant(_MEMORY_BOUND, "i32")
        return self._emit(f"emitc.rem {value.name}, {bound.name} : (i32, i32) -> i32")

    def _store(self) -> None:
        target = self._object()
        if self._random.random() < 0.4:
            # x = x op small: what becomes a compound assignment, kept within bounds by a rem.
            source = target if self._random.random() < 0.7 else self._object()
            old = self._emit(f"emitc.load {source} : <i32>")
            small = self._emit(
                f"emitc.rem {self._bounded()}, {self._constant(99, 'i32').name} : (i32, i32) -> i32"
            )
            operands = [old, small]
            self._random.shuffle(operands)
            operator = self._random.choice(["add", "sub", "bitwise_xor"])
            updated = self._emit(
                f"emitc.{operator} {operands[0]}, {operands[1]} : (i32, i32) -> i32"
            )
            self._lines.append(f"emitc.assign {updated} : i32 to {target} : <i32>")
            old = self._emit(f"emitc.load {target} : <i32>")
            bound = self._constant(_MEMORY_BOUND, "i32")
            value = self._emit(f"emitc.rem {old}, {bound.name} : (i32, i32) -> i32")
        else:
            value = self._bounded()
        self._lines.append(f"emitc.assign {value} : i32 to {target} : <i32>")

    def _condition(self) -> None:
        if len(self._conditions) > 1 and self._random.random() < 0.5:
            left, right = self._random.sample(self._conditions, 2)
            operator = self._random.choice(["logical_and", "logical_or"])
            self._conditions.append(self._emit(f"emitc.{operator} {left}, {right} : i1, i1"))
            return
        if self._conditions and self._random.random() < 0.2:
            inverted = self._random.choice(self._conditions)
            self._conditions.append(self._emit(f"emitc.logical_not {inverted} : i1"))
            return
        type_name = self._random.choice(["i32", "i64", "ui32"])
        left, right = self._pick(type_name), self._pick(type_name)
        predicate = self._random.choice(["eq", "ne", "lt", "le", "gt", "ge"])
        if left.name != right.name and not (left.is_constant and right.is_constant):
            self._conditions.append(
                self._emit(
                    f"emitc.cmp {predicate}, {left.name}, {right.name}"
                    f" : ({type_name}, {type_name}) -> i1"
                )
            )

    def _select(self) -> None:
        if not self._conditions:
            return
        type_name = self._random.choice(["i32", "i64", "i8"])
        left, right = self._pick(type_name), self._pick(type_name)
        condition = self._random.choice(self._conditions)
        text = f"emitc.conditional {condition}, {left.name}, {right.name} : {type_name}"
        self._keep(text, type_name, min(left.low, right.low), max(left.high, right.high))

    def _call(self) -> None:
        index, value = self._index(), self._bounded()
        self._keep(
            f"emitc.call @bump(%memory, {index}, {value}) : (!emitc.ptr<i32>, i32, i32) -> i32",
            "i32",
            -_MEMORY_BOUND,
            _MEMORY_BOUND,
        )

    def _nested(self, depth: int) -> None:
        values, conditions = list(self._values), list(self._conditions)
        for _ in range(self._random.randint(1, 5)):
            self._statement(depth + 1)
        self._values, self._conditions = values, conditions

    def _branch(self, depth: int) -> None:
        if not self._conditions:
            return
        self._lines.append(f"emitc.if {self._random.choice(self._conditions)} {{")
        self._nested(depth)
        if self._random.random() < 0.5:
            self._lines.append("} else {")
            self._nested(depth)
        self._lines.append("}")

    def _loop(self, depth: int) -> None:
        low = self._constant(self._random.randint(-2, 2), "i32")
        # A bound that is read from memory, so that it changes while the loop runs.
        high = self._index() if self._random.random() < 0.7 else self._constant(4, "i32").name
        step = self._constant(self._random.randint(1, 3), "i32")
        induction = self._fresh()
        self._lines.append(
            f"emitc.for {induction} = {low.name} to {high} step {step.name} : i32 {{"
        )
        outer = list(self._values)
        self._values.append(_Value(induction, "i32", -2, 12))
        self._nested(depth)
        self._values = outer
        self._lines.append("}")

    def _return_digest(self) -> None:
        digest = self._constant(1, "i64").name
        for variable in self._variables:
            text = f"emitc.load {variable} : <i32>"
            self._keep(text, "i32", -_MEMORY_BOUND, _MEMORY_BOUND)
        for value in self._values:
            wide = value.name
            if value.type != "i64":
                wide = self._emit(f"emitc.cast {wide} : {value.type} to i64")
            digest = self._emit(f"emitc.bitwise_xor {digest}, {wide} : (i64, i64) -> i64")
        self._lines.append(f"emitc.return {digest} : i64")


def _result_interval(operator: str, left: _Value, right: _Value) -> tuple[int, int]:
    if operator == "add":
        return left.low + right.low, left.high + right.high
    if operator == "sub":
        return left.low - right.high, left.high - right.low
    if operator == "mul":
        corners = [a * b for a in (left.low, left.high) for b in (right.low, right.high)]
        return min(corners), max(corners)
    bound = max(map(abs, (left.low, left.high, right.low, right.high)))
    if operator.startswith("bitwise"):
        bound = 2 ** bound.bit_length() - 1
    return -bound - 1, bound


def random_module(seed: int, functions: int, statements: int) -> str:
    """Return an EmitC module with functions f0, f1, ... of about `statements` operations each."""
    bodies = [
        _Program(seed * 1000 + number).text(f"f{number}", statements) for number in range(functions)
    ]
    return PRELUDE + "\n".join(bodies)
