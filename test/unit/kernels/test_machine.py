"""Targets and aims of the generated code that do not exist."""

import pytest

from fdt_mlir.api import CompileOptions
from fdt_mlir.errors import UsageError
from fdt_mlir.kernels.machine import MACHINES
from fdt_mlir.targets.registry import TARGETS


def test_there_is_code_for_every_target_that_runs() -> None:
    assert set(TARGETS) <= set(MACHINES)


def test_an_unknown_target_is_refused_with_those_that_exist() -> None:
    with pytest.raises(UsageError, match="no code for target 'z80'; choose from: generic, "):
        CompileOptions(target="z80")


def test_an_unknown_aim_is_refused() -> None:
    with pytest.raises(UsageError, match="cannot optimize for 'fun': choose one of size, balanced"):
        CompileOptions(optimize="fun")  # pyright: ignore[reportArgumentType] - that is the point
