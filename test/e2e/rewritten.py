"""Models as the importer's options leave them, for the reference to run."""

from pathlib import Path

from fdt_mlir.importer.cut_graph import cut_graph
from fdt_mlir.importer.integer_edges import make_edges_integer
from fdt_mlir.importer.tflite_reader import read_model
from fdt_mlir.importer.tflite_writer import write_model


def write_cut(source: Path, outputs: list[str], target: Path) -> None:
    """Write the part of a .tflite file that computes `outputs`."""
    data = source.read_bytes()
    target.write_bytes(write_model(cut_graph(read_model(source, data), outputs), data))


def write_integer_edges(source: Path, target: Path) -> None:
    """Write a .tflite file without the conversions at its edges."""
    data = source.read_bytes()
    target.write_bytes(write_model(make_edges_integer(read_model(source, data)), data))
