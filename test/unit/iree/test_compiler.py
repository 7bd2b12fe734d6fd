"""iree-compile as a child: a crash, a failure or an endless run become diagnostics."""

import os
from pathlib import Path

import pytest

from fdt_mlir.errors import CompileError, UsageError
from fdt_mlir.iree import compiler
from fdt_mlir.iree.machines import MACHINES, find_iree_machine


def pretend(monkeypatch: pytest.MonkeyPatch, folder: Path, script: str) -> None:
    """Put a shell script in the place of iree-compile."""
    program = folder / "pretended"
    program.write_text(f"#!/bin/sh\n{script}\n")
    os.chmod(program, 0o700)
    monkeypatch.setattr(compiler, "iree_compile_program", lambda: program)


def test_a_crash_names_the_signal_and_the_flags(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pretend(monkeypatch, tmp_path, "kill -SEGV $$")
    with pytest.raises(CompileError, match="iree-compile was ended by SIGSEGV") as error:
        compiler.run_iree_compile("module {}", ["--some-flag"], "x", tmp_path)
    assert "its flags: --some-flag" in str(error.value)


def test_a_failure_shows_the_beginning_of_what_iree_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pretend(monkeypatch, tmp_path, "seq 1 20 >&2; exit 7")
    with pytest.raises(CompileError, match="failed with exit status 7") as error:
        compiler.run_iree_compile("module {}", [], "x", tmp_path)
    assert "note: 1\n2\n" in str(error.value)
    assert "12\n... and 8 more lines" in str(error.value)


def test_an_endless_run_is_ended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pretend(monkeypatch, tmp_path, "exec sleep 60")
    with pytest.raises(CompileError, match=r"iree-compile did not finish within 0\.2 s"):
        compiler.run_iree_compile("module {}", [], "x", tmp_path, timeout=0.2)


def test_a_target_without_a_device_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pretend(monkeypatch, tmp_path, "touch probe.mlir")
    with pytest.raises(CompileError, match="IREE defines no device for target host"):
        compiler.device_of(MACHINES["host"], [], tmp_path)


def test_an_unknown_target_is_refused_with_those_there_are() -> None:
    with pytest.raises(UsageError, match="no target 'z80': choose one of host, cortex-m4"):
        find_iree_machine("z80")
