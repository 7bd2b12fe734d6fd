"""fdt-run --check: equal to the framework where it is, and loud where it is not."""

import json
from pathlib import Path

import numpy as np
import pytest

from e2e.shared_models import shared_model
from fdt_mlir import api
from fdt_mlir.cli.run import main
from models.operators import CASES
from models.operators.case import build
from models.tflite_writer import write_file
from models.variables import GRAPHS

EXAMPLES = Path(__file__).parents[2] / "examples" / "models"
KWS = EXAMPLES / "kws.tflite"


@pytest.fixture(scope="module")
def kws(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("check") / "kws"
    api.compile(KWS, strategy="none").write(folder)
    return folder


def test_equal(kws: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main([str(kws), "--check", str(KWS), "--random", "5"]) == 0
    assert "5 of 5 samples equal LiteRT, reference kernels" in capfd.readouterr().out


def test_one_wrong_weight_is_found(
    kws: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "kws"
    broken.mkdir()
    for file in kws.iterdir():
        (broken / file.name).write_text(file.read_text())
    source = (broken / "kws.c").read_text()
    before, bias, after = source.partition("dense_bias[12] = {")
    assert bias
    (broken / "kws.c").write_text(f"{before}{bias}9{after}")
    arguments = [str(broken), "--check", str(KWS), "--random", "3"]
    assert main([*arguments, "--json"]) == 1
    check = json.loads(capfd.readouterr().out)["check"]
    assert check["equal_samples"] < check["samples"] == 3
    assert "values differ, by at most" in check["differences"][0]
    assert main(arguments) == 1
    assert ", output 'kws/softmax/Softmax': " in capfd.readouterr().out


# Wrong if the reference keeps what the program forgets before each sample.
@pytest.mark.parametrize("has_resources", [True, False])
def test_state_is_as_at_first_in_every_sample(
    has_resources: bool, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    graph = GRAPHS["accumulator"]("int8") if has_resources else build(CASES["svdf"], "float32")
    path = tmp_path / "model.tflite"
    write_file(graph, path)
    api.compile(path, strategy="none").write(tmp_path / "c")
    assert main([str(tmp_path / "c"), "--check", str(path), "--random", "3"]) == 0
    assert "3 of 3 samples equal LiteRT" in capfd.readouterr().out


def test_float_onnx_model(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = shared_model("micro_kws_m_fp32.onnx")
    api.compile(path, strategy="none").write(tmp_path / "kws")
    assert main([str(tmp_path / "kws"), "--check", str(path), "--random", "2"]) == 0
    assert "2 of 2 samples equal onnxruntime" in capfd.readouterr().out


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nowhere.tflite", "there is no such model file"),
        ("README.md", "no framework is known that runs '.md' files"),
        ("pos.tflite", "the model has 4 outputs, but 'kws' has 1 inputs and 1 outputs"),
    ],
)
def test_other_files(kws: Path, name: str, message: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert main([str(kws), "--check", str(EXAMPLES / name)]) == 1
    out, err = capfd.readouterr()
    assert message in err
    assert out == ""


def test_framework_that_is_not_installed(
    kws: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "ai_edge_litert", None)
    monkeypatch.setitem(__import__("sys").modules, "ai_edge_litert.interpreter", None)
    assert main([str(kws), "--check", str(KWS)]) == 1
    err = capfd.readouterr().err
    assert "--check needs ai-edge-litert" in err
    assert "pip install ai-edge-litert" in err


def test_accuracy_on_a_folder(kws: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    from models import oracle

    lines: list[str] = []
    for number, sample in enumerate(oracle.random_inputs(KWS, 4)):
        np.save(tmp_path / f"{number}.npy", sample[0])
        best = int(np.argmax(oracle.reference_outputs(KWS, sample)[0]))
        # One of the labels is wrong on purpose.
        lines.append(f"{number}.npy,{best if number else 11 - best}")
    labels = tmp_path / "labels.csv"
    labels.write_text("\n".join(lines))
    arguments = ["--inputs", str(tmp_path), "--labels", str(labels), "--check", str(KWS)]
    assert main([str(kws), *arguments]) == 0
    out = capfd.readouterr().out
    assert "accuracy 75.00%: 3 of 4 samples" in out
    assert "4 of 4 samples equal LiteRT" in out
