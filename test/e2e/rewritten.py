"""Models as the importer's options leave them."""

from pathlib import Path

from fdt_mlir.bindings import mlir_context
from fdt_mlir.importer.cut_graph import cut_graph
from fdt_mlir.importer.import_options import ImportOptions
from fdt_mlir.importer.importer import import_model
from fdt_mlir.importer.integer_edges import make_edges_integer
from fdt_mlir.importer.tflite_reader import read_model
from fdt_mlir.importer.tflite_writer import write_model


def write_cut(source: Path, outputs: list[str], target: Path) -> None:
    """Write the part of a .tflite file that computes `outputs`, for the reference to run."""
    data = source.read_bytes()
    target.write_bytes(write_model(cut_graph(read_model(source, data), outputs), data))


def write_integer_edges(source: Path, target: Path) -> None:
    """Write a .tflite file without the conversions at its edges."""
    data = source.read_bytes()
    target.write_bytes(write_model(make_edges_integer(read_model(source, data)), data))


def write_imported(source: Path, options: ImportOptions, target: Path) -> None:
    """Write what the importer makes of a model as bytecode, which compiles like the model."""
    with mlir_context(), target.open("wb") as file:
        import_model(source, options).operation.write_bytecode(file)
