"""`fdt-run`: what it prints, reads and writes, and how it fails."""

import json
from pathlib import Path

import numpy as np
import pytest
from sample_model import expected, write_model
from test_targets_run import require

from fdt_mlir.cli.run import main
from fdt_mlir.cli.run_report import fnv1a_32
from fdt_mlir.targets import TARGETS, TensorSpec
from fdt_mlir.targets.samples import pattern_input


def tensor(type_name: str, count: int) -> TensorSpec:
    return TensorSpec("x", (count,), type_name, 0, 0)


def test_pattern_as_documented() -> None:
    # x[36] = (255 mod 256) - 128 = 127, x[37] wraps to (262 mod 256) - 128 = -122.
    assert pattern_input(tensor("int8", 38))[[0, 1, 36, 37]].tolist() == [-125, -118, 127, -122]
    assert pattern_input(tensor("uint8", 38))[[0, 36]].tolist() == [3, 255]
    assert pattern_input(tensor("float32", 1)).tolist() == [-125 / 128]
    assert pattern_input(tensor("int16", 1)).dtype == np.int16


@pytest.mark.parametrize(
    # Test vectors of draft-eastlake-fnv.
    ("text", "value"),
    [(b"", 0x811C9DC5), (b"a", 0xE40C292C), (b"foobar", 0xBF9CF968)],
)
def test_fnv1a(text: bytes, value: int) -> None:
    assert fnv1a_32(text) == value


def test_text(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    # The pattern gives x = -125, -118, -111, -104, -97, -90.
    assert main([str(write_model(tmp_path))]) == 0
    out, err = capfd.readouterr()
    assert "twice on host\n  output doubled: int16 3, FNV-1a 0x" in out
    assert "min -245, max -217, values -245 -231 -217\n" in out
    assert "output sum: int32 scalar" in out
    assert "bytes of code" in out
    assert err == ""


def test_json_and_files(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    x = np.array([[[1, -2, 3], [-4, 5, 127]]], np.int8)
    doubled, total = expected(x)
    input_path, output_path = tmp_path / "x.npz", tmp_path / "y.npz"
    np.savez(input_path, x=x)
    folder = str(write_model(tmp_path / "model"))
    arguments = [folder, "--inputs", str(input_path), "--outputs", str(output_path), "--json"]
    assert main(arguments) == 0
    summary = json.loads(capfd.readouterr().out)
    assert summary["model"] == "twice"
    assert summary["instructions"] is None
    first, second = summary["outputs"]
    assert first == {
        "name": "doubled",
        "shape": [3],
        "type": "int16",
        "fnv1a": f"0x{fnv1a_32(doubled.tobytes()):08x}",
        "min": 1,
        "max": 11,
        "first": [7, 1, 11],
    }
    assert second["first"] == [int(total)]
    with np.load(output_path) as outputs:
        np.testing.assert_array_equal(outputs["doubled"], doubled)
        np.testing.assert_array_equal(outputs["sum"], total)

    bytes_before = output_path.read_bytes()
    assert main(arguments) == 0
    assert output_path.read_bytes() == bytes_before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model", "x.npz", "y.npz"]


def test_inputs_by_position(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    np.savez(tmp_path / "x.npz", input_0=np.ones((1, 2, 3), np.int8))
    folder = str(write_model(tmp_path / "model"))
    assert main([folder, "--inputs", str(tmp_path / "x.npz")]) == 0
    assert "values 7 7 7\n" in capfd.readouterr().out


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"z": np.zeros(1)}, "no array for input 'x' (int8 1x2x3); the file has z"),
        (
            {"x": np.zeros((1, 2, 3), np.int8), "z": np.zeros(1)},
            "no input of 'twice' is called z",
        ),
        ({"x": np.zeros(6, np.int8)}, "input 'x' (int8 1x2x3) was given as int8 6"),
    ],
)
def test_inputs_that_do_not_fit(
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    arrays: dict[str, np.ndarray],
    message: str,
) -> None:
    np.savez(tmp_path / "x.npz", **arrays)
    folder = str(write_model(tmp_path / "model"))
    assert main([folder, "--inputs", str(tmp_path / "x.npz")]) == 1
    out, err = capfd.readouterr()
    assert out == ""
    assert message in err
    assert "hint:" in err


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"no archive", "this is not an .npz archive"),
        (None, "cannot read the inputs: No such file"),
    ],
)
def test_unreadable_inputs(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], content: bytes | None, message: str
) -> None:
    path = tmp_path / "x.npz"
    if content is not None:
        path.write_bytes(content)
    assert main([str(write_model(tmp_path / "model")), "--inputs", str(path)]) == 1
    assert f"{path}: error: {message}" in capfd.readouterr().err


def test_outputs_that_cannot_be_written(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "nowhere" / "y.npz"
    assert main([str(write_model(tmp_path / "model")), "--outputs", str(path)]) == 1
    assert f"{path}: error: cannot write the outputs" in capfd.readouterr().err


def test_folder_without_a_model(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path)]) == 1
    out, err = capfd.readouterr()
    assert out == ""
    assert f"{tmp_path}/report.json: error: cannot read the report" in err
    assert "hint: give the folder that fdt-compile wrote" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "the following arguments are required: FOLDER"),
        (["x", "--target", "pdp-11"], "invalid choice: 'pdp-11'"),
        (["x", "--target", "cortex-m4", "--sanitize"], "--sanitize works with --target host only"),
        (["x", "--timeout", "0"], "0 is not a positive number of seconds"),
        (["x", "--target", "cortex-m4", "--shadow"], "--shadow works with --target host only"),
        (["x", "--profile"], "--profile counts instructions on an emulated core"),
        (["x", "--random", "0"], "0 is not a number of samples"),
        (["x", "--random", "2", "--inputs", "y"], "give one of the two"),
        (["x", "--labels", "y"], "--labels belong to the samples of --inputs"),
    ],
)
def test_wrong_usage(capfd: pytest.CaptureFixture[str], arguments: list[str], message: str) -> None:
    assert main(arguments) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert message in err


def test_help_has_examples(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    assert "fdt-run build/kws --target cortex-m4" in capfd.readouterr().out


def test_targets_are_listed(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["--list-targets"]) == 0
    out, _ = capfd.readouterr()
    assert [line.split()[0] for line in out.splitlines()] == list(TARGETS)
    assert "riscv32      RV32IMC, QEMU virt; " in out


def test_profile(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    require("cortex-m4")
    # The second step of the traced model, with a loop of known length; the product runs it too.
    turns = (
        '{ int n = 100000; __asm__ volatile("1: subs %0, %0, #1\\n bne 1b" : "+r"(n) : : "cc"); }'
    )
    folder = str(write_model(tmp_path, turns))
    assert main([folder, "--target", "cortex-m4", "--profile", "--json"]) == 0
    double, add = json.loads(capfd.readouterr().out)["profile"]
    assert (double["step"], double["kind"], add["step"]) == ("double", "elementwise", "add")
    assert double["instructions"] <= 400
    assert 200_000 <= add["instructions"] <= 200_400
    assert main([folder, "--target", "cortex-m4", "--profile"]) == 0
    text = capfd.readouterr().out
    assert "%  add (reduce)\n" in text + "\n"
    assert " bytes of stack; at most " in text


def test_shadow_memory(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    folder = write_model(tmp_path)
    assert main([str(folder), "--shadow"]) == 0
    traced = folder / "twice_traced.inc"
    traced.write_text(traced.read_text().replace("fdt_trace_input(0);", ""))
    assert main([str(folder), "--shadow"]) == 1
    assert "step -1" not in capfd.readouterr().err


def test_several_samples(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    inputs = np.arange(18, dtype=np.int8).reshape(3, 2, 3)
    np.savez(tmp_path / "x.npz", x=inputs, labels=np.array([2, 2, 0]))
    outputs = tmp_path / "y.npz"
    arguments = [str(write_model(tmp_path / "model")), "--inputs", str(tmp_path / "x.npz")]
    assert main([*arguments, "--outputs", str(outputs)]) == 0
    # Doubled values grow, so the largest is always the last.
    text = capfd.readouterr().out
    assert "twice on host, 3 samples; of the first\n" in text
    assert "accuracy 66.67%: 2 of 3 samples" in text
    with np.load(outputs) as saved:
        assert saved["doubled"].tolist() == [[5, 7, 9], [17, 19, 21], [29, 31, 33]]
        assert saved["sum"].tolist() == [15, 51, 87]
