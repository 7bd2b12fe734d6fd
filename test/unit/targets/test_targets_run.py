"""Building and running generated C: right results, and every kind of misbehaviour reported."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from sample_model import expected, write_model

from fdt_mlir.errors import CompileError, UsageError
from fdt_mlir.targets import TARGETS, build, execute, run, run_many

_NEGATIVE_TIMEOUT_SECONDS = 1.0


def require(target: str) -> None:
    """Skip the test where the tools of a target are not installed."""
    row = TARGETS[target]
    commands = [row.compiler, *([row.board.emulator] if row.board else [])]
    missing = [command for command in commands if shutil.which(command) is None]
    if missing:
        pytest.skip(f"{', '.join(missing)} not installed: {row.install_hint}")


def samples(count: int) -> list[list[np.ndarray]]:
    random = np.random.default_rng(7)
    return [[random.integers(-128, 128, (1, 2, 3), np.int8)] for _ in range(count)]


def run_faulty(folder: Path, statement: str, target: str, sanitize: bool = False) -> str:
    """Run the sample model with a fault at the end of invoke; return what the user is told."""
    require(target)
    model = write_model(folder, statement)
    with pytest.raises(CompileError) as caught:
        run_many(
            model,
            target,
            samples(1),
            sanitize=sanitize,
            timeout_seconds=_NEGATIVE_TIMEOUT_SECONDS if "for (;;)" in statement else 60,
        )
    return str(caught.value)


@pytest.mark.parametrize("target", TARGETS)
def test_outputs_of_every_sample(tmp_path: Path, target: str) -> None:
    # Wrong if the harness mixes up samples, offsets, element types or shapes.
    require(target)
    inputs = samples(23)
    results = run_many(write_model(tmp_path), target, inputs)
    assert len(results) == 23
    for (x,), result in zip(inputs, results, strict=True):
        for given, wanted in zip(result.outputs, expected(x), strict=True):
            assert (given.dtype, given.shape) == (wanted.dtype, wanted.shape)
            np.testing.assert_array_equal(given, wanted)


def test_sanitized_run_gives_the_same(tmp_path: Path) -> None:
    (x,) = samples(1)[0]
    result = run(write_model(tmp_path), "host", [x], sanitize=True)
    np.testing.assert_array_equal(result.outputs[0], expected(x)[0])


@pytest.mark.parametrize("optimize", ["-O0", "-Os", "-O3"])
def test_optimisation_changes_the_model_only(tmp_path: Path, optimize: str) -> None:
    require("cortex-m4")
    (x,) = samples(1)[0]
    result = run(write_model(tmp_path), "cortex-m4", [x], optimize=optimize)
    np.testing.assert_array_equal(result.outputs[0], expected(x)[0])
    assert result.stack_bytes is not None
    assert result.stack_bytes < 64


@pytest.mark.parametrize("target", [name for name in TARGETS if name != "host"])
def test_measures_are_repeatable(tmp_path: Path, target: str) -> None:
    require(target)
    program = build(write_model(tmp_path), target)
    first, second = (execute(program, samples(3)) for _ in range(2))
    measures = [(result.instructions, result.stack_bytes) for result in first]
    assert measures == [(result.instructions, result.stack_bytes) for result in second]
    assert first[0].code_bytes is not None
    assert 20 <= first[0].code_bytes < 400  # the harness around it is far larger


def test_host_measures_no_instructions(tmp_path: Path) -> None:
    result = run(write_model(tmp_path), "host", samples(1)[0])
    assert (result.instructions, result.stack_bytes) == (None, None)


@pytest.mark.parametrize("turns", [1_000, 240_000_000])
def test_counts_the_instructions_of_a_known_loop(tmp_path: Path, turns: int) -> None:
    # Three instructions per turn. The larger count is beyond one period of SysTick, 2**24 ticks of
    # 40 instructions: wrong if a wrap is lost.
    require("cortex-m4")
    loop = '"1: subs %0, %0, #1\\n nop\\n bne 1b"'
    model = write_model(
        tmp_path, f'{{ int n = {turns}; __asm__ volatile({loop} : "+r"(n) : : "cc"); }}'
    )
    result = run(model, "cortex-m4", samples(1)[0])
    assert result.instructions is not None
    assert 3 * turns <= result.instructions <= 3 * turns + 150


def test_measures_the_stack(tmp_path: Path) -> None:
    # 400 bytes of locals, and little more.
    require("cortex-m4")
    room = "{ volatile char room[400]; for (int i = 0; i < 400; ++i) room[i] = 1; *sum = room[9]; }"
    result = run(write_model(tmp_path, room), "cortex-m4", samples(1)[0])
    assert result.stack_bytes is not None
    assert 400 <= result.stack_bytes <= 432


@pytest.mark.parametrize("target", ["host", "cortex-m4"])
@pytest.mark.parametrize(
    ("statement", "side"),
    [
        ("((volatile char *)arena)[20] = 0;", "wrote past the end of the arena"),
        ("((volatile char *)arena)[20 + 255] = 0;", "wrote past the end of the arena"),
        ("((volatile char *)arena)[-1] = 0;", "wrote before the start of the arena"),
    ],
)
def test_red_zones(tmp_path: Path, target: str, statement: str, side: str) -> None:
    message = run_faulty(tmp_path, statement, target)
    assert f"twice_invoke {side} (sample 0 on target {target})" in message


@pytest.mark.parametrize("index", [-1, 20])
def test_sanitizer_catches_reads_outside_the_arena(tmp_path: Path, index: int) -> None:
    # A read leaves no trace in a red zone: only poisoned memory can show it.
    message = run_faulty(tmp_path, f"return ((volatile char *)arena)[{index}] * 0;", "host", True)
    assert "was stopped by a sanitizer: AddressSanitizer" in message
    assert "twice.c" in message


def test_sanitizer_catches_signed_overflow(tmp_path: Path) -> None:
    message = run_faulty(tmp_path, "*sum = 0x7fffffff; *sum += x[0] * x[0] + 1;", "host", True)
    assert "was stopped by a sanitizer: runtime error: signed integer overflow" in message


@pytest.mark.parametrize("target", ["host", "cortex-m4"])
def test_failing_invoke(tmp_path: Path, target: str) -> None:
    message = run_faulty(tmp_path, "if (x[0] != 127) return 7;", target)
    assert f"twice_invoke returned 7 (sample 0 on target {target})" in message


def test_crash_on_the_host(tmp_path: Path) -> None:
    assert "was ended by SIG" in run_faulty(tmp_path, "__builtin_trap();", "host")


@pytest.mark.parametrize("target", [name for name in TARGETS if name != "host"])
def test_fault_on_a_core_names_the_function(tmp_path: Path, target: str) -> None:
    # Wrong if the core hangs instead, or if the registers are those of the handler.
    message = run_faulty(tmp_path, "__builtin_trap();", target)
    assert "crashed in twice_invoke (twice.c:" in message
    assert " pc=0x" in message


@pytest.mark.parametrize(
    ("target", "message"),
    [
        # Below its RAM, this board ignores writes ...
        ("cortex-m4", "twice_invoke used the whole stack"),
        # ... and this one faults, so that even the fault finds no stack.
        ("cortex-m33", "crashed, and again when the fault was taken: most likely its stack"),
    ],
)
def test_used_up_stack(tmp_path: Path, target: str, message: str) -> None:
    fill = "for (int i = 70000; i-- > 0;) room[i] = 1; *sum = room[9];"
    assert message in run_faulty(tmp_path, f"{{ volatile char room[70000]; {fill} }}", target)


@pytest.mark.parametrize("target", ["host", "cortex-m4"])
def test_endless_run(tmp_path: Path, target: str) -> None:
    message = run_faulty(tmp_path, "for (;;) { *(volatile int32_t *)sum = 1; }", target)
    assert f"did not finish within 1 s on target {target}" in message


def test_uncleared_arena(tmp_path: Path) -> None:
    # A model that adds to what the arena held must give other sums in other samples.
    model = write_model(tmp_path, "*sum = ((uint8_t *)arena)[7];")
    x = np.zeros((1, 2, 3), np.int8)
    found = [int(result.outputs[1]) for result in run_many(model, "host", [[x]] * 4)]
    assert 0 not in found
    assert len(set(found)) == 4


def test_missing_compiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CompileError) as caught:
        run(write_model(tmp_path), "cortex-m4", samples(1)[0])
    assert "needs arm-none-eabi-gcc, which is not installed" in str(caught.value)
    assert (
        "hint: sudo apt-get install gcc-arm-none-eabi libnewlib-arm-none-eabi qemu-system-arm"
        in str(caught.value)
    )


def test_missing_emulator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    require("cortex-m4")
    program = build(write_model(tmp_path), "cortex-m4")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CompileError, match="needs qemu-system-arm, which is not installed"):
        execute(program, samples(1))


def test_warning_is_an_error(tmp_path: Path) -> None:
    message = run_faulty(tmp_path, "int unused = 1;", "host")
    assert "does not compile for target host with gcc" in message
    assert "unused variable" in message


def test_call_outside_the_contract(tmp_path: Path) -> None:
    call = "{ extern double cos(double); *sum = (int32_t)cos(*sum); }"
    message = run_faulty(tmp_path, call, "cortex-m4")
    assert "does not link for target cortex-m4" in message
    assert "undefined reference to `cos'" in message


def test_program_too_large(tmp_path: Path) -> None:
    require("cortex-m0")
    folder = write_model(tmp_path)
    header = folder / "twice.h"
    header.write_text(header.read_text().replace("ARENA_BYTES 20", "ARENA_BYTES 300000"))
    with pytest.raises(CompileError, match=r"misses \d+ bytes of RAM on target cortex-m0"):
        build(folder, "cortex-m0")


def test_writable_data(tmp_path: Path) -> None:
    # Wrong if a model could keep something between two calls, or share it with another arena.
    message = run_faulty(tmp_path, "static int32_t calls; *sum = ++calls;", "host")
    assert "the C of 'twice' has 4 bytes of writable data" in message


def test_header_disagrees_with_report(tmp_path: Path) -> None:
    folder = write_model(tmp_path)
    header = folder / "twice.h"
    header.write_text(header.read_text().replace("OUTPUT_1_OFFSET 16", "OUTPUT_1_OFFSET 12"))
    with pytest.raises(CompileError, match="header_and_report_disagree_about_output_1"):
        build(folder)


def test_cached_program_is_that_of_the_same_c(tmp_path: Path) -> None:
    # Wrong if an edited model ran the old program.
    folder, cache = tmp_path / "model", tmp_path / "cache"
    first = build(write_model(folder), cache=cache)
    assert build(folder, cache=cache) == first
    changed = build(write_model(folder, "*sum = 3;"), cache=cache)
    assert changed.executable != first.executable
    assert len(list(cache.iterdir())) == 2  # and no half-built folder


def test_damaged_cache_is_rebuilt(tmp_path: Path) -> None:
    folder, cache = tmp_path / "model", tmp_path / "cache"
    program = build(write_model(folder), cache=cache)
    program.executable.unlink()
    assert build(folder, cache=cache).executable.is_file()


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ([], "'twice' has 1 inputs, but 0 were given"),
        ([np.zeros((1, 2, 4), np.int8)], "(int8 1x2x3) was given as int8 1x2x4"),
        ([np.zeros((1, 2, 3), np.int16)], "(int8 1x2x3) was given as int16 1x2x3"),
    ],
)
def test_inputs_that_do_not_fit(tmp_path: Path, inputs: list[np.ndarray], message: str) -> None:
    with pytest.raises(CompileError) as caught:
        run(write_model(tmp_path), "host", inputs)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"target": "pdp-11"}, "there is no target 'pdp-11'; choose from: host, cortex-m0"),
        ({"target": "cortex-m4", "sanitize": True}, "sanitizers run on target host only"),
        ({"optimize": "fast"}, "'fast' is not an optimisation option"),
    ],
)
def test_usage(tmp_path: Path, options: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        run(write_model(tmp_path), **options)


@pytest.mark.parametrize(
    ("report", "message"),
    [
        ("{", "the report is not JSON"),
        ("[]", "the report is not a JSON object"),
        ("{}", "the report lacks something that is needed to run the model: KeyError('name')"),
        ('{"name": "other"}', "there is no other.c beside the report"),
        (
            '{"name": "twice", "inputs": [{"name": "x", "shape": [2], "type": "int4",'
            ' "offset": 0, "bytes": 1}]}',
            "type 'int4' is not one of bool, int8",
        ),
        (
            '{"name": "twice", "inputs": [{"name": "x", "shape": [2], "type": "int16",'
            ' "offset": 0, "bytes": 2}]}',
            "'x' (int16 2) has 4 bytes, not 2",
        ),
    ],
)
def test_unusable_report(tmp_path: Path, report: str, message: str) -> None:
    (write_model(tmp_path) / "report.json").write_text(report)
    with pytest.raises(CompileError) as caught:
        build(tmp_path)
    assert message in str(caught.value)
