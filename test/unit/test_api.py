"""The Python API: the same choices as the command, sizes as people write them."""

import dataclasses
import typing
from pathlib import Path

import pytest

import fdt_mlir
from fdt_mlir.options import Choices, CompileOptions, parse_size

EXAMPLES = Path(__file__).parents[2] / "examples" / "models"
TXT = EXAMPLES / "txt.tflite"


def test_keyword_arguments_are_the_fields_of_the_options() -> None:
    fields = {field.name for field in dataclasses.fields(CompileOptions)}
    assert set(Choices.__annotations__) == fields
    hints = typing.get_type_hints(CompileOptions)
    assert typing.get_type_hints(Choices) == hints


def test_the_page_names_every_choice() -> None:
    page = (Path(__file__).parents[2] / "docs" / "api.md").read_text()
    for field in dataclasses.fields(CompileOptions):
        assert f"`{field.name}`" in page, field.name


@pytest.mark.parametrize(
    ("text", "size"), [(24576, 24576), ("24576", 24576), ("24K", 24576), ("1.5m", 1572864)]
)
def test_sizes(text: int | str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "K", "1.2.3K", "-1", "0", "24 K", "4G", "1e3", 2**31])
def test_what_is_no_size(text: int | str) -> None:
    with pytest.raises(fdt_mlir.UsageError, match="is no size: write 24576, 24K"):
        parse_size(text)


def test_ram_is_kept_and_told() -> None:
    compiled = fdt_mlir.compile(TXT, ram="2K")
    assert compiled.report["limits"]["ram_bytes"] == 2048
    assert repr(compiled) == f"Compiled(name='txt', arena_bytes={compiled.arena_bytes})"
    with pytest.raises(fdt_mlir.CompileError, match="no tiling fits 500 bytes of RAM"):
        fdt_mlir.compile(TXT, ram=500)


def test_the_package_has_what_it_says_and_nothing_else() -> None:
    assert all(hasattr(fdt_mlir, name) for name in fdt_mlir.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'compyle'"):
        fdt_mlir.compyle  # noqa: B018


@pytest.mark.parametrize("name", ["res", "kws", "cif"])
def test_the_least_arena_is_a_budget_that_fits(name: str) -> None:
    """What its steps need fits for choices that do not: the search goes on beyond them."""
    path = EXAMPLES / f"{name}.tflite"
    least = fdt_mlir.compile(path)
    compiled = fdt_mlir.compile(path, ram=least.arena_bytes)
    assert compiled.arena_bytes <= least.arena_bytes
    assert compiled.report["mac_overhead"] <= 0
