"""Give a .tflite file the plan of its tensors that TensorFlow Lite Micro reads from metadata.

TFLM places a model's tensors by itself, greedily, unless the file has metadata of the name
OfflineMemoryAllocation: a list of int32, namely format version (1), subgraph, number of tensors,
and for each tensor its offset in the arena, -1 where TFLM is to decide.

New tables go in front of the old file, which stays as it is: operators, weights and signatures are
referred to where they lie.
"""

from collections.abc import Sequence
from typing import Any

import flatbuffers
import numpy as np

from fdt_mlir.importer.flatbuffer import Table
from fdt_mlir.importer.tflite_writer import builder_before, write_references, write_table

METADATA_NAME = "OfflineMemoryAllocation"
UNPLANNED = -1

_IDENTIFIER = b"TFL3"
_VERSION, _BUFFERS, _METADATA = 0, 4, 6
_KEPT = {
    "OperatorCodes": 1,
    "Subgraphs": 2,
    "Description": 3,
    "MetadataBuffer": 5,
    "SignatureDefs": 7,
}
_METADATA_NAME = 0
_DATA_ALIGN = 16
_FORMAT_VERSION = 1


def add_offline_plan(data: bytes, offsets: Sequence[int]) -> bytes:
    """Return the file `data` with a plan for the tensors of its subgraph, by index.

    An older plan in the file is replaced. Raises CorruptFlatbufferError for a damaged file.
    """
    root = Table.root(data)
    builder, end = builder_before(data)
    old_buffers = [end - buffer.position for buffer in root.tables(_BUFFERS)]
    old_metadata = [
        end - entry.position
        for entry in root.tables(_METADATA)
        if entry.text(_METADATA_NAME) != METADATA_NAME
    ]
    numbers = np.array([_FORMAT_VERSION, 0, len(offsets), *offsets], np.int32)
    plan = write_table(builder, "Buffer", Data=_aligned_bytes(builder, numbers.tobytes()))
    name = builder.CreateString(METADATA_NAME)
    entry = write_table(builder, "Metadata", Name=name, Buffer=len(old_buffers))
    fields: dict[str, Any] = {
        "Version": root.scalar(_VERSION, "<I"),
        "Buffers": write_references(builder, [*old_buffers, plan]),
        "Metadata": write_references(builder, [*old_metadata, entry]),
    }
    for field_name, field_id in _KEPT.items():
        position = root.reference(field_id)
        if position is not None:
            fields[field_name] = end - position
    builder.Finish(write_table(builder, "Model", **fields), file_identifier=_IDENTIFIER)
    return bytes(builder.Output())


def _aligned_bytes(builder: flatbuffers.Builder, content: bytes) -> int:
    """Write a vector of bytes aligned to 16, as the schema asks for: TFLM reads it in place."""
    builder.Prep(_DATA_ALIGN, len(content))
    return builder.CreateNumpyVector(np.frombuffer(content, np.uint8))
