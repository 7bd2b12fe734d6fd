"""Float models and float edges: equal to the reference, and equal bit by bit on every core."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest

from e2e.harness import FLOAT_TOLERANCE, check_bit_exact
from e2e.shared_models import shared_model
from fdt_mlir import api, targets
from models import hybrid, oracle, single_op
from models.graph import Graph
from models.tflite_writer import write_file

_EXAMPLES = Path(__file__).parents[2] / "examples" / "models"
_EDGES = ("quantize", "dequantize", "requantize_concat")

# Every mathematical operation of the scalar language, one result each.
_FUNCTIONS = ("ceil", "cos", "erf", "exp", "expm1", "floor", "log", "log1p", "round", "roundeven")
_FUNCTIONS += ("rsqrt", "sin", "sqrt", "tanh", "trunc")
_OPERATIONS = {name: f"math.{name} %in : f32" for name in _FUNCTIONS}
_OPERATIONS["remainder"] = "arith.remf %dividend, %in : f32"
_COUNT = 2048


def _mathematics() -> str:
    """A model that applies every mathematical operation to its input."""
    kind = f"tensor<{_COUNT}xf32>"
    maps = 'indexing_maps = [#each, #each], iterator_types = ["parallel"]'
    layers = [
        f"""
  %empty_{name} = tensor.empty() : {kind}
  %{name} = linalg.generic {{{maps}}} ins(%x : {kind}) outs(%empty_{name} : {kind}) {{
  ^bb0(%in: f32, %out: f32):
    %dividend = arith.constant 1.1e10 : f32
    %result = {operation}
    linalg.yield %result : f32
  }} -> {kind}"""
        for name, operation in _OPERATIONS.items()
    ]
    names = ", ".join(f"%{name}" for name in _OPERATIONS)
    kinds = ", ".join([kind] * len(_OPERATIONS))
    return f"""
#each = affine_map<(d0) -> (d0)>
func.func @main(%x: {kind}) -> ({kinds}) {{{"".join(layers)}
  return {names} : {kinds}
}}
"""


def _outputs(compiled: api.Compiled, target: str, samples: Sequence[Sequence[np.ndarray]]):
    with TemporaryDirectory() as folder:
        compiled.write(Path(folder))
        return [run.outputs for run in targets.run_many(Path(folder), target, samples)]


def _assert_same_bits(model: Path, samples: Sequence[Sequence[np.ndarray]]) -> None:
    compiled = api.compile(model)
    host = _outputs(compiled, "host", samples)
    core = _outputs(compiled, "cortex-m4", samples)
    for number, (want, got) in enumerate(zip(host, core, strict=True)):
        for output, (left, right) in enumerate(zip(want, got, strict=True)):
            differ = np.flatnonzero(left.view(np.uint32) != right.view(np.uint32))
            assert not len(differ), f"sample {number}, output {output} differs at {differ[:5]}"


@pytest.mark.parametrize("name", single_op.catalogue("float32"))
def test_single_float_operators(name: str, tmp_path: Path):
    write_file(single_op.catalogue("float32")[name], tmp_path / f"{name}.tflite")
    check_bit_exact(tmp_path / f"{name}.tflite", sanitize=True, strategy="none")


@pytest.mark.parametrize("model", ["txt", "mw", "cif_f32"])
@pytest.mark.parametrize("target", ["host", "cortex-m4"])
def test_our_float_models(model: str, target: str):
    check_bit_exact(_EXAMPLES / f"{model}.tflite", target, sanitize=target == "host")


@pytest.mark.parametrize(
    ("model", "arena_bytes"),
    [("text_class", 17_700), ("magic_wand", 14_000), ("cifar10", 144_300)],
)
@pytest.mark.parametrize("target", ["host", "cortex-m4"])
def test_public_float_models(model: str, arena_bytes: int, target: str):
    path = shared_model(f"{model}.tflite")
    sanitize = target == "host"
    compiled = check_bit_exact(path, target, sanitize=sanitize, random_inputs=5, strategy="none")
    assert compiled.arena_bytes <= arena_bytes


def test_mathematics_has_the_same_bits_on_a_core_with_float_hardware(tmp_path: Path):
    """A compiler that contracts a * b + c on one of the two would show here."""
    model = tmp_path / "mathematics.mlir"
    model.write_text(_mathematics())
    random = np.random.RandomState(7)
    moderate = random.choice([-1, 1], _COUNT) * np.exp2(random.uniform(-20, 7, _COUNT))
    exponents = (np.arange(512, dtype=np.uint32)[:, None] << 23) + random.randint(
        0, 1 << 23, (1, 4)
    )
    any_float = exponents.astype(np.uint32).ravel().view(np.float32)
    _assert_same_bits(model, [[moderate.astype(np.float32)], [any_float]])


@pytest.mark.parametrize("model", ["mw", "cif_f32"])
def test_models_have_the_same_bits_on_a_core_with_float_hardware(model: str):
    path = _EXAMPLES / f"{model}.tflite"
    _assert_same_bits(path, oracle.random_inputs(path, 2))


@pytest.mark.parametrize("name", _EDGES)
def test_float_edges_of_integer_models(name: str, tmp_path: Path):
    path = tmp_path / f"{name}.tflite"
    write_file(single_op.catalogue("int8")[name], path)
    check_bit_exact(path, sanitize=True)


def test_quantising_rounds_halves_away_from_zero_and_saturates(tmp_path: Path):
    """A product with the rounded reciprocal, or halves to even, would differ at these inputs."""
    path = tmp_path / "quantize.tflite"
    write_file(single_op.catalogue("int8")["quantize"], path)
    compiled = api.compile(path)
    (edge,) = compiled.report["outputs"]
    scale, zero_point = np.float32(edge["scale"]), edge["zero_point"]
    random = np.random.RandomState(0)
    (info,) = oracle.input_infos(path)
    halves = (random.randint(-160, 160, (20, *info.shape)) + 0.5).astype(np.float32) * scale
    near = np.nextafter(halves, np.float32(9)), np.nextafter(halves, np.float32(-9))
    samples = [[x.astype(np.float32)] for x in np.concatenate([halves, *near])]
    reference = oracle.Reference(path)
    for sample, (actual,) in zip(samples, _outputs(compiled, "host", samples), strict=True):
        (expected,) = reference.run(sample)
        np.testing.assert_array_equal(actual, expected)
    extremes = np.zeros(info.shape, np.float32)
    extremes.flat[:4] = [3e38, -3e38, np.inf, -np.inf]
    ((actual,),) = _outputs(compiled, "host", [[extremes]])
    assert actual.flat[:5].tolist() == [127, -128, 127, -128, zero_point]


def test_a_cast_of_floats_drops_the_fraction_and_saturates(tmp_path: Path):
    graph = Graph("model", seed=0)
    graph.output(graph.cast(graph.input("input_1", (1, 8), low=-9, high=9), "int32"))
    path = tmp_path / "cast.tflite"
    write_file(graph, path)
    x = np.array([[1.5, -1.5, 2.5, -0.99, 2147483520.0, 3e9, -3e9, 0.99]], np.float32)
    ((actual,),) = _outputs(api.compile(path), "host", [[x]])
    assert actual.ravel().tolist() == oracle.reference_outputs(path, [x])[0].ravel().tolist()
    assert actual.ravel().tolist()[:4] == [1, -1, 2, 0]


def test_indices_outside_of_a_table_read_its_ends(tmp_path: Path):
    """The reference refuses such inputs; the generated code must not read what is not its own."""
    path = tmp_path / "gather.tflite"
    write_file(single_op.gather(13, 4, 6, "float32"), path)
    inside = [np.array([[0, 12, 0, 12, 5, 12]], np.int32)]
    outside = [np.array([[-1, 13, -(2**31), 2**31 - 1, 5, 1000]], np.int32)]
    with TemporaryDirectory() as folder:
        api.compile(path).write(Path(folder))
        runs = targets.run_many(Path(folder), "host", [inside, outside], sanitize=True)
    np.testing.assert_array_equal(runs[0].outputs[0], runs[1].outputs[0])


def test_a_hybrid_model_computes_with_dequantised_weights():
    """Its reference quantises activations at run time; the model means floats, so it is floats."""
    path = shared_model("kws_ref_model_float32.tflite")
    samples = oracle.random_inputs(path, 5) + oracle.constant_inputs(path)
    for sample, outputs in zip(samples, _outputs(api.compile(path), "host", samples), strict=True):
        for actual, expected in zip(outputs, hybrid.evaluate(path, sample), strict=True):
            allowed = FLOAT_TOLERANCE * np.abs(expected).max()
            assert np.abs(actual.reshape(expected.shape) - expected).max() <= allowed
