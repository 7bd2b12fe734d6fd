"""Types of `tflite`, the readers that flatc generates from the TFLite schema; it brings none.

Declared is what the importer uses. Vectors are read by index below their length, or all at once as
an array, where one that the file leaves out reads as 0.
"""

# ruff: noqa: N802 - the names are the schema's

from typing import Literal

from flatbuffers.table import Table
from numpy import float32, int32, int64, uint8
from numpy.typing import NDArray
from tflite import utils as utils

BUILTIN_OPCODE2NAME: dict[int, str]

class Model:
    @classmethod
    def GetRootAs(cls, buf: bytes | bytearray | memoryview, offset: int = 0) -> Model: ...
    @classmethod
    def ModelBufferHasIdentifier(
        cls, buf: bytes | bytearray | memoryview, offset: int, size_prefixed: bool = False
    ) -> bool: ...
    def Version(self) -> int: ...
    def OperatorCodes(self, j: int) -> OperatorCode: ...
    def OperatorCodesLength(self) -> int: ...
    def OperatorCodesIsNone(self) -> bool: ...
    def Subgraphs(self, j: int) -> SubGraph: ...
    def SubgraphsLength(self) -> int: ...
    def SubgraphsIsNone(self) -> bool: ...
    def Description(self) -> bytes | None: ...
    def Buffers(self, j: int) -> Buffer: ...
    def BuffersLength(self) -> int: ...
    def BuffersIsNone(self) -> bool: ...

class OperatorCode:
    def DeprecatedBuiltinCode(self) -> int: ...
    def CustomCode(self) -> bytes | None: ...
    def Version(self) -> int: ...
    def BuiltinCode(self) -> int: ...

class SubGraph:
    def Tensors(self, j: int) -> Tensor: ...
    def TensorsLength(self) -> int: ...
    def TensorsIsNone(self) -> bool: ...
    def Inputs(self, j: int) -> int: ...
    def InputsAsNumpy(self) -> NDArray[int32] | Literal[0]: ...
    def InputsLength(self) -> int: ...
    def InputsIsNone(self) -> bool: ...
    def Outputs(self, j: int) -> int: ...
    def OutputsAsNumpy(self) -> NDArray[int32] | Literal[0]: ...
    def OutputsLength(self) -> int: ...
    def OutputsIsNone(self) -> bool: ...
    def Operators(self, j: int) -> Operator: ...
    def OperatorsLength(self) -> int: ...
    def OperatorsIsNone(self) -> bool: ...
    def Name(self) -> bytes | None: ...

class Operator:
    def OpcodeIndex(self) -> int: ...
    def Inputs(self, j: int) -> int: ...
    def InputsAsNumpy(self) -> NDArray[int32] | Literal[0]: ...
    def InputsLength(self) -> int: ...
    def InputsIsNone(self) -> bool: ...
    def Outputs(self, j: int) -> int: ...
    def OutputsAsNumpy(self) -> NDArray[int32] | Literal[0]: ...
    def OutputsLength(self) -> int: ...
    def OutputsIsNone(self) -> bool: ...
    def BuiltinOptionsType(self) -> int: ...
    def BuiltinOptions(self) -> Table | None: ...
    def CustomOptions(self, j: int) -> int: ...
    def CustomOptionsAsNumpy(self) -> NDArray[uint8] | Literal[0]: ...
    def CustomOptionsLength(self) -> int: ...
    def CustomOptionsIsNone(self) -> bool: ...
    def CustomOptionsFormat(self) -> int: ...
    def BuiltinOptions2Type(self) -> int: ...
    def BuiltinOptions2(self) -> Table | None: ...

class Tensor:
    def Shape(self, j: int) -> int: ...
    def ShapeAsNumpy(self) -> NDArray[int32] | Literal[0]: ...
    def ShapeLength(self) -> int: ...
    def ShapeIsNone(self) -> bool: ...
    def Type(self) -> int: ...
    def Buffer(self) -> int: ...
    def Name(self) -> bytes | None: ...
    def Quantization(self) -> QuantizationParameters | None: ...
    def IsVariable(self) -> bool: ...
    def ShapeSignature(self, j: int) -> int: ...
    def ShapeSignatureAsNumpy(self) -> NDArray[int32] | Literal[0]: ...
    def ShapeSignatureLength(self) -> int: ...
    def ShapeSignatureIsNone(self) -> bool: ...
    def HasRank(self) -> bool: ...

class QuantizationParameters:
    def Min(self, j: int) -> float: ...
    def MinAsNumpy(self) -> NDArray[float32] | Literal[0]: ...
    def MinLength(self) -> int: ...
    def MinIsNone(self) -> bool: ...
    def Max(self, j: int) -> float: ...
    def MaxAsNumpy(self) -> NDArray[float32] | Literal[0]: ...
    def MaxLength(self) -> int: ...
    def MaxIsNone(self) -> bool: ...
    def Scale(self, j: int) -> float: ...
    def ScaleAsNumpy(self) -> NDArray[float32] | Literal[0]: ...
    def ScaleLength(self) -> int: ...
    def ScaleIsNone(self) -> bool: ...
    def ZeroPoint(self, j: int) -> int: ...
    def ZeroPointAsNumpy(self) -> NDArray[int64] | Literal[0]: ...
    def ZeroPointLength(self) -> int: ...
    def ZeroPointIsNone(self) -> bool: ...
    def QuantizedDimension(self) -> int: ...

class Buffer:
    def Data(self, j: int) -> int: ...
    def DataAsNumpy(self) -> NDArray[uint8] | Literal[0]: ...
    def DataLength(self) -> int: ...
    def DataIsNone(self) -> bool: ...
    def Offset(self) -> int: ...
    def Size(self) -> int: ...

class Conv2DOptions:
    def Init(self, buf: bytes | bytearray, pos: int) -> None: ...
    def Padding(self) -> int: ...
    def StrideW(self) -> int: ...
    def StrideH(self) -> int: ...
    def FusedActivationFunction(self) -> int: ...
    def DilationWFactor(self) -> int: ...
    def DilationHFactor(self) -> int: ...
    def QuantizedBiasType(self) -> int: ...

class DepthwiseConv2DOptions:
    def Init(self, buf: bytes | bytearray, pos: int) -> None: ...
    def Padding(self) -> int: ...
    def StrideW(self) -> int: ...
    def StrideH(self) -> int: ...
    def DepthMultiplier(self) -> int: ...
    def FusedActivationFunction(self) -> int: ...
    def DilationWFactor(self) -> int: ...
    def DilationHFactor(self) -> int: ...

class FullyConnectedOptions:
    def Init(self, buf: bytes | bytearray, pos: int) -> None: ...
    def FusedActivationFunction(self) -> int: ...
    def WeightsFormat(self) -> int: ...
    def KeepNumDims(self) -> bool: ...
    def AsymmetricQuantizeInputs(self) -> bool: ...
    def QuantizedBiasType(self) -> int: ...

class Pool2DOptions:
    def Init(self, buf: bytes | bytearray, pos: int) -> None: ...
    def Padding(self) -> int: ...
    def StrideW(self) -> int: ...
    def StrideH(self) -> int: ...
    def FilterWidth(self) -> int: ...
    def FilterHeight(self) -> int: ...
    def FusedActivationFunction(self) -> int: ...

class AddOptions:
    def Init(self, buf: bytes | bytearray, pos: int) -> None: ...
    def FusedActivationFunction(self) -> int: ...
    def PotScaleInt16(self) -> bool: ...

class ConcatenationOptions:
    def Init(self, buf: bytes | bytearray, pos: int) -> None: ...
    def Axis(self) -> int: ...
    def FusedActivationFunction(self) -> int: ...

class TensorType:
    FLOAT32: int
    FLOAT16: int
    INT32: int
    UINT8: int
    INT64: int
    STRING: int
    BOOL: int
    INT16: int
    COMPLEX64: int
    INT8: int
    FLOAT64: int
    COMPLEX128: int
    UINT64: int
    RESOURCE: int
    VARIANT: int
    UINT32: int
    UINT16: int
    INT4: int
    BFLOAT16: int

class Padding:
    SAME: int
    VALID: int

class ActivationFunctionType:
    NONE: int
    RELU: int
    RELU_N1_TO_1: int
    RELU6: int
    TANH: int
    SIGN_BIT: int

class BuiltinOperator:
    ADD: int
    AVERAGE_POOL_2D: int
    CONCATENATION: int
    CONV_2D: int
    DEPTHWISE_CONV_2D: int
    DEPTH_TO_SPACE: int
    DEQUANTIZE: int
    EMBEDDING_LOOKUP: int
    FLOOR: int
    FULLY_CONNECTED: int
    HASHTABLE_LOOKUP: int
    L2_NORMALIZATION: int
    L2_POOL_2D: int
    LOCAL_RESPONSE_NORMALIZATION: int
    LOGISTIC: int
    LSH_PROJECTION: int
    LSTM: int
    MAX_POOL_2D: int
    MUL: int
    RELU: int
    RELU_N1_TO_1: int
    RELU6: int
    RESHAPE: int
    RESIZE_BILINEAR: int
    RNN: int
    SOFTMAX: int
    SPACE_TO_DEPTH: int
    SVDF: int
    TANH: int
    CONCAT_EMBEDDINGS: int
    SKIP_GRAM: int
    CALL: int
    CUSTOM: int
    EMBEDDING_LOOKUP_SPARSE: int
    PAD: int
    UNIDIRECTIONAL_SEQUENCE_RNN: int
    GATHER: int
    BATCH_TO_SPACE_ND: int
    SPACE_TO_BATCH_ND: int
    TRANSPOSE: int
    MEAN: int
    SUB: int
    DIV: int
    SQUEEZE: int
    UNIDIRECTIONAL_SEQUENCE_LSTM: int
    STRIDED_SLICE: int
    BIDIRECTIONAL_SEQUENCE_RNN: int
    EXP: int
    TOPK_V2: int
    SPLIT: int
    LOG_SOFTMAX: int
    DELEGATE: int
    BIDIRECTIONAL_SEQUENCE_LSTM: int
    CAST: int
    PRELU: int
    MAXIMUM: int
    ARG_MAX: int
    MINIMUM: int
    LESS: int
    NEG: int
    PADV2: int
    GREATER: int
    GREATER_EQUAL: int
    LESS_EQUAL: int
    SELECT: int
    SLICE: int
    SIN: int
    TRANSPOSE_CONV: int
    SPARSE_TO_DENSE: int
    TILE: int
    EXPAND_DIMS: int
    EQUAL: int
    NOT_EQUAL: int
    LOG: int
    SUM: int
    SQRT: int
    RSQRT: int
    SHAPE: int
    POW: int
    ARG_MIN: int
    FAKE_QUANT: int
    REDUCE_PROD: int
    REDUCE_MAX: int
    PACK: int
    LOGICAL_OR: int
    ONE_HOT: int
    LOGICAL_AND: int
    LOGICAL_NOT: int
    UNPACK: int
    REDUCE_MIN: int
    FLOOR_DIV: int
    REDUCE_ANY: int
    SQUARE: int
    ZEROS_LIKE: int
    FILL: int
    FLOOR_MOD: int
    RANGE: int
    RESIZE_NEAREST_NEIGHBOR: int
    LEAKY_RELU: int
    SQUARED_DIFFERENCE: int
    MIRROR_PAD: int
    ABS: int
    SPLIT_V: int
    UNIQUE: int
    CEIL: int
    REVERSE_V2: int
    ADD_N: int
    GATHER_ND: int
    COS: int
    WHERE: int
    RANK: int
    ELU: int
    REVERSE_SEQUENCE: int
    MATRIX_DIAG: int
    QUANTIZE: int
    MATRIX_SET_DIAG: int
    ROUND: int
    HARD_SWISH: int
    IF: int
    WHILE: int
    NON_MAX_SUPPRESSION_V4: int
    NON_MAX_SUPPRESSION_V5: int
    SCATTER_ND: int
    SELECT_V2: int
    DENSIFY: int
    SEGMENT_SUM: int
    BATCH_MATMUL: int
    PLACEHOLDER_FOR_GREATER_OP_CODES: int
    CUMSUM: int
    CALL_ONCE: int
    BROADCAST_TO: int
    RFFT2D: int
    CONV_3D: int
    IMAG: int
    REAL: int
    COMPLEX_ABS: int
    HASHTABLE: int
    HASHTABLE_FIND: int
    HASHTABLE_IMPORT: int
    HASHTABLE_SIZE: int
    REDUCE_ALL: int
    CONV_3D_TRANSPOSE: int
    VAR_HANDLE: int
    READ_VARIABLE: int
    ASSIGN_VARIABLE: int
    BROADCAST_ARGS: int
    RANDOM_STANDARD_NORMAL: int
    BUCKETIZE: int
    RANDOM_UNIFORM: int
    MULTINOMIAL: int
    GELU: int
    DYNAMIC_UPDATE_SLICE: int
    RELU_0_TO_1: int
    UNSORTED_SEGMENT_PROD: int
    UNSORTED_SEGMENT_MAX: int
    UNSORTED_SEGMENT_SUM: int
    ATAN2: int
    UNSORTED_SEGMENT_MIN: int
    SIGN: int
    BITCAST: int
    BITWISE_XOR: int
    RIGHT_SHIFT: int
    STABLEHLO_LOGISTIC: int
    STABLEHLO_ADD: int
    STABLEHLO_DIVIDE: int
    STABLEHLO_MULTIPLY: int
    STABLEHLO_MAXIMUM: int
    STABLEHLO_RESHAPE: int
    STABLEHLO_CLAMP: int
    STABLEHLO_CONCATENATE: int
    STABLEHLO_BROADCAST_IN_DIM: int
    STABLEHLO_CONVOLUTION: int
    STABLEHLO_SLICE: int
    STABLEHLO_CUSTOM_CALL: int
    STABLEHLO_REDUCE: int
    STABLEHLO_ABS: int
    STABLEHLO_AND: int
    STABLEHLO_COSINE: int
    STABLEHLO_EXPONENTIAL: int
    STABLEHLO_FLOOR: int
    STABLEHLO_LOG: int
    STABLEHLO_MINIMUM: int
    STABLEHLO_NEGATE: int
    STABLEHLO_OR: int
    STABLEHLO_POWER: int
    STABLEHLO_REMAINDER: int
    STABLEHLO_RSQRT: int
    STABLEHLO_SELECT: int
    STABLEHLO_SUBTRACT: int
    STABLEHLO_TANH: int
    STABLEHLO_SCATTER: int
    STABLEHLO_COMPARE: int
    STABLEHLO_CONVERT: int
    STABLEHLO_DYNAMIC_SLICE: int
    STABLEHLO_DYNAMIC_UPDATE_SLICE: int
    STABLEHLO_PAD: int
    STABLEHLO_IOTA: int
    STABLEHLO_DOT_GENERAL: int
    STABLEHLO_REDUCE_WINDOW: int
    STABLEHLO_SORT: int
    STABLEHLO_WHILE: int
    STABLEHLO_GATHER: int
    STABLEHLO_TRANSPOSE: int
    DILATE: int
    STABLEHLO_RNG_BIT_GENERATOR: int
    REDUCE_WINDOW: int
    STABLEHLO_COMPOSITE: int
    STABLEHLO_SHIFT_LEFT: int
    STABLEHLO_CBRT: int
