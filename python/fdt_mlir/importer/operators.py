"""Which TFLite operators have a translation, and why the others have none."""

from types import MappingProxyType


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


# The operators for which tosa-converter-for-tflite 2026.2.0 has a pattern (a test compares with the
# wheel), without those that need control flow, complex numbers or a table of the converter's own.
# What one of them cannot do, such as a dynamic axis, the converter itself reports.
SUPPORTED_OPERATORS = _names(
    """
    ABS ADD ADD_N ARG_MAX ARG_MIN ATAN2 AVERAGE_POOL_2D BATCH_MATMUL BATCH_TO_SPACE_ND BITWISE_XOR
    BROADCAST_TO BUCKETIZE CAST CEIL CONCATENATION CONV_2D CONV_3D COS DEPTHWISE_CONV_2D
    DEPTH_TO_SPACE DEQUANTIZE DIV ELU EQUAL EXP EXPAND_DIMS FAKE_QUANT FILL FLOOR FLOOR_DIV
    FLOOR_MOD FULLY_CONNECTED GATHER GATHER_ND GELU GREATER GREATER_EQUAL HARD_SWISH
    L2_NORMALIZATION LEAKY_RELU LESS LESS_EQUAL LOG LOGICAL_AND LOGICAL_NOT LOGICAL_OR LOGISTIC
    LOG_SOFTMAX MAXIMUM MAX_POOL_2D MEAN MINIMUM MIRROR_PAD MUL NEG NOT_EQUAL ONE_HOT PACK PAD
    PADV2 POW PRELU QUANTIZE RANK REDUCE_ALL REDUCE_ANY REDUCE_MAX REDUCE_MIN REDUCE_PROD RELU
    RELU6 RELU_0_TO_1 RELU_N1_TO_1 RESHAPE RESIZE_BILINEAR RESIZE_NEAREST_NEIGHBOR REVERSE_V2
    ROUND RSQRT SCATTER_ND SELECT SELECT_V2 SHAPE SIGN SIN SLICE SOFTMAX SPACE_TO_BATCH_ND
    SPACE_TO_DEPTH SPARSE_TO_DENSE SPLIT SPLIT_V SQRT SQUARE SQUARED_DIFFERENCE SQUEEZE
    STRIDED_SLICE SUB SUM TANH TILE TRANSPOSE TRANSPOSE_CONV UNPACK ZEROS_LIKE
    """
)

# Those of them that are exact for 16-bit activations; the importer itself translates what needs
# other roundings.
INT16_OPERATORS = _names(
    """
    ADD AVERAGE_POOL_2D BATCH_MATMUL BATCH_TO_SPACE_ND BROADCAST_TO CAST CONCATENATION
    DEQUANTIZE EXPAND_DIMS GATHER GATHER_ND LEAKY_RELU MAXIMUM MAX_POOL_2D MEAN MINIMUM
    MIRROR_PAD MUL PACK PAD QUANTIZE REDUCE_MAX REDUCE_MIN RELU RELU6 RESHAPE RESIZE_BILINEAR
    RESIZE_NEAREST_NEIGHBOR REVERSE_V2 SELECT_V2 SHAPE SLICE SOFTMAX SPACE_TO_BATCH_ND SPLIT
    SPLIT_V SQUEEZE STRIDED_SLICE SUB TILE TRANSPOSE UNPACK
    """
)

# Those of them that are exact for uint8: LiteRT interpolates bytes of that type in floats.
UINT8_OPERATORS = SUPPORTED_OPERATORS - {"RESIZE_BILINEAR"}

_CONTROL_FLOW = "export the model without control flow; unroll what repeats"
_RECURRENT = (
    "unroll the recurrent layer when exporting (unroll=True in Keras), or write it as a step"
)
_STATE = "freeze the model's variables before exporting it, or pass state in and out"
_STRINGS = "look words up outside of the model and pass their numbers in"
_RANDOM = "export the model for inference; what it draws can be passed in"
_SELECTION = "do the selection outside of the model: its size depends on the data"
_COMPLEX = "compute the spectrum outside of the model and pass it in"
_STABLEHLO = "export the model with TFLite's own operators instead of StableHLO's"
_CUSTOM = "run the custom operator outside of the model"
_OTHER = "export the model without this operator"

_HINTS = MappingProxyType(
    {
        name: hint
        for hint, names in {
            _CONTROL_FLOW: "CALL IF WHILE STABLEHLO_WHILE",
            _RECURRENT: """BIDIRECTIONAL_SEQUENCE_LSTM BIDIRECTIONAL_SEQUENCE_RNN LSTM RNN SVDF
                UNIDIRECTIONAL_SEQUENCE_LSTM UNIDIRECTIONAL_SEQUENCE_RNN""",
            _STATE: "ASSIGN_VARIABLE READ_VARIABLE",
            _STRINGS: """CONCAT_EMBEDDINGS EMBEDDING_LOOKUP_SPARSE HASHTABLE HASHTABLE_FIND
                HASHTABLE_IMPORT HASHTABLE_LOOKUP HASHTABLE_SIZE LSH_PROJECTION SKIP_GRAM""",
            _RANDOM: """MULTINOMIAL RANDOM_STANDARD_NORMAL RANDOM_UNIFORM
                STABLEHLO_RNG_BIT_GENERATOR""",
            _SELECTION: "NON_MAX_SUPPRESSION_V4 NON_MAX_SUPPRESSION_V5 UNIQUE WHERE",
            _COMPLEX: "COMPLEX_ABS IMAG REAL RFFT2D",
            _CUSTOM: "CUSTOM DELEGATE",
        }.items()
        for name in _names(names)
    }
)


def hint_without(code: str) -> str:
    """Say what helps a user whose model has an operator that is not supported."""
    if code in _HINTS:
        return _HINTS[code]
    return _STABLEHLO if code.startswith("STABLEHLO_") else _OTHER
