"""Types of `tosa_converter_for_tflite`, which brings none: what the importer uses of it."""

from typing import BinaryIO

__llvm_commit__: str
__tensorflow_commit__: str

class TosaConverterOutputFormat:
    Bytecode: TosaConverterOutputFormat
    Text: TosaConverterOutputFormat

class TosaConverterDebugInfo:
    Disabled: TosaConverterDebugInfo
    Enable: TosaConverterDebugInfo

# The sink is a path or a stream to write to.
def tflite_flatbuffer_to_tosa_mlir(
    tflite_input_file: str,
    tosa_sink: str | BinaryIO,
    output_format: TosaConverterOutputFormat = ...,
    debug_info: TosaConverterDebugInfo = ...,
) -> None: ...
