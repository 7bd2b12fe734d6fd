"""ONNX models, float and quantised, as linalg on tensors: one function per operator."""
