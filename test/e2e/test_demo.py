"""The demo does what the README promises, and tells a wrong result from a right one."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
DEMO = ROOT / "tools" / "lib" / "demo.py"


@pytest.fixture(scope="module")
def demo() -> ModuleType:
    specification = importlib.util.spec_from_file_location("demo", DEMO)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_demo_reports_equal_outputs() -> None:
    commands = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    finished = subprocess.run(
        [sys.executable, DEMO, "--target", "host"],
        cwd=ROOT,
        env={**os.environ, "PATH": commands},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert finished.returncode == 0, finished.stdout
    assert finished.stdout.splitlines()[-1].startswith("The outputs are equal: all 240 values")


def test_one_wrong_value_is_told(demo: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    reference = np.zeros((20, 1, 12), np.int8)
    outputs = reference.copy()
    outputs[7, 0, 3] = 1
    assert demo.compare(outputs, reference, "host") == 1
    assert capsys.readouterr().out.endswith("The outputs DIFFER: 1 of 240 values.\n")


def test_stored_reference_is_what_litert_gives(
    demo: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Else a machine without LiteRT would be shown a difference that is not there.
    pytest.importorskip("ai_edge_litert")
    monkeypatch.chdir(ROOT)
    inputs = demo.random_inputs((1, 49, 10, 1))
    np.testing.assert_array_equal(np.load(demo.STORED_REFERENCE), demo.litert_outputs(inputs))
