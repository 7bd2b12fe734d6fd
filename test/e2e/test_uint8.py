"""uint8 models: unsigned at the edges, equal to the reference, concatenations rescaled."""

from pathlib import Path

import pytest

from e2e.batch import build_batch
from e2e.harness import check_bit_exact, compare
from fdt_mlir import api
from fdt_mlir.targets.runner import execute
from models import single_op
from models.operators import CASES
from models.operators.case import build, samples
from models.operators.unsigned import unsigned, unsigned_sample
from models.oracle import Reference
from models.tflite_writer import write_file

EXAMPLES = Path(__file__).parents[2] / "examples" / "models"
CATALOGUE = single_op.catalogue("uint8")


def test_detection_heads_of_unequal_scales():
    compiled = check_bit_exact(EXAMPLES / "ssd_u8.tflite", sanitize=True, strategy="none")
    (image,) = compiled.report["inputs"]
    assert (image["type"], image["zero_point"]) == ("uint8", 127)
    assert "#define SSD_U8_INPUT_0_TYPE uint8_t" in compiled.files["ssd_u8.h"]


@pytest.mark.parametrize(
    "name",
    ["conv", "depthwise", "dense", "add", "mul", "average_pool", "max_pool", "mean", "softmax"],
)
def test_operators(name: str, tmp_path: Path):
    path = tmp_path / f"{name}.tflite"
    write_file(CATALOGUE[name], path)
    check_bit_exact(path, sanitize=True, strategy="none")


def test_concatenation_of_unequal_scales(tmp_path: Path):
    graph = single_op.model(
        [(1, 7, 5, 3), (1, 7, 5, 2)],
        lambda g, a, b: g.concat([a, b], axis=3, same_scale=False),
        "uint8",
        ranges=[(-0.4, 0.9), (-1.0, 1.0)],
    )
    path = tmp_path / "concat.tflite"
    write_file(graph, path)
    check_bit_exact(path, sanitize=True, strategy="none")


OWN = (
    *("log_softmax", "log_softmax_long"),
    *("softmax", "softmax_beta", "softmax_steep", "softmax_long", "arg_min", "fill"),
    *("equal", "equal_broadcast", "not_equal", "less", "less_equal", "greater", "greater_equal"),
    *("strided_slice_backwards", "sum_quantised", "sum_quantised_channels"),
)


def test_translations_of_the_importers_own(tmp_path: Path):
    subjects: dict[str, tuple[list, list]] = {}
    compiled: list[api.Compiled] = []
    for name in OWN:
        graph = build(CASES[name], "int8")
        path = tmp_path / f"{name}.tflite"
        write_file(unsigned(graph), path)
        drawn = [unsigned_sample(sample) for sample in samples(CASES[name], graph, 3)]
        reference = Reference(path)
        compiled.append(api.compile(path, strategy="none"))
        expected = [reference.run(sample) for sample in drawn]
        subjects[compiled[-1].name] = (drawn, expected)
    programs = build_batch(compiled, tmp_path / "build")
    for name, (drawn, expected) in subjects.items():
        runs = [run.outputs for run in execute(programs[name], drawn)]
        pairs = [
            pair
            for want, got in zip(expected, runs, strict=True)
            for pair in zip(want, got, strict=True)
        ]
        assert not [str(bad) for w, g in pairs if (bad := compare(0, w, g))], name
