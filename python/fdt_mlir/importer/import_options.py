"""What a user chooses about how a model is read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Numerics = Literal["litert", "tflm"]
IoLayout = Literal["model", "nhwc"]


@dataclass(frozen=True)
class ImportOptions:
    """Options of the importer.

    outputs: names of tensors that become the outputs, in this order; what they do not need is
        dropped. Empty: the model's own.
    io: "int8" drops the conversions between inputs or outputs and an integer core. None: as is.
    numerics: whose reference kernels integer results equal: LiteRT's or TensorFlow Lite Micro's.
        RELU6 between unequal scales is the exception: Micro ignores the change of scale there.
    shapes: shapes of inputs by name, for models that leave them open. ONNX only.
    io_layout: "nhwc" gives inputs and outputs of four dimensions to the caller with channels
        last; "model" as the model says. ONNX only.
    """

    outputs: tuple[str, ...] = ()
    io: Literal["int8"] | None = None
    numerics: Numerics = "litert"
    shapes: Mapping[str, tuple[int, ...]] = field(default_factory=dict[str, tuple[int, ...]])
    io_layout: IoLayout = "model"
