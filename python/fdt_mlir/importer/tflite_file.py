"""Read a .tflite file: Arm's converter gives TOSA, the flatbuffer gives what TOSA forgets."""

from pathlib import Path

from fdt_mlir.bindings import ir
from fdt_mlir.diagnostics import SourceLocation
from fdt_mlir.errors import compile_error
from fdt_mlir.importer.annotate import annotate, annotate_interface
from fdt_mlir.importer.check_model import check_model
from fdt_mlir.importer.convert_to_tosa import convert_to_tosa
from fdt_mlir.importer.cut_graph import cut_graph
from fdt_mlir.importer.flatbuffer import CorruptFlatbufferError
from fdt_mlir.importer.import_options import ImportOptions
from fdt_mlir.importer.integer_edges import make_edges_integer
from fdt_mlir.importer.prune_model import prune_model
from fdt_mlir.importer.requantise_concatenations import (
    Requantised,
    requantise_concatenations,
)
from fdt_mlir.importer.resolve_variables import resolve_variables
from fdt_mlir.importer.tflite.call import Weights
from fdt_mlir.importer.tflite.insert import Inserter, remainder
from fdt_mlir.importer.tflite.registry import own_translations
from fdt_mlir.importer.tflite.sign_operands import sign_operands
from fdt_mlir.importer.tflite_model import TfliteModel
from fdt_mlir.importer.tflite_reader import read_model
from fdt_mlir.importer.tflite_writer import write_model
from fdt_mlir.importer.trim_windows import trim_windows
from fdt_mlir.importer.unfuse_activations import unfuse_activations


def read_tflite(path: Path, data: bytes, options: ImportOptions) -> ir.Module:
    """Convert a TFLite model to TOSA, and to linalg where the importer has translations of its own.

    Every operation carries the name of the tensor it computes as its location and the TFLite
    operator it comes from as `fdt.source`; the function carries names, types, scales and zero
    points of inputs and outputs as `fdt.inputs` and `fdt.outputs`; the module carries the chosen
    reference as `fdt.numerics`.

    Raises CompileError for files that are no TFLite model, and for everything in them without a
    translation: all of it, not the first.
    """
    whole = read_model(path, data)
    try:
        model = _select(resolve_variables(whole, data), options)
        check_model(model, data)
        plain = trim_windows(unfuse_activations(model, data), data)
    except CorruptFlatbufferError as error:
        raise compile_error(
            f"the options of an operator are corrupt: {error}", SourceLocation(str(path))
        ) from error
    requantised = requantise_concatenations(plain)
    module = _translate(path, requantised, data)
    annotate_interface(module, requantised.model)
    module.operation.attributes["fdt.numerics"] = ir.StringAttr.get(options.numerics)
    return module


def _translate(path: Path, requantised: Requantised, data: bytes) -> ir.Module:
    """Convert what the converter knows, and insert the translations of our own."""
    weights = Weights(data)
    model = sign_operands(requantised.model, own_translations(requantised.model, weights))
    own = own_translations(model, weights)
    rest = remainder(model, [model.operators[place] for place in own]) if own else model
    if rest.operators:
        module = convert_to_tosa(path, write_model(rest, data))
        annotate(module, requantised)
        (converted,) = [op.operation for op in module.body.operations]
    else:
        module, converted = ir.Module.create(), None
    # A function for what is left of nothing too: a model may hand its inputs on.
    if converted is None or own:
        inserter = Inserter(model, weights, rest, converted)
        inserter.build(module, own)
    return module


def _select(model: TfliteModel, options: ImportOptions) -> TfliteModel:
    """Leave the part of the graph that the options ask for."""
    if options.outputs:
        model = cut_graph(model, options.outputs)
    else:
        model = prune_model(model, keep_inputs=True)
    return make_edges_integer(model) if options.io == "int8" else model
