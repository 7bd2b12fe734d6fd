"""The IREE back end: the same outputs as C, tile loops of one dispatch, less transient memory."""

import json
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from e2e.iree_device import run_kernels
from e2e.shared_models import shared_model
from fdt_mlir import api
from fdt_mlir.api import CompileOptions
from fdt_mlir.errors import CompileError
from fdt_mlir.iree.backend import IreeCompiled, compile_for_iree
from fdt_mlir.iree.host_run import run_on_host
from fdt_mlir.targets import find_target

EXAMPLES = Path(__file__).parents[2] / "examples" / "models"
STUBS = Path(__file__).parents[1] / "iree_stubs"
STRATEGIES = ("none", "fdt", "auto")
# e_machine of an ELF file, and its bits.
MACHINES = {
    "host": None,
    "cortex-m4": (40, 32),
    "cortex-m7": (40, 32),
    "cortex-m55": (40, 32),
    "riscv32": (243, 32),
}


@cache
def compiled_for_iree(path: Path, strategy: str, target: str = "host") -> IreeCompiled:
    options = CompileOptions(strategy=strategy)  # pyright: ignore[reportArgumentType]
    return compile_for_iree(path, options, target)


@cache
def compiled_to_c(path: Path) -> api.Compiled:
    return api.compile(path, strategy="none")


def sample_of(report: Any, seed: int) -> list[Any]:
    """Random inputs; what may be an index of a table stays small."""
    random = np.random.default_rng(seed)
    arrays: list[Any] = []
    for tensor in report["inputs"]:
        dtype = np.dtype(tensor["type"])
        low, high = (np.iinfo(dtype).min, np.iinfo(dtype).max) if dtype.kind in "iu" else (0, 50)
        arrays.append(random.integers(low, high + 1, tensor["shape"]).astype(dtype))
    return arrays


def check_tensor(ours: Any, theirs: Any) -> None:
    """Integers are equal, the rest within 1e-5 of the largest."""
    assert ours.dtype == theirs.dtype
    if ours.dtype.kind in "iu":
        np.testing.assert_array_equal(ours, theirs)
    else:
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-5 * np.abs(theirs).max())


def check_equal(path: Path, strategy: str, folder: Path) -> IreeCompiled:
    """Run both back ends on the host, and compare."""
    compiled = compiled_for_iree(path, strategy)
    compiled.write(folder)
    for seed in range(2):
        sample = sample_of(compiled.report, seed)
        expected = compiled_to_c(path).run(sample)
        for ours, theirs in zip(run_on_host(folder, sample).outputs, expected, strict=True):
            check_tensor(ours, theirs)
    report = compiled.report
    assert report["transient_bytes"] <= report["transient_bytes_untiled"]
    assert report["transient_bytes"] <= report["iree_transient_bytes_untiled"]
    return compiled


@pytest.mark.parametrize(
    ("model", "strategy"),
    [
        ("kws", "none"),
        ("ae", "auto"),
        ("mw", "auto"),
        ("cif", "fdt"),
        pytest.param("res", "auto", marks=pytest.mark.slow),
        pytest.param("txt", "auto", marks=pytest.mark.slow),
        pytest.param("ssd_u8", "none", marks=pytest.mark.slow),
    ],
)
def test_examples_give_the_outputs_of_c(model: str, strategy: str, tmp_path: Path) -> None:
    check_equal(EXAMPLES / f"{model}.tflite", strategy, tmp_path / model)


PUBLIC = ("kws_ref_model", "vww_96_int8", "pretrainedResnet_quant", "ad01_int8", "text_class")


@pytest.mark.slow
@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("model", PUBLIC)
def test_public_models_give_the_outputs_of_c(model: str, strategy: str, tmp_path: Path) -> None:
    check_equal(shared_model(f"{model}.tflite"), strategy, tmp_path / model)


def test_visual_wake_words_needs_less_than_half(tmp_path: Path) -> None:
    """Channels tiled: IREE by itself needs 86,786 B, with pads fused 56,898 B."""
    compiled = check_equal(shared_model("vww_96_int8.tflite"), "fdt", tmp_path / "vww")
    assert compiled.report["iree_transient_bytes_untiled"] == 86786
    assert compiled.transient_bytes <= 0.7 * 56898


# Loops and dispatches


def tile_loops(module: str) -> list[str]:
    """The bodies of the host function's innermost loops."""
    host = module[module.index("util.func public @main") :]
    return re.findall(r"= scf\.for (?:(?!scf\.for).)*?scf\.yield", host, re.DOTALL)


@pytest.mark.parametrize(("model", "strategy"), [("cif", "fdt"), ("mw", "auto")])
def test_a_tile_is_one_dispatch_in_a_loop(model: str, strategy: str) -> None:
    compiled = compiled_for_iree(EXAMPLES / f"{model}.tflite", strategy)
    tiled = [path for path in compiled.report["paths"] if path["family"] != "merge"]
    loops = tile_loops(compiled.module)
    assert tiled
    assert len(loops) == len(tiled)
    for loop in loops:
        assert loop.count("stream.cmd.execute") == 1
        assert loop.count("stream.cmd.dispatch") == 1
        assert "copy" not in loop


def test_loops_stay_loops_in_the_c() -> None:
    """Each dispatch is called from one place: nothing is unrolled."""
    compiled = compiled_for_iree(EXAMPLES / "cif.tflite", "fdt")
    code = str(compiled.files["cif_module.c"])
    main = code[code.rindex("static iree_status_t cif_main(") :]
    calls = len(re.findall(r"= cif_call_0rIiiiCiDCrIID_v_\w+import_shim\(", main))
    assert calls == compiled.module.count("stream.cmd.dispatch")


def test_the_arena_is_the_only_transient_allocation() -> None:
    compiled = compiled_for_iree(EXAMPLES / "kws.tflite", "none")
    allocations = re.findall(r"resource\.alloca .*<transient>\{%c(\d+)\}", compiled.module)
    assert [int(size) for size in allocations] == [compiled.transient_bytes]


def fdt_run(*arguments: str | Path) -> Any:
    command = [sys.executable, "-m", "fdt_mlir.cli.run", *map(str, arguments), "--json"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_runtime_allocates_what_the_report_says(tmp_path: Path) -> None:
    """Measured by IREE's allocator: inputs, outputs, the arena, and nothing else."""
    path = EXAMPLES / "kws.tflite"
    compiled = compiled_for_iree(path, "none")
    compiled.write(tmp_path / "iree")
    compiled_to_c(path).write(tmp_path / "c")
    summary = fdt_run(tmp_path / "iree", "--backend", "iree", "--compare", tmp_path / "c")
    tensors = [*compiled.report["inputs"], *compiled.report["outputs"]]
    edges = sum(tensor["bytes"] for tensor in tensors)
    assert summary["peak_bytes"] == edges + compiled.transient_bytes


# What is handed to a firmware project


@pytest.mark.parametrize("target", MACHINES)
def test_every_target_gets_its_kernels(target: str) -> None:
    compiled = compiled_for_iree(EXAMPLES / "ae.tflite", "none", target)
    kernels = compiled.files["ae_kernels.o"]
    assert isinstance(kernels, bytes)
    assert kernels[:4] == b"\x7fELF"
    expected = MACHINES[target]
    if expected is not None:
        assert (int.from_bytes(kernels[18:20], "little"), 32 * kernels[4]) == expected
    assert b"ae_kernels_library_query" in kernels
    assert "ae_create(" in str(compiled.files["ae_module.c"])
    header = str(compiled.files["ae_module.h"])
    assert f"#define AE_TRANSIENT_BYTES {compiled.transient_bytes}\n" in header
    assert ("toolchain.cmake" in compiled.files) == (target != "host")
    assert "ae_kernels_library_query" in str(compiled.files["main.c"])
    assert "IREE_SOURCE_DIR" in str(compiled.files["CMakeLists.txt"])


@pytest.mark.parametrize(
    ("model", "strategy", "target"),
    [
        ("kws", "none", "cortex-m4"),
        ("mw", "auto", "cortex-m4"),
        ("cif", "fdt", "cortex-m7"),
        ("kws", "none", "cortex-m55"),
        ("mw", "auto", "riscv32"),
        pytest.param("res", "auto", "cortex-m4", marks=pytest.mark.slow),
        pytest.param("res", "auto", "cortex-m55", marks=pytest.mark.slow),
        pytest.param("kws", "auto", "riscv32", marks=pytest.mark.slow),
    ],
)
def test_kernels_compute_on_the_core_what_c_computes(
    model: str, strategy: str, target: str, tmp_path: Path
) -> None:
    """The object file itself, called in the order of the module's host function."""
    path = EXAMPLES / f"{model}.tflite"
    compiled = compiled_for_iree(path, strategy, target)
    samples = [sample_of(compiled.report, seed) for seed in range(2)]
    results = run_kernels(compiled, target, tmp_path, samples)
    for sample, result in zip(samples, results, strict=True):
        expected = compiled_to_c(path).run(sample)
        for ours, theirs in zip(result.outputs, expected, strict=True):
            check_tensor(ours, theirs)


def test_output_is_the_same_every_time() -> None:
    path = EXAMPLES / "ae.tflite"
    again = compile_for_iree(path, CompileOptions(strategy="none"), "cortex-m4")
    assert again.files == compiled_for_iree(path, "none", "cortex-m4").files


# What is refused


def test_other_outputs_than_those_of_c_are_an_error(tmp_path: Path) -> None:
    ae = EXAMPLES / "ae.tflite"
    compiled_for_iree(ae, "auto").write(tmp_path / "iree")
    compiled = compiled_to_c(ae)
    compiled.write(tmp_path / "c")
    source = tmp_path / "c" / "ae.c"
    # The first bias of every layer, a thousand too much.
    text, count = re.subn(
        r"(const int32_t \w*bias\w*\[\d+\] = \{\s*)-?\d+", r"\g<1>5000", source.read_text()
    )
    assert count
    source.write_text(text)
    command = [sys.executable, "-m", "fdt_mlir.cli.run", str(tmp_path / "iree"), "--backend"]
    command += ["iree", "--compare", str(tmp_path / "c")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1
    assert "elements of output" in done.stderr
    assert "differ from the C of" in done.stderr


def test_a_model_that_iree_fuses_better_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fdt_mlir.iree.backend.own_transient_bytes", lambda *_: 94)
    with pytest.raises(CompileError, match="94 bytes of transient memory by its own scheduling"):
        compile_for_iree(EXAMPLES / "ae.tflite", CompileOptions(strategy="none"))


# The firmware project, against declarations of what it uses of IREE


@pytest.mark.parametrize(("model", "target"), [("ae", "host"), ("mw", "cortex-m4")])
def test_main_compiles_without_a_warning(model: str, target: str, tmp_path: Path) -> None:
    compiled_for_iree(EXAMPLES / f"{model}.tflite", "none", target).write(tmp_path / model)
    compiler = find_target(target)
    command = [compiler.compiler, *compiler.cpu_flags, "-std=c11", "-Wall", "-Wextra", "-Werror"]
    command += ["-fsyntax-only", f"-I{STUBS}", str(tmp_path / model / "main.c")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("target", ["host", "cortex-m4", "riscv32"])
def test_cmake_configures_the_project(target: str, tmp_path: Path) -> None:
    compiled_for_iree(EXAMPLES / "ae.tflite", "none", target).write(tmp_path / "ae")
    command = ["cmake", "-S", str(tmp_path / "ae"), "-B", str(tmp_path / "build")]
    if target != "host":
        command.append(f"-DCMAKE_TOOLCHAIN_FILE={tmp_path / 'ae' / 'toolchain.cmake'}")
    without = subprocess.run(command, capture_output=True, text=True)
    assert without.returncode != 0
    assert "give the IREE source tree: -DIREE_SOURCE_DIR=" in without.stderr
    done = subprocess.run([*command, f"-DIREE_SOURCE_DIR={STUBS}"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
