"""What was predicted is what the allocator reaches, after real tiling and bufferization."""

import pytest

from fdt_mlir.api import compile
from models.corpus import models
from models.tflite_writer import write_file


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    written = {}
    for name in ("mw", "cif", "ssd"):
        written[name] = folder / f"{name}.tflite"
        write_file(models()[name].graph(), written[name])
    return written


@pytest.mark.parametrize("name", ["mw", "cif", "ssd"])
@pytest.mark.parametrize(
    ("strategy", "overhead"),
    [("none", 0), ("fdt", 0), ("ffmt", 30), ("paper", 30), ("auto", 0), ("auto", 30)],
)
def test_predicted_and_reached_are_equal(files, name, strategy, overhead):
    """A difference means that search and compiler do not tile the same thing."""
    compiled = compile(files[name], strategy=strategy, max_mac_overhead=overhead)
    assert compiled.arena_bytes == compiled.discovery.predicted_arena_bytes
    assert compiled.report["macs"] == compiled.discovery.predicted_macs
