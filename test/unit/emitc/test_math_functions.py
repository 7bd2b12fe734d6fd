"""The emitted mathematics stays within 2 units in the last place, for every kind of float."""

import math
from collections.abc import Callable

import mpmath
import numpy as np
import pytest
from c_library import Library, c_source

from fdt_mlir.bindings import ir, mlir_context
from fdt_mlir.emitc.math_functions import MATH_FUNCTIONS
from fdt_mlir.emitc.statements import call
from fdt_mlir.emitc.values import Value

_PRECISION_BITS = 90
_PARTS = ("bits_of_f32", "f32_of_bits", "quarter_turns_of_f32", "sine_of_quarter_turns_f32")
_FUNCTIONS = tuple(name for name in MATH_FUNCTIONS if name not in _PARTS)

# Real functions in double precision and in many digits, for arguments where they are finite.
_APPROXIMATED: dict[str, tuple[Callable[[np.ndarray], np.ndarray], Callable[..., mpmath.mpf]]] = {
    "erf_f32": (np.vectorize(math.erf), mpmath.erf),
    "cos_f32": (np.cos, mpmath.cos),
    "exp_f32": (np.exp, mpmath.exp),
    "expm1_f32": (np.expm1, mpmath.expm1),
    "log_f32": (np.log, mpmath.log),
    "log1p_f32": (np.log1p, mpmath.log1p),
    "rsqrt_f32": (lambda x: 1 / np.sqrt(x), lambda x: 1 / mpmath.sqrt(x)),
    "sin_f32": (np.sin, mpmath.sin),
    "tanh_f32": (np.tanh, mpmath.tanh),
}
_EXACT: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "ceil_f32": np.ceil,
    "floor_f32": np.floor,
    "round_f32": lambda x: np.copysign(np.floor(np.abs(x.astype(np.float64)) + 0.5), x),
    "roundeven_f32": np.rint,
    "sqrt_f32": np.sqrt,
    "trunc_f32": np.trunc,
}
# Arguments around which a function switches from one formula to another, or leaves its range.
_EDGES = [0.55, 0.92, 3.95, 9.01, 17.3, 18.0, 88.72284, 103.9721, 104.0, 0.34657, 1.03972, 0.5, 1.5]
_EDGES += [2.5, 0.70710678, 1.41421356, 0.29289322, 0.41421356, 1.0, 2.0, 4.0, 8388608.0]
_EDGES += [0.7853982, 1.5707964, 3.1415927]
# Of all floats, those nearest to multiples of pi / 2 (found by trying them all).
_EDGES += [float.fromhex(x) for x in ("0x1.f9cbe2p7", "0x1.47d0fep34", "0x1.f37c8ap95")]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    def calls(name: str) -> Callable[..., Value]:
        def body(*arguments: Value) -> Value:
            result = call(name, arguments, ir.F32Type.get())
            assert result is not None
            return result

        return body

    with mlir_context():
        f32 = ir.F32Type.get()
        source = c_source(
            {
                f"call_{name}": (calls(name), [f32] * len(MATH_FUNCTIONS[name].parameters), f32)
                for name in _FUNCTIONS
            }
        )
    return Library(source, tmp_path_factory.mktemp("math"))


def _boundaries() -> np.ndarray:
    """Every exponent of both signs with the mantissas at its ends, and all edges' neighbours."""
    exponents = np.arange(512, dtype=np.uint32) << 23
    ends = np.array([0, 1, 0x400000, 0x7FFFFE, 0x7FFFFF], np.uint32)
    edges = np.array([*_EDGES, *(-edge for edge in _EDGES)], np.float32).view(np.uint32)
    near = (edges.astype(np.int64)[:, None] + np.arange(-40, 41)).astype(np.uint32)
    patterns = np.concatenate([(exponents[:, None] + ends).ravel(), near.ravel()])
    return patterns.view(np.float32)


def _dense(count: int, seed: int) -> np.ndarray:
    """Random bit patterns, half over all floats and half where functions do not saturate."""
    random = np.random.RandomState(seed)
    patterns = random.randint(0, 1 << 32, count // 2, dtype=np.uint64).astype(np.uint32)
    moderate = random.choice([-1, 1], count // 2) * np.exp2(random.uniform(-24, 7, count // 2))
    return np.concatenate([patterns.view(np.float32), moderate.astype(np.float32)])


def _unit(exact: np.ndarray) -> np.ndarray:
    """The distance of floats at `exact`, which lies within their range."""
    _, exponent = np.frexp(np.abs(exact))
    return np.ldexp(1.0, np.maximum(exponent - 24, -149))


def _check(name: str, x: np.ndarray, actual: np.ndarray, exact: np.ndarray) -> None:
    """Compare with exact values in double precision, whose own error is 2**-29 units."""
    with np.errstate(all="ignore"):
        rounded = exact.astype(np.float32)
        limits = ~np.isfinite(rounded) | (rounded == 0)
        wrong = limits & ~_same(actual, rounded)
        errors = np.abs(actual.astype(np.float64) - exact) / _unit(exact)
        wrong |= ~limits & ~(errors <= 2)
        wrong |= ~np.isnan(rounded) & (np.signbit(actual) != np.signbit(rounded))
    worst = [
        f"{float(v).hex()} -> {float(y).hex()}, not {float(e).hex()}"
        for v, y, e in zip(x[wrong][:5], actual[wrong][:5], exact[wrong][:5], strict=True)
    ]
    assert not wrong.any(), f"{name} is wrong for {wrong.sum()} of {len(x)} values: {worst}"


def _same(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    equal = (left == right) & (np.signbit(left) == np.signbit(right))
    return equal | (np.isnan(left) & np.isnan(right))


@pytest.mark.parametrize("name", _APPROXIMATED)
def test_functions_are_within_two_units_over_all_floats(name: str, library: Library):
    x = np.concatenate([_boundaries(), _dense(200_000, seed=1)])
    with np.errstate(all="ignore"):
        exact = _APPROXIMATED[name][0](x.astype(np.float64))
    _check(name, x, library.apply(f"call_{name}", x, np.float32), exact)


@pytest.mark.parametrize("name", _APPROXIMATED)
def test_functions_are_within_two_units_of_many_digits(name: str, library: Library):
    """The reference of the test above is another library's; this one's precision is not in doubt.

    Doubles round many digits once more, by 2**-30 of a unit.
    """
    double, precise = _APPROXIMATED[name]
    x = np.concatenate([_boundaries(), _dense(20_000, seed=2)])
    with np.errstate(all="ignore"):
        exact = double(x.astype(np.float64))
        ordinary = np.isfinite(exact.astype(np.float32)) & (exact != 0)
    with mpmath.workprec(_PRECISION_BITS):
        exact[ordinary] = [float(precise(mpmath.mpf(float(v)))) for v in x[ordinary]]
    assert ordinary.sum() > 1_000
    _check(name, x, library.apply(f"call_{name}", x, np.float32), exact)


@pytest.mark.parametrize("name", _EXACT)
def test_roots_and_roundings_are_exact(name: str, library: Library):
    halves = np.arange(-2000, 2000, dtype=np.float32) / 4
    x = np.concatenate([_boundaries(), _dense(200_000, seed=3), halves])
    with np.errstate(all="ignore"):
        expected = _EXACT[name](x).astype(np.float32)
    actual = library.apply(f"call_{name}", x, np.float32)
    wrong = ~_same(actual, expected)
    assert not wrong.any(), f"{x[wrong][:5]} -> {actual[wrong][:5]}, not {expected[wrong][:5]}"


def test_copysign_moves_the_sign_of_zeros_and_nans_too(library: Library):
    x = np.stack([_dense(20_000, seed=4), _dense(20_000, seed=5)[::-1]], axis=1)
    x[:4] = [[0.0, -1.0], [-0.0, 1.0], [np.nan, -0.0], [1.0, np.copysign(np.nan, -1)]]
    actual = library.apply("call_copysign_f32", x, np.float32)
    assert (np.signbit(actual) == np.signbit(x[:, 1])).all()
    assert _same(np.abs(actual), np.abs(x[:, 0])).all()


def test_remainders_are_exact(library: Library):
    """C's fmod has the exact remainder, which is a float; whoever rounds on the way misses it."""
    random = np.random.RandomState(6)
    ends = np.array([0, 1, 2, 0x7FFFFF, 0x800000, 0x800001, 0x3F800000, 0x7F7FFFFF, 0x7F800000])
    special = np.concatenate([ends, [0x7FC00000], ends + (1 << 31)]).astype(np.uint32)
    special = special.view(np.float32)
    pairs = [np.stack(np.meshgrid(special, special), axis=-1).reshape(-1, 2)]
    # Any two floats; two of nearly the same size; whole multiples of a short divisor.
    pairs.append(_dense(200_000, seed=7).reshape(-1, 2))
    near = _dense(100_000, seed=8)
    with np.errstate(all="ignore"):
        factors = np.ldexp(random.uniform(-2, 2, near.size), random.randint(-12, 2, near.size))
        pairs.append(np.stack([near, near * factors.astype(np.float32)], axis=1))
        short = (near.view(np.uint32) & 0xFFFFF000).view(np.float32)
        multiples = short * random.randint(-2000, 2000, near.size).astype(np.float32)
        pairs.append(np.stack([multiples, short], axis=1))
        x = np.concatenate(pairs)
        expected = np.fmod(x[:, 0], x[:, 1])
    actual = library.apply("call_fmod_f32", x, np.float32)
    wrong = ~_same(actual, expected)
    assert not wrong.any(), f"{x[wrong][:5]} -> {actual[wrong][:5]}, not {expected[wrong][:5]}"
