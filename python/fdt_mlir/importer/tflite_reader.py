"""Read a .tflite file into a TfliteModel, and say what of it nobody can use."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import tflite

from fdt_mlir.diagnostics import SourceLocation
from fdt_mlir.errors import compile_error
from fdt_mlir.importer.flatbuffer import Bytes, CorruptFlatbufferError, Table
from fdt_mlir.importer.tflite_model import (
    ABSENT,
    Obstacle,
    Operator,
    Options,
    Quantization,
    Tensor,
    TfliteModel,
)

_IDENTIFIER = b"TFL3"
_DAMAGED = "download or export the model again"

# Fields of the tables by their id in the TFLite schema, which never changes.
_MODEL_OPERATOR_CODES, _MODEL_SUBGRAPHS, _MODEL_BUFFERS = 1, 2, 4
_CODE_DEPRECATED, _CODE_CUSTOM, _CODE_VERSION, _CODE_BUILTIN = 0, 1, 2, 3
_GRAPH_TENSORS, _GRAPH_INPUTS, _GRAPH_OUTPUTS, _GRAPH_OPERATORS = 0, 1, 2, 3
_TENSOR_SHAPE, _TENSOR_TYPE, _TENSOR_BUFFER, _TENSOR_NAME, _TENSOR_QUANTIZATION = 0, 1, 2, 3, 4
_TENSOR_IS_VARIABLE, _TENSOR_SPARSITY, _TENSOR_SIGNATURE = 5, 6, 7
_QUANTIZATION_SCALE, _QUANTIZATION_ZERO_POINT, _QUANTIZATION_DETAILS, _QUANTIZATION_AXIS = (
    2,
    3,
    4,
    6,
)
_OPERATOR_CODE, _OPERATOR_INPUTS, _OPERATOR_OUTPUTS = 0, 1, 2
_OPERATOR_OPTIONS_TYPE, _OPERATOR_OPTIONS = 3, 4
_OPERATOR_OPTIONS_2_TYPE, _OPERATOR_OPTIONS_2 = 11, 12
_OPERATOR_CUSTOM_OPTIONS, _OPERATOR_INTERMEDIATES = 5, 8
_BUFFER_DATA, _BUFFER_OFFSET = 0, 1

_ELEMENTS = {
    number: name for name, number in vars(tflite.TensorType).items() if not name.startswith("_")
}
_BITS_OF = {
    4: ("INT4",),
    8: ("BOOL", "INT8", "UINT8"),
    16: ("BFLOAT16", "FLOAT16", "INT16", "UINT16"),
    32: ("FLOAT32", "INT32", "UINT32"),
    64: ("COMPLEX64", "FLOAT64", "INT64", "UINT64"),
    128: ("COMPLEX128",),
}
_ELEMENT_BITS = {element: bits for bits, elements in _BITS_OF.items() for element in elements}
_LEAST_SCALE = 2.0**-60
_CALL_ONCE_SUBGRAPH = 0
# Operators whose bodies are subgraphs of their own, and are not read.
_CONTROL_FLOW = frozenset({"CALL", "IF", "WHILE"})


def read_model(path: Path, data: bytes) -> TfliteModel:
    """Read the graph of a .tflite file. Every tensor gets a name that no other has.

    Raises CompileError for a file that is damaged, no TFLite model, or no single graph with the
    initialisations that it calls.
    """
    where = SourceLocation(str(path))
    if data[4:8] != _IDENTIFIER:
        raise compile_error(
            f"not a TFLite model: bytes 4 to 8 are {data[4:8]!r}, not {_IDENTIFIER!r}",
            where,
            "look whether a download gave something else than the model, or export it again",
        )
    try:
        root = Table.root(data)
        subgraphs = root.tables(_MODEL_SUBGRAPHS)
        model = _read_subgraph(path, root, subgraphs[0]) if subgraphs else None
        calls = _initialisations(model, root.file, len(subgraphs)) if model else ()
        bodies = {call: _read_subgraph(path, root, subgraphs[call]) for call in {*calls}}
    except CorruptFlatbufferError as error:
        raise compile_error(
            f"the file is truncated or corrupt ({len(data)} bytes): {error}", where, _DAMAGED
        ) from error
    if model is None:
        raise compile_error("the model has no subgraph, hence nothing to compile", where, _DAMAGED)
    has_bodies = any(operator.code in _CONTROL_FLOW for operator in model.operators)
    if len(subgraphs) > 1 + len(bodies) and not has_bodies:
        raise compile_error(
            f"the model has {len(subgraphs)} subgraphs, but only one can be compiled",
            where,
            "export one signature (one function of the model) per file",
        )
    return replace(model, initialisations=tuple(bodies[call] for call in calls))


def _initialisations(model: TfliteModel, file: Bytes, count: int) -> tuple[int, ...]:
    """The numbers of the subgraphs that each CALL_ONCE runs, in a file of `count` of them."""
    calls: list[int] = []
    for operator in model.operators:
        if operator.code != "CALL_ONCE":
            continue
        position = operator.options.position
        options = None if position is None else Table(file, position)
        calls.append(0 if options is None else options.scalar(_CALL_ONCE_SUBGRAPH, "<i"))
        if not 0 < calls[-1] < count:
            raise CorruptFlatbufferError(
                f"operator {operator.index} calls subgraph {calls[-1]} of {count}"
            )
    return tuple(calls)


def _read_subgraph(path: Path, root: Table, graph: Table) -> TfliteModel:
    buffers = root.tables(_MODEL_BUFFERS)
    codes = root.tables(_MODEL_OPERATOR_CODES)
    tensors = [_read_tensor(table, buffers) for table in graph.tables(_GRAPH_TENSORS)]
    operators = [
        _read_operator(index, table, codes, tensors)
        for index, table in enumerate(graph.tables(_GRAPH_OPERATORS))
    ]
    model = TfliteModel(
        file=str(path),
        inputs=graph.integers(_GRAPH_INPUTS),
        outputs=graph.integers(_GRAPH_OUTPUTS),
        tensors=_unique_names(tensors),
        operators=tuple(operators),
    )
    _check_references(model)
    return model


def _read_tensor(table: Table, buffers: tuple[Table, ...]) -> Tensor:
    code = table.scalar(_TENSOR_TYPE, "<b")
    shape, buffer = table.integers(_TENSOR_SHAPE), table.scalar(_TENSOR_BUFFER, "<I")
    if any(size < 0 for size in shape):
        raise CorruptFlatbufferError(f"a tensor has shape {list(shape)}")
    element = _ELEMENTS.get(code, f"type {code}")
    if buffer >= max(len(buffers), 1):
        raise CorruptFlatbufferError(f"a tensor refers to buffer {buffer} of {len(buffers)}")
    data_bytes = buffers[buffer].count(_BUFFER_DATA) if buffer else 0
    is_external = buffer > 0 and buffers[buffer].scalar(_BUFFER_OFFSET, "<Q") > 1
    return Tensor(
        name=table.text(_TENSOR_NAME),
        element=element,
        shape=shape,
        signature=table.integers(_TENSOR_SIGNATURE),
        buffer=buffer,
        is_constant=data_bytes > 0 or is_external,
        quantization=_read_quantization(table.table(_TENSOR_QUANTIZATION)),
        is_variable=bool(table.scalar(_TENSOR_IS_VARIABLE, "<b")),
        obstacles=(
            *_tensor_obstacles(table),
            *_data_obstacles(element, shape, data_bytes, is_external),
        ),
    )


def _read_quantization(table: Table | None) -> Quantization | None:
    if table is None:
        return None
    scales = [float(scale) for scale in table.numbers(_QUANTIZATION_SCALE, "<f4")]
    zero_points = [int(zero) for zero in table.numbers(_QUANTIZATION_ZERO_POINT, "<i8")]
    if not scales:
        return None
    if len(zero_points) not in (0, 1, len(scales)):
        raise CorruptFlatbufferError(f"{len(scales)} scales with {len(zero_points)} zero points")
    if len(zero_points) < len(scales):
        zero_points = (zero_points or [0]) * len(scales)
    return Quantization(tuple(scales), tuple(zero_points), table.scalar(_QUANTIZATION_AXIS, "<i"))


def _tensor_obstacles(table: Table) -> tuple[Obstacle, ...]:
    quantization = table.table(_TENSOR_QUANTIZATION)
    found: list[Obstacle] = []
    if table.reference(_TENSOR_SPARSITY) is not None:
        found.append(Obstacle("is stored sparsely", "export the model with dense weights"))
    if quantization is not None and quantization.scalar(_QUANTIZATION_DETAILS, "<B"):
        found.append(
            Obstacle(
                "has a quantisation other than scale and zero point",
                "quantise it per tensor or per channel",
            )
        )
    found += _scale_obstacles(_read_quantization(quantization))
    return tuple(found)


def _scale_obstacles(quantization: Quantization | None) -> list[Obstacle]:
    """Refuse scales whose ratios are no finite floats; the scale of a dead channel may be 0."""
    if quantization is None:
        return []
    zero_is_fine = not quantization.is_per_tensor
    for scale in quantization.scales:
        if not _LEAST_SCALE <= scale <= 1 / _LEAST_SCALE and not (scale == 0 and zero_is_fine):
            return [Obstacle(f"has the scale {scale:g}", "quantise the model again")]
    return []


def _data_obstacles(
    element: str, shape: tuple[int, ...], data_bytes: int, is_external: bool
) -> tuple[Obstacle, ...]:
    if is_external:
        return (Obstacle("has its data outside of the flatbuffer", "export a model below 2 GiB"),)
    if data_bytes == 0 or element not in _ELEMENT_BITS:
        return ()
    needed = (math.prod(shape) * _ELEMENT_BITS[element] + 7) // 8
    if needed == data_bytes:
        return ()
    return (
        Obstacle(
            f"holds {data_bytes} bytes, but {element} of shape {list(shape)} takes {needed}",
            _DAMAGED,
        ),
    )


def _read_operator(
    index: int, table: Table, codes: tuple[Table, ...], tensors: Sequence[Tensor]
) -> Operator:
    number = table.scalar(_OPERATOR_CODE, "<I")
    if number >= len(codes):
        raise CorruptFlatbufferError(
            f"operator {index} refers to operator code {number} of {len(codes)}"
        )
    intermediates = table.integers(_OPERATOR_INTERMEDIATES)
    if any(not 0 <= place < len(tensors) for place in intermediates):
        raise CorruptFlatbufferError(f"operator {index} has intermediates that do not exist")
    code = codes[number]
    # Files older than schema version 3a keep the code in the 8-bit field.
    builtin = max(code.scalar(_CODE_BUILTIN, "<i"), code.scalar(_CODE_DEPRECATED, "<b"))
    return Operator(
        index=index,
        code=tflite.BUILTIN_OPCODE2NAME.get(builtin, f"operator number {builtin}"),
        inputs=table.integers(_OPERATOR_INPUTS),
        outputs=table.integers(_OPERATOR_OUTPUTS),
        version=code.scalar(_CODE_VERSION, "<i", default=1),
        custom_code=code.text(_CODE_CUSTOM),
        options=Options(
            table.scalar(_OPERATOR_OPTIONS_TYPE, "<B"), table.reference(_OPERATOR_OPTIONS)
        ),
        custom_options=table.numbers(_OPERATOR_CUSTOM_OPTIONS, "u1").tobytes(),
        options_2=Options(
            table.scalar(_OPERATOR_OPTIONS_2_TYPE, "<B"), table.reference(_OPERATOR_OPTIONS_2)
        ),
        intermediates=tuple(tensors[place].quantization for place in intermediates),
    )


def _unique_names(tensors: list[Tensor]) -> tuple[Tensor, ...]:
    """Number the names that occur more than once: all that comes later tells tensors by name."""
    taken = {tensor.name for tensor in tensors}
    seen: Counter[str] = Counter()
    renamed: list[Tensor] = []
    for index, tensor in enumerate(tensors):
        name = tensor.name or f"tensor_{index}"
        seen[name] += 1
        while seen[name] > 1 and f"{name}_{seen[name]}" in taken:
            seen[name] += 1
        unique = name if seen[name] == 1 else f"{name}_{seen[name]}"
        taken.add(unique)
        renamed.append(replace(tensor, name=unique))
    return tuple(renamed)


def _check_references(model: TfliteModel) -> None:
    """Raise CorruptFlatbufferError unless every operator reads what exists and is computed before.

    What comes later walks the graph and relies on its having no cycle.
    """
    edges = [*model.inputs, *model.outputs]
    for operator in model.operators:
        edges += [index for index in (*operator.inputs, *operator.outputs) if index != ABSENT]
    for index in edges:
        if not 0 <= index < len(model.tensors):
            raise CorruptFlatbufferError(f"a reference to tensor {index} of {len(model.tensors)}")
    producers = {
        index: operator.index for operator in model.operators for index in operator.outputs
    }
    computed: set[int] = set(model.inputs)
    if len(computed) < len(model.inputs):
        raise CorruptFlatbufferError("a tensor is an input twice")
    for operator in model.operators:
        for index in operator.inputs:
            if producers.get(index, -1) >= operator.index:
                raise CorruptFlatbufferError(
                    f"operator {operator.index} reads tensor {index} before it is computed"
                )
        if not computed.isdisjoint(operator.outputs):
            raise CorruptFlatbufferError(f"operator {operator.index} computes a tensor once more")
        computed.update(operator.outputs)
