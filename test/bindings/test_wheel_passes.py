"""Which passes the IREE wheel has. A test that fails after a version bump says what changed."""

import importlib
import subprocess
import sys
from pathlib import Path

import pytest
from iree.compiler import dialects

from fdt_mlir.bindings import PassManager, mlir_context


def is_registered(name: str) -> bool:
    with mlir_context():
        for pipeline in (f"builtin.module({name})", f"builtin.module(func.func({name}))"):
            try:
                PassManager.parse(pipeline)
            except ValueError:
                continue
            return True
    return False


@pytest.mark.parametrize(
    "name",
    [
        "iree-tosa-input-transformation-pipeline",
        "linalg-generalize-named-ops",
        "linalg-fuse-elementwise-ops",
        "one-shot-bufferize",
        "buffer-results-to-out-params",
        "canonicalize",
        "cse",
        "transform-interpreter",
    ],
)
def test_passes_that_we_run_exist(name: str) -> None:
    assert is_registered(name)


@pytest.mark.parametrize(
    ("name", "ours"),
    [
        ("tosa-infer-shapes", "fdt-make-batch-static"),
        ("convert-arith-to-emitc", "the lowering to EmitC"),
        ("convert-func-to-emitc", "the lowering to EmitC"),
        ("convert-memref-to-emitc", "the lowering to EmitC"),
        ("convert-scf-to-emitc", "the lowering to EmitC"),
    ],
)
def test_passes_that_we_replace_are_missing(name: str, ours: str) -> None:
    assert not is_registered(name), f"{name} exists now: {ours} may go"


@pytest.mark.parametrize("name", ["emitc", "bufferization"])
def test_dialects_that_we_build_by_name_have_no_python_module(name: str) -> None:
    (folder,) = dialects.__path__
    assert not [*Path(folder).glob(f"{name}*")], f"bindings.py need not stand in for {name} now"
    assert not vars(importlib.import_module(f"iree.compiler.dialects.{name}")).get("__file__")


def test_dialects_cannot_be_defined_from_python() -> None:
    # NOTE: dialects/ext.py imports irdl, which the wheel lacks; hence attributes, not a dialect.
    with pytest.raises(ImportError):
        importlib.import_module("iree.compiler.dialects.ext")


def test_the_pipeline_parser_of_mlir_does_not_know_python_passes() -> None:
    with mlir_context():
        manager = PassManager("builtin.module")
        manager.add(lambda _op, _pass: None, name="Ours", argument="fdt-ours")
        with pytest.raises(ValueError, match="does not refer to a registered pass"):
            PassManager.parse("builtin.module(fdt-ours)")


def test_errors_of_the_pipeline_parser_give_the_column_inside_the_anchor() -> None:
    with mlir_context(), pytest.raises(ValueError, match=r"Parser:1:5: error: 'nothing' does not"):
        PassManager.parse("builtin.module(cse,nothing)")


def test_the_definition_of_our_attributes_loads(tmp_path: Path) -> None:
    definition = Path(__file__).parents[2] / "dialects" / "fdt.irdl.mlir"
    module = tmp_path / "module.mlir"
    module.write_text('func.func @f() attributes {fdt.layer = "a"} {\n  return\n}\n')
    iree_opt = Path(sys.executable).with_name("iree-opt")
    run = subprocess.run(
        [iree_opt, f"--irdl-file={definition}", module], capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    assert 'fdt.layer = "a"' in run.stdout
