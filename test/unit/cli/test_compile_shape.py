"""--shape of fdt-compile."""

import argparse

import pytest

from fdt_mlir.cli.compile_options import parse_shape


def test_names_may_hold_the_characters_that_separate() -> None:
    assert parse_shape("serving_default_x=1:0=1x49x10") == ("serving_default_x=1:0", (1, 49, 10))


@pytest.mark.parametrize("text", ["1x49", "=1x49", "x=", "x=1x0", "x=1x-2", "x=axb"])
def test_what_is_no_shape(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="is no shape: write name=1x49x10"):
        parse_shape(text)
