"""Several memories: an arena in each, what is accessed most in the fastest, the same outputs."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from e2e.harness import check_bit_exact
from e2e.shared_models import shared_model
from fdt_mlir.api import Compiled, compile
from fdt_mlir.cli.compile_options import parse_memories, parse_pin
from fdt_mlir.errors import CompileError, UsageError

KWS, RESNET = "kws_ref_model.tflite", "pretrainedResnet_quant.tflite"
CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "tiled": (KWS, {"memories": {"dtcm": 2048, "sram": 8192}}),
    "untiled": (KWS, {"memories": {"dtcm": 8000, "sram": 8000}, "strategy": "none"}),
    "three": (KWS, {"memories": {"l1": 1000, "l2": 2000, "l3": 3000}}),
    "residual": (RESNET, {"memories": {"dtcm": 16384, "sram": 32768}, "strategy": "none"}),
    "unused": (KWS, {"memories": {"dtcm": 8192, "sram": 8192}}),
    "kept, pinned": (
        KWS,
        {"memories": {"dtcm": 4096, "sram": 8192}, "keep_inputs": True, "pins": {0: ("sram", 512)}},
    ),
}


def check_places(compiled: Compiled, memories: dict[str, int]) -> None:
    """Check what the report says of the memories, without the planner's help."""
    report = compiled.report
    assert [arena["name"] for arena in report["arenas"]] == list(memories)
    assert sum(arena["bytes"] for arena in report["arenas"]) == compiled.arena_bytes
    for number, arena in enumerate(report["arenas"]):
        buffers = [b for b in report["buffers"] if b["arena"] == number]
        ends = [b["offset"] + b["bytes"] for b in buffers]
        assert max(ends, default=0) == arena["bytes"] <= arena["capacity_bytes"]


# Wrong if a kernel gets a place in another memory, or bytes of two memories are taken for shared.
@pytest.mark.parametrize("case", CASES)
def test_outputs_are_the_same(case: str):
    model, options = CASES[case]
    compiled = check_bit_exact(shared_model(model), sanitize=True, **options)
    check_places(compiled, options["memories"])
    for side in ("inputs", "outputs"):
        for port in compiled.report[side]:
            name = compiled.report["arenas"][port["arena"]]["name"]
            assert (
                f"_MEMORY {port['arena']}  /* counted from 0: offset in {name} */"
                in (compiled.files[f"{compiled.name}.h"])
            )


# Wrong if two pointers confuse a core with another calling convention.
@pytest.mark.parametrize("case", ["tiled", "residual"])
def test_outputs_are_the_same_on_a_device(case: str):
    model, options = CASES[case]
    check_bit_exact(shared_model(model), "cortex-m4", random_inputs=2, constant_inputs=1, **options)


# Wrong if what is accessed often lies in the slow memory, or accesses are not those of the kernels.
def test_hot_buffers_lie_in_the_fast_memory():
    compiled = compile(shared_model(KWS), strategy="none", memories={"dtcm": 8000, "sram": 8000})
    report = compiled.report
    by_name = {buffer["name"]: buffer for buffer in report["buffers"]}
    # Written once by the depthwise layer, read once by each product of the pointwise one.
    pointwise = next(step for step in report["steps"] if step["name"] == "conv2d_1")
    assert by_name["depthwise_conv2d"]["accesses"] == 8000 + pointwise["macs"]
    accesses = [
        sum(buffer["accesses"] for buffer in report["buffers"] if buffer["arena"] == number)
        for number in (0, 1)
    ]
    assert accesses[0] > 5 * accesses[1]
    assert all(buffer["arena"] == 0 for buffer in report["buffers"] if buffer["bytes"] < 100)


# Wrong if naming a single memory changes the C interface, or anything else of the C.
def test_one_memory_changes_nothing():
    free = compile(shared_model(KWS))
    named = compile(shared_model(KWS), memories={"sram": 8192})
    for name in (f"{free.name}.c", f"{free.name}.h"):
        assert free.files[name] == named.files[name]
    arenas = named.report["arenas"]
    assert arenas == [{"name": "arena", "bytes": free.arena_bytes, "capacity_bytes": 8192}]


# Wrong if a user is not told how much is missing and what to do.
@pytest.mark.parametrize(
    ("memories", "message", "hint"),
    [
        (
            {"sram": 8192},
            "the arena needs 8384 bytes, but memory 'sram' has 8192",
            "give 192 bytes more, or trade work for memory with --ram 8192",
        ),
        (
            {"dtcm": 4096, "sram": 4000},
            "the buffers need at least 8384 bytes, but the memories have 8096 together"
            " (dtcm 4096, sram 4000)",
            "give 288 bytes more, or trade work for memory with --ram 8096",
        ),
        (
            {"dtcm": 4096, "sram": 8192},
            "no room found for buffer 'conv2d' of 8000 bytes, which lives in steps 0 to 1, in any"
            " memory (dtcm 4096, sram 8192)",
            "give one of them more, or make everything fit the largest with --ram 8192",
        ),
    ],
)
def test_what_does_not_fit_is_said_in_numbers(memories: dict[str, int], message: str, hint: str):
    with pytest.raises(CompileError) as caught:
        compile(shared_model(KWS), strategy="none", memories=memories)
    (diagnostic,) = caught.value.diagnostics
    assert (diagnostic.message, diagnostic.hint) == (message, hint)


# Wrong if options that make no sense get as far as the planner, or a C compiler.
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"memories": {"int": 64}}, "'int' cannot name a memory"),
        ({"memories": {"DTCM": 64}}, "'DTCM' cannot name a memory"),
        ({"memories": {"rows": 64}}, "'rows' cannot name a memory"),
        ({"memories": {"sram": 0}}, "memory 'sram' has 0 bytes"),
        ({"memories": {f"m{n}": 1 for n in range(9)}}, "9 memories are given, but at most 8 work"),
        ({"pins": {0: ("sram", 0)}}, "pinned to memory 'sram'; memories given: none"),
        (
            {"memories": {"a": 64, "b": 8192}, "pins": {0: ("b", 8000)}},
            "input 0 is pinned such that it ends at 8490, but memory 'b' has 8192 bytes",
        ),
    ],
)
def test_options_that_make_no_sense(options: dict[str, Any], message: str):
    with pytest.raises(UsageError, match=message):
        compile(shared_model(KWS), **options)


def test_options_are_read():
    assert parse_memories("dtcm=64K,sram=256K") == {"dtcm": 65536, "sram": 262144}
    assert parse_pin("input:1=sram:64") == (1, ("sram", 64))
    assert parse_pin("input:0=64") == (0, 64)
    for wrong in ("dtcm", "=64K", "dtcm=64K,dtcm=64K", "dtcm=64K,"):
        with pytest.raises(Exception, match="is no list of memories"):
            parse_memories(wrong)


# Wrong if the header of several memories is no C++, or an unused one cannot be declared.
def test_the_header_is_cpp(tmp_path: Path):
    compiled = compile(shared_model(KWS), memories={"dtcm": 8192, "sram": 8192}, name="kws")
    compiled.write(tmp_path / "kws")
    (tmp_path / "main.cpp").write_text(
        '#include "kws/kws.h"\n'
        "static KWS_DTCM(dtcm);\nstatic KWS_SRAM(sram);\n"
        "int main() { return KWS_SRAM_BYTES + kws_invoke(&dtcm, &sram); }\n"
    )
    flags = ["-std=c++11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-c"]
    subprocess.run(
        ["g++", *flags, "main.cpp", "-o", "main.o"], cwd=tmp_path, check=True, timeout=60
    )
