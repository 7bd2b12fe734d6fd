"""GRU and LSTM, one step after the other over a sequence of known length."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from fdt_mlir.importer.onnx.call import Call, Translation
from fdt_mlir.importer.onnx.contraction import Factors
from fdt_mlir.importer.onnx.elements import elementwise
from fdt_mlir.importer.onnx.elementwise_ops import sigmoid
from fdt_mlir.importer.onnx.encoded import real
from fdt_mlir.importer.onnx.matmul import multiply
from fdt_mlir.importer.onnx.rearrange import concatenated, narrowed, transposed
from fdt_mlir.importer.onnx.scalars import Scalar, function, maximum
from fdt_mlir.importer.onnx.tensor import Tensor, constant
from fdt_mlir.importer.onnx.views import reshape

Function = Callable[[Scalar], Scalar]

_FUNCTIONS: Mapping[str, Function] = MappingProxyType(
    {
        "relu": lambda value: maximum(value, 0.0),
        "sigmoid": sigmoid,
        "tanh": lambda value: function("tanh", value),
    }
)


@dataclass(frozen=True, eq=False)
class Direction:
    """The weights of one direction: of the input, of the state, and the addends of both.

    weights: (inputs, gates * hidden); recurrent: (hidden, gates * hidden); biases of each:
    (gates * hidden); peepholes: (3 * hidden) or None.
    """

    weights: Tensor
    recurrent: Tensor
    bias: Tensor
    recurrent_bias: Tensor
    peepholes: Tensor | None
    functions: tuple[Function, ...]
    hidden: int

    def gate(self, tensor: Tensor, number: int, count: int = 1) -> Tensor:
        """The columns of one gate, or of several."""
        return narrowed(tensor, tensor.rank - 1, number * self.hidden, count * self.hidden)


State = tuple[Tensor, ...]
Step = Callable[[Call, Direction, Tensor, State], State]


def lstm(call: Call) -> tuple[Tensor, ...]:
    """LSTM: gates i, o, f, c; states h, c."""
    if call.integer("input_forget"):
        raise call.error("coupled gates are not supported", "export with input_forget = 0")
    return _recurrent(call, 4, 2, ("sigmoid", "tanh", "tanh"), _lstm_step)


def gru(call: Call) -> tuple[Tensor, ...]:
    """GRU: gates z, r, h; state h."""
    return _recurrent(call, 3, 1, ("sigmoid", "tanh"), _gru_step)


def _lstm_step(call: Call, direction: Direction, x: Tensor, state: State) -> State:
    h, c = state
    bias = _sum(direction.bias, direction.recurrent_bias)
    # The second product is added up on the first.
    gates = multiply(call, Factors(x, direction.weights), bias)
    gates = multiply(call, Factors(h, direction.recurrent), gates)
    squash, candidate, output = direction.functions
    i, o, f, g = (direction.gate(gates, number) for number in range(4))
    if direction.peepholes is not None:
        peep_i, peep_o, peep_f = (direction.gate(direction.peepholes, n) for n in range(3))
        i, f = _peep(i, peep_i, c), _peep(f, peep_f, c)
    else:
        peep_o = None

    def next_c(i: Scalar, f: Scalar, g: Scalar, c: Scalar) -> Scalar:
        return squash(f) * c + squash(i) * candidate(g)

    c = elementwise([i, f, g, c], c.dtype, next_c)
    o = o if peep_o is None else _peep(o, peep_o, c)
    h = elementwise((o, c), h.dtype, lambda o, c: squash(o) * output(c))
    return h, c


def _gru_step(call: Call, direction: Direction, x: Tensor, state: State) -> State:
    (h,) = state
    squash, candidate = direction.functions
    both = _sum(
        direction.gate(direction.bias, 0, 2), direction.gate(direction.recurrent_bias, 0, 2)
    )
    gates = multiply(call, Factors(x, direction.gate(direction.weights, 0, 2)), both)
    gates = multiply(call, Factors(h, direction.gate(direction.recurrent, 0, 2)), gates)
    z, r = direction.gate(gates, 0), direction.gate(gates, 1)
    weights, recurrent, bias, recurrent_bias = (
        direction.gate(tensor, 2)
        for tensor in (
            direction.weights,
            direction.recurrent,
            direction.bias,
            direction.recurrent_bias,
        )
    )
    if call.integer("linear_before_reset"):
        before = multiply(call, Factors(h, recurrent), recurrent_bias)
        inner = multiply(call, Factors(x, weights), bias)
        inner = elementwise((inner, r, before), h.dtype, lambda a, r, b: a + squash(r) * b)
    else:
        reset = elementwise((r, h), h.dtype, lambda r, h: squash(r) * h)
        inner = multiply(call, Factors(x, weights), _sum(bias, recurrent_bias))
        inner = multiply(call, Factors(reset, recurrent), inner)

    def next_h(z: Scalar, inner: Scalar, h: Scalar) -> Scalar:
        share = squash(z)
        new = candidate(inner)
        return new + share * (h - new)

    return (elementwise((z, inner, h), h.dtype, next_h),)


def _recurrent(
    call: Call, gates: int, states: int, functions: Sequence[str], step: Step
) -> tuple[Tensor, ...]:
    source = real(call.tensor())
    if call.integer("layout"):
        source = transposed(source, (1, 0, 2))
    length, batch, _ = source.shape
    hidden = call.integer("hidden_size") or call.tensor(2).shape[-1]
    _check(call, length)
    names = call.text("direction", "forward")
    count = 2 if names == "bidirectional" else 1
    sequences: list[Tensor] = []
    finals: list[State] = []
    for number in range(count):
        direction = _direction(call, number, gates, hidden, functions)
        state = tuple(_initial(call, 5 + n, number, batch, hidden) for n in range(states))
        backwards = names == "reverse" or number == 1
        outputs: list[Tensor] = []
        for time in reversed(range(length)) if backwards else range(length):
            x = reshape(narrowed(source, 0, time, 1), (batch, source.shape[2]))
            state = step(call, direction, x, state)
            outputs.append(reshape(state[0], (1, 1, batch, hidden)))
        sequences.append(concatenated(outputs[::-1] if backwards else outputs, 0))
        finals.append(tuple(reshape(s, (1, batch, hidden)) for s in state))
    whole = concatenated(sequences, 1)
    last = [concatenated([final[n] for final in finals], 0) for n in range(states)]
    if call.integer("layout"):
        whole = transposed(whole, (2, 0, 1, 3))
        last = [transposed(tensor, (1, 0, 2)) for tensor in last]
    return (whole, *last)


def _check(call: Call, length: int) -> None:
    lengths = call.optional(4, "the lengths of the sequences")
    if lengths is not None and (lengths != length).any():
        raise call.error(
            f"sequences shorter than {length} steps are not supported",
            "leave sequence_lens away",
        )
    if "clip" in call.attributes:
        raise call.error("clipped gates are not supported", "export without clip")


def _direction(
    call: Call, number: int, gates: int, hidden: int, functions: Sequence[str]
) -> Direction:
    weights, recurrent = (
        transposed(_of_direction(real(call.tensor(index)), number), (1, 0)) for index in (1, 2)
    )
    size = gates * hidden
    if call.has(3):
        biases = _of_direction(real(call.tensor(3)), number)
    else:
        biases = constant(np.zeros(2 * size, np.float32))
    given = [name.decode().lower() for name in call.attributes.get("activations", ())]
    per_direction = given[number * len(functions) :][: len(functions)] or functions
    for name in per_direction:
        if name not in _FUNCTIONS:
            known = ", ".join(_FUNCTIONS)
            raise call.error(f"activation '{name}' is not supported", f"use one of {known}")
    return Direction(
        weights,
        recurrent,
        narrowed(biases, 0, 0, size),
        narrowed(biases, 0, size, size),
        _of_direction(real(call.tensor(7)), number) if call.has(7) else None,
        tuple(_FUNCTIONS[name] for name in per_direction),
        hidden,
    )


def _of_direction(tensor: Tensor, number: int) -> Tensor:
    return reshape(narrowed(tensor, 0, number, 1), tensor.shape[1:])


def _initial(call: Call, index: int, number: int, batch: int, hidden: int) -> Tensor:
    if not call.has(index):
        return constant(np.zeros((batch, hidden), np.float32))
    given = real(call.tensor(index))
    given = transposed(given, (1, 0, 2)) if call.integer("layout") else given
    return _of_direction(given, number)


def _sum(left: Tensor, right: Tensor) -> Tensor:
    if left.data is not None and right.data is not None:
        return constant(left.data + right.data)
    return elementwise((left, right), left.dtype, lambda a, b: a + b)


def _peep(gate: Tensor, weights: Tensor, state: Tensor) -> Tensor:
    return elementwise((gate, weights, state), gate.dtype, lambda a, w, c: a + w * c)


RECURRENT: Mapping[str, Translation] = MappingProxyType({"GRU": gru, "LSTM": lstm})
