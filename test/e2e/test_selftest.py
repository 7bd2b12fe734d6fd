"""--selftest: stored samples pass on every kind of core, and fail where anything is wrong."""

from pathlib import Path

import numpy as np
import pytest

from fdt_mlir import api
from fdt_mlir.cli.run import main
from fdt_mlir.errors import CompileError
from models import oracle
from models.operators import CASES
from models.operators.case import build
from models.tflite_writer import write_file

EXAMPLES = Path(__file__).parents[2] / "examples" / "models"
KWS = EXAMPLES / "kws.tflite"


@pytest.fixture(scope="module")
def kws(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("selftest") / "kws"
    api.compile(KWS, strategy="none", selftest=True).write(folder)
    return folder


def stack(count: int) -> dict[str, np.ndarray]:
    """Samples of the keyword model, and what the reference computes."""
    samples = oracle.random_inputs(KWS, count)
    outputs = [oracle.reference_outputs(KWS, sample)[0] for sample in samples]
    return {
        "input_0": np.concatenate([sample[0] for sample in samples]),
        "output_0": np.concatenate(outputs),
    }


@pytest.mark.parametrize("target", ["host", "cortex-m0", "cortex-m55", "riscv32"])
def test_passes(kws: Path, target: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert main([str(kws), "--selftest", "--target", target]) == 0
    assert "  self-test passed\n" in capfd.readouterr().out


def test_floats_pass_on_a_core(tmp_path: Path) -> None:
    # Wrong if floats had to be equal: this core multiplies and adds without rounding between.
    api.compile(EXAMPLES / "cif_f32.tflite", strategy="none", selftest=True).write(tmp_path / "m")
    assert main([str(tmp_path / "m"), "--selftest", "--target", "cortex-m4"]) == 0


def test_a_streamed_input_passes(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "kws"
    compiled = api.compile(KWS, stream_input=True, selftest=True)
    compiled.write(folder)
    for target in ("host", "cortex-m4"):
        assert main([str(folder), "--selftest", "--target", target]) == 0
        assert "  self-test passed\n" in capfd.readouterr().out
    source = (folder / "kws.c").read_text()
    assert "dense_bias[12] = {" in source
    (folder / "kws.c").write_text(source.replace("dense_bias[12] = {", "dense_bias[12] = {9"))
    assert main([str(folder), "--selftest"]) == 1


def test_every_sample_begins_with_the_first_state(tmp_path: Path) -> None:
    model = tmp_path / "state.tflite"
    write_file(build(CASES["svdf_bytes"], "int8"), model)
    api.compile(model, strategy="none", selftest=True).write(tmp_path / "m")
    assert main([str(tmp_path / "m"), "--selftest"]) == 0


def test_a_wrong_bias_fails(kws: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    broken = tmp_path / "kws"
    broken.mkdir()
    for file in kws.iterdir():
        (broken / file.name).write_text(file.read_text())
    source = (broken / "kws.c").read_text()
    assert "dense_bias[12] = {" in source
    (broken / "kws.c").write_text(source.replace("dense_bias[12] = {", "dense_bias[12] = {9"))
    assert main([str(broken), "--selftest"]) == 1
    err = capfd.readouterr().err
    assert "kws_selftest returned " in err
    assert "gives other outputs here" in err


def test_given_vectors(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    vectors = stack(3)
    vectors["output_0"][1, 5] ^= 1
    np.savez(tmp_path / "v.npz", **vectors)
    options = {"strategy": "none", "selftest": True, "selftest_vectors": tmp_path / "v.npz"}
    api.compile(KWS, **options).write(tmp_path / "kws")
    assert main([str(tmp_path / "kws"), "--selftest", "--target", "cortex-m4"]) == 1
    assert "stored sample 1 gives other outputs here" in capfd.readouterr().err


def test_given_inputs(tmp_path: Path) -> None:
    np.savez(tmp_path / "v.npz", input_0=stack(2)["input_0"])
    options = {"strategy": "none", "selftest": True, "selftest_vectors": tmp_path / "v.npz"}
    compiled = api.compile(KWS, **options)
    assert "enum { VECTORS = 2 };" in compiled.files["kws_selftest.c"]
    expected = ", ".join(str(value) for value in stack(2)["output_0"][1])
    assert expected in compiled.files["kws_selftest.c"]


def test_vectors_that_do_not_fit(tmp_path: Path) -> None:
    vectors = stack(2)
    np.savez(tmp_path / "v.npz", input_0=vectors["input_0"], output_0=vectors["output_0"][:1])
    with pytest.raises(CompileError, match="is given as int8 1x12 for 2 samples"):
        api.compile(KWS, strategy="none", selftest=True, selftest_vectors=tmp_path / "v.npz")


def test_product_is_the_same_without(kws: Path, tmp_path: Path) -> None:
    plain = api.compile(KWS, strategy="none")
    assert plain.files["kws.c"] == (kws / "kws.c").read_text()
    assert "selftest" not in plain.files["kws.h"]
    assert "int kws_selftest(void *arena);" in (kws / "kws.h").read_text()


def test_model_without_stored_samples(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    api.compile(KWS, strategy="none").write(tmp_path / "kws")
    assert main([str(tmp_path / "kws"), "--selftest"]) == 1
    err = capfd.readouterr().err
    assert "'kws' has no stored samples" in err
    assert "hint: compile the model with --selftest" in err
