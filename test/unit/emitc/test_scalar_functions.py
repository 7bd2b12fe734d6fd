"""Scalar operations on floats mean in C what MLIR defines, NaNs and zeros included."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from c_library import Library, c_source

from fdt_mlir.bindings import ir, mlir_context
from fdt_mlir.emitc.inline_function import inline_function
from fdt_mlir.emitc.values import Value
from fdt_mlir.errors import CompileError

_SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 3e38, -3e38, 1e-40, np.inf, -np.inf, np.nan]
_PAIRS = np.array([[a, b] for a in _SPECIAL for b in _SPECIAL], np.float32)
_LEFT, _RIGHT = _PAIRS.T
_UNORDERED = np.isnan(_LEFT) | np.isnan(_RIGHT)

_PREDICATES: dict[str, np.ndarray] = {
    "false": np.zeros(len(_PAIRS), bool),
    "oeq": _LEFT == _RIGHT,
    "ogt": _LEFT > _RIGHT,
    "oge": _LEFT >= _RIGHT,
    "olt": _LEFT < _RIGHT,
    "ole": _LEFT <= _RIGHT,
    "one": (_LEFT != _RIGHT) & ~_UNORDERED,
    "ord": ~_UNORDERED,
    "ueq": (_LEFT == _RIGHT) | _UNORDERED,
    "ugt": (_LEFT > _RIGHT) | _UNORDERED,
    "uge": (_LEFT >= _RIGHT) | _UNORDERED,
    "ult": (_LEFT < _RIGHT) | _UNORDERED,
    "ule": (_LEFT <= _RIGHT) | _UNORDERED,
    "une": _LEFT != _RIGHT,
    "uno": _UNORDERED,
    "true": np.ones(len(_PAIRS), bool),
}
_EXTREMES: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "maximumf": np.maximum,  # a NaN wins
    "minimumf": np.minimum,
    "maxnumf": np.fmax,  # a number wins
    "minnumf": np.fmin,
}
_TYPES = {"f32": np.float32, "i32": np.int32, "i8": np.int8, "i1": np.bool_}


def _library(text: str, folder: Path) -> Library:
    """Compile the functions of a module of arith and math operations."""

    def body(function: ir.Operation) -> Callable[..., Value]:
        return lambda *arguments: inline_function(function, arguments)

    with mlir_context():
        module = ir.Module.parse(text)
        functions = {}
        for view in module.body.operations:
            function = view.operation
            kind = ir.TypeAttr(function.attributes["function_type"]).value
            name = ir.StringAttr(function.attributes["sym_name"]).value
            functions[name] = (body(function), list(kind.inputs), kind.results[0])
        source = c_source(functions)
    return Library(source, folder)


def _of_two(name: str, operation: str, result: str) -> str:
    return f"""
      func.func @{name}(%a: f32, %b: f32) -> {result} {{
        %0 = {operation} : f32
        return %0 : {result}
      }}"""


def _same(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    return (left == right) | (np.isnan(left) & np.isnan(right))


def test_comparisons_of_floats(tmp_path: Path):
    functions = [_of_two(f"f_{p}", f"arith.cmpf {p}, %a, %b", "i1") for p in _PREDICATES]
    library = _library("\n".join(functions), tmp_path)
    for predicate, expected in _PREDICATES.items():
        actual = library.apply(f"f_{predicate}", _PAIRS, np.bool_)
        wrong = _PAIRS[actual != expected]
        assert not len(wrong), f"{predicate} is wrong for {wrong[:5].tolist()}"


def test_extremes_of_floats(tmp_path: Path):
    functions = [_of_two(f"f_{e}", f"arith.{e} %a, %b", "f32") for e in _EXTREMES]
    library = _library("\n".join(functions), tmp_path)
    for extreme, reference in _EXTREMES.items():
        actual = library.apply(f"f_{extreme}", _PAIRS, np.float32)
        wrong = _PAIRS[~_same(actual, reference(_LEFT, _RIGHT))]
        assert not len(wrong), f"{extreme} is wrong for {wrong[:5].tolist()}"


@pytest.mark.parametrize("operands", ["%a, %c", "%c, %a"])
def test_extremes_with_a_constant(operands: str, tmp_path: Path):
    """A constant is no NaN, so one comparison is enough; the other operand may be one."""
    functions = [
        f"""
        func.func @f_{extreme}(%a: f32) -> f32 {{
          %c = arith.constant 0.5 : f32
          %0 = arith.{extreme} {operands} : f32
          return %0 : f32
        }}"""
        for extreme in _EXTREMES
    ]
    library = _library("\n".join(functions), tmp_path)
    x = np.array(_SPECIAL, np.float32)
    for extreme, reference in _EXTREMES.items():
        actual = library.apply(f"f_{extreme}", x, np.float32)
        wrong = x[~_same(actual, reference(x, np.float32(0.5)))]
        assert not len(wrong), f"{extreme} is wrong for {wrong.tolist()}"


def test_a_relu_of_a_nan_is_a_nan_and_of_minus_zero_is_zero(tmp_path: Path):
    library = _library(
        """
        func.func @relu(%a: f32) -> f32 {
          %zero = arith.constant 0.0 : f32
          %0 = arith.maximumf %a, %zero : f32
          return %0 : f32
        }""",
        tmp_path,
    )
    actual = library.apply("relu", np.array([-0.0, np.nan, -3.0, 2.0], np.float32), np.float32)
    assert _same(actual, np.array([0.0, np.nan, 0.0, 2.0], np.float32)).all()
    assert not np.signbit(actual[0])


@pytest.mark.parametrize(
    ("operation", "source", "target", "x", "expected"),
    [
        ("arith.sitofp", "i8", "f32", [-128, 127, -1], [-128.0, 127.0, -1.0]),
        ("arith.uitofp", "i8", "f32", [-128, 127, -1], [128.0, 127.0, 255.0]),
        ("arith.sitofp", "i1", "f32", [False, True], [0.0, -1.0]),
        ("arith.uitofp", "i1", "f32", [False, True], [0.0, 1.0]),
        (
            "arith.sitofp",
            "i32",
            "f32",
            [2**31 - 1, -(2**31), 16777217],
            [2.0**31, -(2.0**31), 2**24],
        ),
        ("arith.fptosi", "f32", "i32", [2.9, -2.9, -0.3], [2, -2, 0]),
        ("arith.fptosi", "f32", "i8", [127.9, -128.9], [127, -128]),
        ("arith.fptoui", "f32", "i8", [255.9, 128.0, 0.9], [-1, -128, 0]),
    ],
)
def test_conversions(
    operation: str, source: str, target: str, x: list[float], expected: list[float], tmp_path: Path
):
    text = f"""
      func.func @convert(%a: {source}) -> {target} {{
        %0 = {operation} %a : {source} to {target}
        return %0 : {target}
      }}"""
    actual = _library(text, tmp_path).apply("convert", np.array(x, _TYPES[source]), _TYPES[target])
    assert actual.tolist() == expected


def test_absolute_value_clears_the_sign_of_zero(tmp_path: Path):
    text = """
      func.func @absolute(%a: f32) -> f32 {
        %0 = math.absf %a : f32
        return %0 : f32
      }"""
    x = np.array([-0.0, 0.0, -1.5, 1.5, -np.inf, np.nan], np.float32)
    actual = _library(text, tmp_path).apply("absolute", x, np.float32)
    assert _same(actual, np.abs(x)).all()
    assert not np.signbit(actual[:-1]).any()


@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan, -0.0])
def test_constants_that_c_has_no_literal_for(value: float, tmp_path: Path):
    """A library without mathematics has no INFINITY; a start value may be one all the same."""
    bits = int(np.float32(value).view(np.uint32))
    text = f"""
      func.func @constant(%a: f32) -> f32 {{
        %0 = arith.constant {bits:#010x} : f32
        %1 = arith.select %b, %0, %a : f32
        return %1 : f32
      }}""".replace("(%a: f32)", "(%a: f32, %x: f32)").replace(
        "%1 =", "%b = arith.cmpf uno, %x, %x : f32\n        %1 ="
    )
    x = np.array([[7.0, np.nan], [7.0, 1.0]], np.float32)
    actual = _library(text, tmp_path).apply("constant", x, np.float32)
    assert actual.view(np.uint32)[0] == bits
    assert actual[1] == 7.0


def test_functions_of_double_precision_are_refused(tmp_path: Path):
    text = """
      func.func @wide(%a: f64) -> f64 {
        %0 = math.exp %a : f64
        return %0 : f64
      }"""
    with pytest.raises(CompileError, match="f32 only"):
        _library(text, tmp_path)


@pytest.mark.parametrize("exponent", [1, 2, 3, 5, 8, -1, -3])
def test_powers_with_whole_constants(exponent: int, tmp_path: Path):
    text = f"""
      func.func @power(%a: f32) -> f32 {{
        %n = arith.constant {exponent}.0 : f32
        %0 = math.powf %a, %n : f32
        return %0 : f32
      }}"""
    x = np.array([-3.0, -0.5, 1.0, 1.7, 40.0], np.float32)
    actual = _library(text, tmp_path).apply("power", x, np.float32)
    expected = x.astype(np.float64) ** exponent
    assert np.abs(actual / expected - 1).max() <= 4 * 2.0**-24 * 2


@pytest.mark.parametrize("exponent", ["0.5", "9.0"])
def test_other_powers_are_refused(exponent: str, tmp_path: Path):
    text = f"""
      func.func @power(%a: f32) -> f32 {{
        %n = arith.constant {exponent} : f32
        %0 = math.powf %a, %n : f32
        return %0 : f32
      }}"""
    with pytest.raises(CompileError, match="no C is known for this power"):
        _library(text, tmp_path)
