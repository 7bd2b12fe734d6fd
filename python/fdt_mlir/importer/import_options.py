"""What a user chooses about how a model is read."""

from dataclasses import dataclass
from typing import Literal

Numerics = Literal["litert", "tflm"]


@dataclass(frozen=True)
class ImportOptions:
    """Options of the importer.

    outputs: names of tensors that become the outputs, in this order; what they do not need is
        dropped. Empty: the model's own.
    io: "int8" drops the conversions between inputs or outputs and an integer core. None: as is.
    numerics: whose reference kernels integer results equal: LiteRT's or TensorFlow Lite Micro's.
        RELU6 between unequal scales is the exception: Micro ignores the change of scale there.
    """

    outputs: tuple[str, ...] = ()
    io: Literal["int8"] | None = None
    numerics: Numerics = "litert"
