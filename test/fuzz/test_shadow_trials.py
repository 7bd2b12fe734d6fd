"""A trial under the shadow memory fails where that traps something."""

from pathlib import Path

import pytest

from fdt_mlir.diagnostics import SourceLocation
from fdt_mlir.errors import compile_error
from fuzz import check
from fuzz.case import Case, Trial, read_case

CASE = Path(__file__).parent / "cases" / "single_element_read_as_image.json"


def small_case(*, shadow: bool) -> Case:
    return read_case(CASE).with_trials(Trial("none", shadow=shadow))


def test_what_the_shadow_memory_traps_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not check.check_case(small_case(shadow=True)).failures

    def trapped(*_: object, **__: object) -> None:
        raise compile_error("a step reads what another has overwritten", SourceLocation("m"), "")

    monkeypatch.setattr(check, "run_many", trapped)
    (failure,) = check.check_case(small_case(shadow=True)).failures
    assert failure.kind == "shadow"
    assert "overwritten" in failure.message
    assert not check.check_case(small_case(shadow=False)).failures
