"""The guard of the commands: every way a body can end has its exit status and its message.

The commands run in processes of their own, as a user starts them.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from fdt_mlir.cli.guard import run_guarded

_SCRIPT = """
import os, signal, sys, time
from fdt_mlir.cli.guard import run_guarded
from fdt_mlir.errors import ExitStatus, UsageError, compile_error

# Jobs in the background of a shell, and all that they start, ignore it.
signal.signal(signal.SIGINT, signal.default_int_handler)

def body(argv):
    {body}

print("before the guard")
sys.exit(run_guarded(body, program="fdt-x"))
"""


def start(body: str, *arguments: str) -> subprocess.Popen[str]:
    # Through pipes standard output is buffered: what a wrong flush doubles or loses.
    return subprocess.Popen(
        [sys.executable, "-c", _SCRIPT.format(body=body), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run_script(body: str, *arguments: str) -> tuple[int, str, str]:
    process = start(body, *arguments)
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def test_prints_everything_once() -> None:
    status, out, err = run_script("print('in the guard'); return 0")
    assert (status, out, err) == (0, "before the guard\nin the guard\n", "")


def test_hands_on_the_arguments_and_the_status() -> None:
    status, out, _ = run_script("print(argv); return 1", "a b", "-c")
    assert status == 1
    assert "['a b', '-c']" in out


def test_compile_error() -> None:
    status, _, err = run_script("raise compile_error('no such op', hint='cut it out')")
    assert (status, err) == (1, "error: no such op\n  hint: cut it out\n")


def test_usage_error() -> None:
    status, _, err = run_script("raise UsageError('24K is not a size')")
    assert (status, err) == (2, "fdt-x: error: 24K is not a size\n")


def test_internal_error_in_one_line_with_the_command() -> None:
    status, _, err = run_script("raise RuntimeError('two\\nlines')", "my model.tflite")
    assert status == 3
    assert err.splitlines() == [
        "fdt-x: internal error: RuntimeError: two lines",
        "  rerun with --debug for the traceback",
        f"  to reproduce: cd {Path.cwd()} && fdt-x 'my model.tflite'",
    ]


@pytest.mark.parametrize(
    ("error", "status"),
    [("RuntimeError('x')", 3), ("compile_error('x')", 1), ("UsageError('x')", 2)],
)
def test_debug_shows_the_traceback(error: str, status: int) -> None:
    found, _, err = run_script(f"raise {error}", "--debug")
    assert found == status
    assert "Traceback" in err
    assert "rerun" not in err


@pytest.mark.parametrize("name", ["SIGSEGV", "SIGABRT", "SIGKILL"])
def test_death_by_signal(name: str) -> None:
    body = f"print('half'); sys.stdout.flush(); os.kill(os.getpid(), signal.{name})"
    status, out, err = run_script(body, "m.tflite", "-o", "build/m")
    assert status == 3
    assert out == "before the guard\nhalf\n"
    assert err.startswith(f"fdt-x: internal error: ended by {name} (")
    assert err.endswith("&& fdt-x m.tflite -o build/m\n")


def test_memory_fault_in_native_code() -> None:
    status, _, err = run_script("import ctypes; ctypes.string_at(0)")
    assert status == 3
    assert "ended by SIGSEGV" in err


@pytest.mark.parametrize(("code", "status"), [("", 0), ("2", 2), ("'message'", 1)])
def test_system_exit(code: str, status: int) -> None:
    found, _, err = run_script(f"sys.exit({code})")
    assert found == status
    assert err == ("message\n" if "message" in code else "")


@pytest.mark.parametrize(
    ("request_to_stop", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)]
)
def test_stops_on_request_and_cleans_up(
    tmp_path: Path, request_to_stop: signal.Signals, status: int
) -> None:
    # The request goes to the parent only, as from a supervisor.
    mark = tmp_path / "cleaned"
    process = start(
        f"try: print('ready', flush=True); time.sleep(60)\n"
        f"    finally: open({str(mark)!r}, 'w').close()"
    )
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(2)]
    assert lines[1] == "ready\n"
    process.send_signal(request_to_stop)
    _, err = process.communicate(timeout=30)
    assert process.returncode == status
    assert err == ""
    assert mark.exists()


def test_reader_that_leaves_early() -> None:
    process = start("print('line\\n' * 100000); return 0")
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.readline() == "before the guard\n"
    process.stdout.close()
    assert process.wait(timeout=60) == 141
    assert process.stderr.read() == ""
    process.stderr.close()


def test_without_fork(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "fork")
    seen: list[str] = []

    def body(argv: object) -> int:
        seen.append(f"{argv} in {os.getpid()}")
        return 7

    assert run_guarded(body, ["a"], "fdt-x") == 7
    assert seen == [f"['a'] in {os.getpid()}"]


def test_caller_keeps_its_signal_handlers() -> None:
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    assert run_guarded(lambda _argv: 0, [], "fdt-x") == 0
    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before
