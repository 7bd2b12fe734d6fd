"""Put what TOSA forgets of a TFLite model on the converted module."""

import numpy as np
from numpy.typing import NDArray

from fdt_mlir.allocate.states import write_states
from fdt_mlir.attributes import i64
from fdt_mlir.bindings import ir, source_name, walk
from fdt_mlir.importer.lookup_table import TABULATED
from fdt_mlir.importer.real_multiplier import real_multipliers
from fdt_mlir.importer.requantise_concatenations import Requantised
from fdt_mlir.importer.tflite.call import DTYPES
from fdt_mlir.importer.tflite_model import Operator, Tensor, TfliteModel


def annotate(module: ir.Module, requantised: Requantised) -> None:
    """Set `fdt.source`, and make locations name the user's file.

    The rescales of uint8 inputs of concatenations become the tables that the reference means.
    """
    model = requantised.model
    source_of = {
        model.tensors[index].name: operator
        for operator in model.operators
        for index in operator.outputs
    }
    for op in list(walk(module.operation)):
        name = source_name(op.location)
        _locate(op, model.file)
        if name is None or not op.name.startswith("tosa."):
            continue
        if name in source_of:
            _annotate_source(op, model, source_of[name])
        if name in requantised.tables and op.name == "tosa.rescale":
            _look_up(op, requantised.tables[name])


def annotate_interface(module: ir.Module, model: TfliteModel) -> None:
    """Set `fdt.inputs`, `fdt.outputs` and `fdt.states` on the module's only function."""
    states = [index for index, tensor in enumerate(model.tensors) if tensor.is_variable]
    (function,) = [op.operation for op in module.body.operations]
    function.attributes["fdt.inputs"] = _interface(model, (*model.inputs, *states))
    function.attributes["fdt.outputs"] = _interface(model, (*model.outputs, *states))
    if states:
        write_states(function, [_first_contents(model.tensors[index]) for index in states])


def _first_contents(tensor: Tensor) -> int | NDArray[np.generic]:
    """What a variable holds at first: as the file says, else zero or the zero point of int8."""
    if tensor.data:
        return np.frombuffer(tensor.data, DTYPES[tensor.element])
    known = tensor.quantization
    return known.zero_points[0] if known is not None and tensor.element == "INT8" else 0


def _annotate_source(op: ir.Operation, model: TfliteModel, operator: Operator) -> None:
    op.attributes["fdt.source"] = ir.StringAttr.get(operator.code)
    if op.name == "tosa.avg_pool2d" and model.tensors[operator.outputs[0]].element == "UINT8":
        op.attributes["fdt.unsigned"] = ir.UnitAttr.get()
    if op.name == "tosa.table" and operator.code in TABULATED:
        _annotate_scale(op, model.tensors[operator.inputs[0]])
        _annotate_scale(op, model.tensors[operator.outputs[0]], "fdt.result_")
    if op.name == "tosa.clamp":
        _annotate_scale(op, model.tensors[operator.outputs[0]])
    multipliers = real_multipliers(model, operator)
    if op.name == "tosa.rescale" and multipliers:
        op.attributes["fdt.real_multipliers"] = ir.DenseF64ArrayAttr.get(multipliers)
    if op.name == "tosa.cast" and operator.code == "QUANTIZE":
        _annotate_quantize(
            op, model.tensors[operator.inputs[0]], model.tensors[operator.outputs[0]]
        )


def _annotate_quantize(cast: ir.Operation, source: Tensor, result: Tensor) -> None:
    """Note scale and zero point on the last operation of a conversion from floats to int8."""
    ends_in_int8 = str(cast.results[0].type.element_type) == "i8"
    if source.element == "FLOAT32" and ends_in_int8:
        _annotate_scale(cast, result)


def _annotate_scale(op: ir.Operation, tensor: Tensor, prefix: str = "fdt.") -> None:
    """Note scale and zero point of a tensor as the converter stores it: uint8 less by 128."""
    if tensor.quantization is None or tensor.element not in ("INT8", "INT16", "UINT8"):
        return
    moved = 128 if tensor.element == "UINT8" else 0
    op.attributes[f"{prefix}scale"] = _double(tensor.quantization.scales[0])
    op.attributes[f"{prefix}zero_point"] = i64(tensor.quantization.zero_points[0] - moved)


def _locate(op: ir.Operation, file: str) -> None:
    """Name the model's file, where the converter names the scratch file that it was given."""
    op.location = _in_file(op.location, file)
    for region in op.regions:
        for block in region.blocks:
            for argument in block.arguments:
                argument.set_location(_in_file(argument.location, file))


def _in_file(location: ir.Location, file: str) -> ir.Location:
    name = source_name(location)
    return ir.Location.file(file, 0, 0) if name is None else location_of_tensor(name, file)


def location_of_tensor(name: str, file: str) -> ir.Location:
    """The place of what computes a tensor."""
    return ir.Location.name(name, ir.Location.file(file, 0, 0))


def _look_up(rescale: ir.Operation, table: NDArray[np.uint8]) -> None:
    """Replace the rescale of an int8 tensor by a table of what each stored uint8 value becomes.

    The converter stores uint8 as int8, less by 128; a tosa.table is indexed from the least value.
    """
    result = rescale.results[0].type
    values = (table.astype(np.int16) - 128).astype(np.int8)
    with ir.InsertionPoint(rescale), rescale.location:
        constant = ir.Operation.create(
            "tosa.const",
            results=[ir.RankedTensorType.get(values.shape, result.element_type)],
            attributes={"values": ir.DenseElementsAttr.get(values)},
        )
        looked_up = ir.Operation.create(
            "tosa.table",
            results=[result],
            operands=[rescale.operands[0], constant.results[0]],
            attributes={"fdt.source": rescale.attributes["fdt.source"]},
        )
    rescale.results[0].replace_all_uses_with(looked_up.results[0])
    rescale.erase()


def _interface(model: TfliteModel, indices: tuple[int, ...]) -> ir.ArrayAttr:
    return ir.ArrayAttr.get([_describe(model.tensors[index]) for index in indices])


def _describe(tensor: Tensor) -> ir.DictAttr:
    entries: dict[str, ir.Attribute] = {
        "name": ir.StringAttr.get(tensor.name),
        # Lowering to linalg makes all integers signless.
        "type": ir.StringAttr.get(tensor.element.lower()),
    }
    quantization = tensor.quantization
    if quantization is not None and quantization.is_per_tensor:
        zero_point = quantization.zero_points[0]
        entries["scale"] = _double(quantization.scales[0])
        entries["zero_point"] = i64(zero_point)
    return ir.DictAttr.get(entries)


def _double(value: float) -> ir.FloatAttr:
    return ir.FloatAttr.get(ir.F64Type.get(), value)
