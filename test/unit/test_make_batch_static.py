"""fdt-make-batch-static on public models, as the converter hands them over."""

import io
from pathlib import Path

import pytest

from fdt_mlir.bindings import ir, mlir_context, walk
from fdt_mlir.importer.make_batch_static import MakeBatchStaticPass

MODELS = Path(__file__).resolve().parents[3] / "shared" / "models"


def converted(model: str) -> bytes:
    path = MODELS / f"{model}.tflite"
    if not path.exists():
        pytest.skip(f"{path} is not there")
    converter = pytest.importorskip("tosa_converter_for_tflite")
    bytecode = io.BytesIO()
    converter.tflite_flatbuffer_to_tosa_mlir(str(path), bytecode)
    return bytecode.getvalue()


def dynamic_types(module: ir.Module) -> list[str]:
    values = [
        value
        for op in walk(module.operation)
        for value in [
            *op.results,
            *(
                argument
                for region in op.regions
                for block in region
                for argument in block.arguments
            ),
        ]
    ]
    tensors = [value.type for value in values if isinstance(value.type, ir.RankedTensorType)]
    return [str(tensor) for tensor in tensors if not tensor.has_static_shape]


@pytest.mark.parametrize(
    "model", ["kws_ref_model", "ad01_int8", "vww_96_int8", "pretrainedResnet_quant"]
)
def test_models_with_a_dynamic_batch_become_static(model: str) -> None:
    with mlir_context():
        module = ir.Module.parse(converted(model))
        assert dynamic_types(module), "the model shows nothing if it is static already"
        MakeBatchStaticPass().run(module)
        assert dynamic_types(module) == []
        assert "tensor<?" not in str(module.body.operations[0].attributes["function_type"])
        assert module.operation.verify()


def test_static_models_stay_as_they_are() -> None:
    with mlir_context():
        module = ir.Module.parse(converted("magic_wand"))
        before = str(module)
        MakeBatchStaticPass().run(module)
        assert str(module) == before
