"""The output folder: the same bytes each time, nothing writable, nothing by halves."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from fdt_mlir import api, targets
from fdt_mlir.errors import CompileError, ExitStatus

KWS = Path(__file__).parents[2] / "examples" / "models" / "kws.tflite"


def fdt_compile(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    code = "import sys; from fdt_mlir.cli.compile import main; sys.exit(main())"
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
    )


def contents(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in folder.iterdir() if p.name != "timing.json"}


def test_same_bytes_whatever_the_hash_seed_and_the_folder(tmp_path: Path) -> None:
    first, second = tmp_path / "a" / "kws", tmp_path / "b" / "elsewhere" / "kws"
    assert fdt_compile(str(KWS), "-o", str(first), PYTHONHASHSEED="1").returncode == 0
    assert fdt_compile(str(KWS), "-o", str(second), PYTHONHASHSEED="77").returncode == 0
    reports = {"report.json", "report.html", "schedule.mlir"}
    assert set(contents(first)) == {"kws.c", "kws.h", "kws_traced.inc", "kws_traced.json", *reports}
    assert contents(first) == contents(second)


def test_object_has_nothing_writable(tmp_path: Path) -> None:
    api.compile(KWS).write(tmp_path / "kws")
    program = targets.build(tmp_path / "kws", "host")
    assert program.sizes.writable_bytes == 0
    assert program.sizes.code_bytes > 0


def test_run_from_python(tmp_path: Path) -> None:
    from models import oracle

    (sample,) = oracle.random_inputs(KWS, 1)
    (output,) = api.compile(KWS).run(sample)
    (expected,) = oracle.reference_outputs(KWS, sample)
    assert (output == expected).all()


def test_an_older_result_is_replaced_but_other_folders_are_left_alone(tmp_path: Path) -> None:
    compiled = api.compile(KWS)
    compiled.write(tmp_path / "kws")
    (tmp_path / "kws" / "stale.c").write_text("")
    compiled.write(tmp_path / "kws")
    assert not (tmp_path / "kws" / "stale.c").exists()

    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "thesis.tex").write_text("\\end{document}")
    with pytest.raises(CompileError, match="the output folder holds files of something else"):
        compiled.write(precious)
    assert [p.name for p in precious.iterdir()] == ["thesis.tex"]


TFLITE = KWS.read_bytes()
BAD_INPUTS = {
    "missing.tflite": (None, "cannot read the model: No such file or directory"),
    "empty.tflite": (b"", "not a TFLite model"),
    "random.tflite": (bytes(range(256)) * 16, "not a TFLite model"),
    "truncated.tflite": (TFLITE[: len(TFLITE) // 2], "the file is truncated or corrupt"),
    "model.txt": (b"hello", "unknown model format '.txt'"),
    "broken.mlir": (b"func.func @f( {", "broken.mlir:1"),
    "empty.mlir": (b"", "the file is empty"),
    "dynamic.mlir": (
        b"func.func @f(%a: tensor<1x?xf32>) -> tensor<1x?xf32> { return %a : tensor<1x?xf32> }",
        "tensor<1x?xf32>",
    ),
    "unknown_ops.mlir": (
        b"func.func @f(%a: tensor<2xf32>, %x: f32, %i: index) -> tensor<2xf32> {\n"
        b"  %b = tensor.insert %x into %a[%i] : tensor<2xf32>\n  return %b : tensor<2xf32> }",
        "operation 'tensor.insert' cannot be compiled",
    ),
}


@pytest.mark.parametrize("name", BAD_INPUTS)
def test_bad_input_is_a_diagnostic_and_leaves_nothing_behind(name: str, tmp_path: Path) -> None:
    data, message = BAD_INPUTS[name]
    model = tmp_path / name
    if data is not None:
        model.write_bytes(data)
    run = fdt_compile(str(model), "-o", str(tmp_path / "out"))
    assert run.returncode == ExitStatus.INPUT_ERROR, run.stderr
    assert message in run.stderr
    assert "Traceback" not in run.stderr
    assert run.stdout == ""
    assert [p.name for p in tmp_path.iterdir()] == ([name] if data is not None else [])


def test_unwritable_output(tmp_path: Path) -> None:
    blocker = tmp_path / "file"
    blocker.write_text("")
    run = fdt_compile(str(KWS), "-o", str(blocker / "out"))
    assert run.returncode == ExitStatus.INPUT_ERROR
    assert "cannot write the output" in run.stderr


def test_a_crash_inside_a_binding_names_the_command(tmp_path: Path) -> None:
    code = (
        "import os, signal, sys\n"
        "import fdt_mlir.api\n"
        "fdt_mlir.api.compile_model = lambda *a, **k: os.kill(os.getpid(), signal.SIGSEGV)\n"
        "from fdt_mlir.cli.compile import main; sys.exit(main())"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, str(KWS)], capture_output=True, text=True, cwd=tmp_path
    )
    assert run.returncode == ExitStatus.INTERNAL_ERROR
    assert "SIGSEGV" in run.stderr
    assert f"fdt-compile {KWS}" in run.stderr
