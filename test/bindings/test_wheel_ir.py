"""How the IR of the IREE wheel behaves where we rely on it."""

import io
from pathlib import Path

import pytest

from fdt_mlir.bindings import PassManager, ir, mlir_context

MODELS = Path(__file__).resolve().parents[3] / "shared" / "models"
BUFFERIZE = (
    "one-shot-bufferize{bufferize-function-boundaries=1"
    " function-boundary-type-conversion=identity-layout-map},canonicalize"
)


def run(text: str, pipeline: str) -> str:
    with mlir_context():
        module = ir.Module.parse(text)
        PassManager.parse(f"builtin.module({pipeline})").run(module.operation)
        return str(module)


# --- Kernel calls and bufferization ---------------------------------------------------------------


def test_kernel_calls_keep_our_attributes_and_write_their_destination() -> None:
    memrefs = run(
        """
        func.func @copy(%x: tensor<4x6xi8>, %y: tensor<4x6xi8>) -> tensor<4x6xi8> {
          %z = iree_codegen.ukernel.generic {fdt.dims = array<i64: 4, 6>, fdt.layer = "a"} "copy"
            ins(%x : tensor<4x6xi8>) outs(%y : tensor<4x6xi8>) -> tensor<4x6xi8>
          return %z : tensor<4x6xi8>
        }""",
        BUFFERIZE,
    )
    assert '{fdt.dims = array<i64: 4, 6>, fdt.layer = "a"} "copy" ins(%arg0' in memrefs
    assert "outs(%arg1" in memrefs
    assert "memref.alloc" not in memrefs
    assert "memref.copy" not in memrefs


def test_a_value_in_ins_and_outs_costs_a_copy() -> None:
    both = '"k" ins(%x : tensor<4x6xi8>) outs(%x : tensor<4x6xi8>)'
    outs_only = '"k" outs(%x : tensor<4x6xi8>)'
    copies = [
        "memref.copy"
        in run(
            f"""func.func @k(%x: tensor<4x6xi8>) -> tensor<4x6xi8> {{
              %y = iree_codegen.ukernel.generic {operands} -> tensor<4x6xi8>
              return %y : tensor<4x6xi8>
            }}""",
            BUFFERIZE,
        )
        for operands in (both, outs_only)
    ]
    assert copies == [True, False]


def test_tiles_write_into_their_slice_and_leave_copies_onto_themselves() -> None:
    memrefs = run(
        """
        func.func @tiles(%x: tensor<4x6xi8>, %y: tensor<8x6xi8>) -> tensor<8x6xi8> {
          %first = arith.constant 0 : index
          %step = arith.constant 4 : index
          %end = arith.constant 8 : index
          %all = scf.for %row = %first to %end step %step
              iter_args(%into = %y) -> tensor<8x6xi8> {
            %rows = tensor.extract_slice %into[%row, 0] [4, 6] [1, 1]
              : tensor<8x6xi8> to tensor<4x6xi8>
            %tile = iree_codegen.ukernel.generic "copy"
              ins(%x : tensor<4x6xi8>) outs(%rows : tensor<4x6xi8>) -> tensor<4x6xi8>
            %next = tensor.insert_slice %tile into %into[%row, 0] [4, 6] [1, 1]
              : tensor<4x6xi8> into tensor<8x6xi8>
            scf.yield %next : tensor<8x6xi8>
          }
          return %all : tensor<8x6xi8>
        }""",
        f"{BUFFERIZE},cse",
    )
    assert "memref.alloc" not in memrefs
    assert "memref.copy %subview, %subview :" in memrefs


def test_cse_merges_empty_tensors_but_not_allocated_ones() -> None:
    merged = run(
        """
        func.func @f() -> (tensor<4xi8>, tensor<4xi8>, tensor<5xi8>, tensor<5xi8>) {
          %0 = tensor.empty() : tensor<4xi8>
          %1 = tensor.empty() : tensor<4xi8>
          %2 = bufferization.alloc_tensor() : tensor<5xi8>
          %3 = bufferization.alloc_tensor() : tensor<5xi8>
          return %0, %1, %2, %3 : tensor<4xi8>, tensor<4xi8>, tensor<5xi8>, tensor<5xi8>
        }""",
        "cse",
    )
    assert merged.count("tensor.empty") == 1
    assert merged.count("bufferization.alloc_tensor") == 2


def test_our_attributes_survive_generalization_and_cleaning() -> None:
    generic = run(
        """
        func.func @f(%x: tensor<2x3xi32>, %y: tensor<3x5xi32>, %z: tensor<2x5xi32>)
            -> tensor<2x5xi32> {
          %r = linalg.matmul {fdt.layer = "dense"} ins(%x, %y : tensor<2x3xi32>, tensor<3x5xi32>)
            outs(%z : tensor<2x5xi32>) -> tensor<2x5xi32>
          return %r : tensor<2x5xi32>
        }""",
        "func.func(linalg-generalize-named-ops,canonicalize,cse)",
    )
    assert "linalg.generic" in generic
    assert 'fdt.layer = "dense"' in generic


# --- EmitC ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "is_valid"),
    [
        (
            """%0 = emitc.subscript %p[%i] : (!emitc.ptr<i8>, index) -> !emitc.lvalue<i8>
               %1 = emitc.address_of %0 : !emitc.lvalue<i8>""",
            True,
        ),
        ("%0 = emitc.add %p, %i : (!emitc.ptr<i8>, index) -> !emitc.ptr<i8>", False),
        ('%0 = emitc.apply "*"(%p) : (!emitc.ptr<i8>) -> i8', False),
    ],
)
def test_views_of_the_arena_are_subscripts(body: str, is_valid: bool) -> None:
    text = f"func.func @f(%p: !emitc.ptr<i8>, %i: index) {{\n{body}\nreturn\n}}"
    with mlir_context():
        if is_valid:
            assert ir.Module.parse(text)
            return
        with pytest.raises(ir.MLIRError):
            ir.Module.parse(text)


def test_operations_without_python_classes_can_be_created_by_name() -> None:
    with mlir_context():
        module = ir.Module.create(ir.Location.unknown())
        with ir.InsertionPoint(module.body):
            number = ir.Type.parse("i32")
            value = ir.IntegerAttr.get(number, 7)
            ir.Operation.create("emitc.constant", results=[number], attributes={"value": value})
        assert "emitc.constant" in str(module)
        assert module.operation.verify()


# --- Python API -----------------------------------------------------------------------------------


def test_types_of_values_can_be_set() -> None:
    with mlir_context():
        module = ir.Module.parse("func.func @f(%x: tensor<?xi8>) {\n return\n}")
        argument = module.body.operations[0].regions[0].blocks[0].arguments[0]
        argument.set_type(ir.RankedTensorType.get([3], argument.type.element_type))
        assert str(argument.type) == "tensor<3xi8>"
        with pytest.raises(ir.MLIRError, match="Verification failed"):
            module.operation.verify()


def test_errors_carry_located_diagnostics() -> None:
    with mlir_context(), pytest.raises(ir.MLIRError) as caught:
        ir.Module.parse("\nfunc.func @f() -> i8 {\n  return\n}")
    (diagnostic,) = caught.value.error_diagnostics
    assert diagnostic.severity == ir.DiagnosticSeverity.ERROR
    assert str(diagnostic.location) == 'loc("-":3:3)'
    # passes.mlir_diagnostic leaves this note out and casts the location.
    assert diagnostic.notes[0].message.startswith("see current operation")
    assert not isinstance(diagnostic.location, ir.FileLineColLoc)


def test_locations_of_a_file_name_it(tmp_path: Path) -> None:
    path = tmp_path / "module.mlir"
    path.write_text("func.func private @f()")
    with mlir_context():
        location = ir.Module.parseFile(str(path)).body.operations[0].operation.location
    assert isinstance(location, ir.FileLineColLoc)
    assert (location.filename, location.start_line, location.start_col) == (str(path), 1, 1)


# --- Import ---------------------------------------------------------------------------------------


def test_the_converter_speaks_to_iree_in_bytecode_not_in_text() -> None:
    path = MODELS / "kws_ref_model.tflite"
    if not path.exists():
        pytest.skip(f"{path} is not there")
    converter = pytest.importorskip("tosa_converter_for_tflite")
    bytecode, text = io.BytesIO(), io.BytesIO()
    converter.tflite_flatbuffer_to_tosa_mlir(str(path), bytecode)
    as_text = converter.TosaConverterOutputFormat.Text
    converter.tflite_flatbuffer_to_tosa_mlir(str(path), text, as_text)
    with mlir_context():
        # The batch is dynamic, the reason for fdt-make-batch-static.
        module = ir.Module.parse(bytecode.getvalue())
        assert "func.func @main(%arg0: tensor<?x49x10x1xi8>" in str(module)
        with pytest.raises(ir.MLIRError, match=r"'tosa.const_shape' expected 'values'"):
            ir.Module.parse(text.getvalue())
