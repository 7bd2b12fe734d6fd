"""What a mistyped command line or model path is answered with: what to type instead."""

from collections.abc import Callable
from pathlib import Path

import pytest

from fdt_mlir.bindings import mlir_context
from fdt_mlir.cli.compile_options import compile_parser
from fdt_mlir.errors import CompileError, UsageError
from fdt_mlir.importer.import_options import ImportOptions
from fdt_mlir.importer.importer import import_model

KWS = Path(__file__).parents[3] / "examples" / "models" / "kws.tflite"


@pytest.mark.parametrize(
    ("arguments", "answer"),
    [
        (["m.tflite", "--exlpain"], "arguments: --exlpain; did you mean --explain"),
        (["m.tflite", "--qqqq"], "unrecognized arguments: --qqqq (fdt-compile --help"),
        ([], "MODEL (fdt-compile --help lists the options)"),
        (["m.tflite", "--ram", "24kb"], "'24kb' is no size: write 24576, 24K or 1.5M"),
    ],
)
def test_mistyped_option(arguments: list[str], answer: str) -> None:
    with pytest.raises(UsageError) as caught:
        compile_parser().parse_args(arguments)
    assert answer in str(caught.value)


def _nothing(folder: Path) -> Path:
    return folder / "model.tflite"


def _no_folder(folder: Path) -> Path:
    return folder / "nowhere" / "model.tflite"


def _beside_others(folder: Path) -> Path:
    for number in range(6):
        (folder / f"m{number}.onnx").touch()
    return folder / "model.tflite"


def _named(name: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        (folder / name).write_bytes(b"something else")
        return folder / name

    return make


@pytest.mark.parametrize(
    ("make", "hint"),
    [
        (_nothing, "has none that ends in .tflite, .onnx"),
        (_no_folder, "there is no folder"),
        (_beside_others, "has m0.onnx, m1.onnx, m2.onnx, m3.onnx, m4.onnx, ..."),
        (lambda folder: folder, "give a model file"),
        (_named("m.h5"), "TFLiteConverter.from_keras_model"),
        (_named("m.pt"), "torch.onnx.export"),
        (_named("m.pb"), "TFLiteConverter.from_saved_model"),
        (_named("m.tflite"), "look whether a download gave something else"),
    ],
)
def test_wrong_file(make: Callable[[Path], Path], hint: str, tmp_path: Path) -> None:
    with mlir_context(), pytest.raises(CompileError) as caught:
        import_model(make(tmp_path))
    (diagnostic,) = caught.value.diagnostics
    assert hint in (diagnostic.hint or "")


def test_a_name_like_no_other_is_answered_with_the_last_ones() -> None:
    with mlir_context(), pytest.raises(CompileError) as caught:
        import_model(KWS, ImportOptions(outputs=("foo",)))
    (diagnostic,) = caught.value.diagnostics
    assert (diagnostic.hint or "").endswith("'kws/dense/BiasAdd', 'kws/softmax/Softmax'")
