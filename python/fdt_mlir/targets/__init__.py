"""Build and run compiled models, on the host or on an emulated core."""

from fdt_mlir.targets.builder import Program, build
from fdt_mlir.targets.model import Array, CompiledModel, TensorSpec, load_interface, load_model
from fdt_mlir.targets.registry import TARGETS, find_target
from fdt_mlir.targets.runner import RunResult, execute, run, run_many
from fdt_mlir.targets.target import Board, Memory, Target

__all__ = [
    "TARGETS",
    "Array",
    "Board",
    "CompiledModel",
    "Memory",
    "Program",
    "RunResult",
    "Target",
    "TensorSpec",
    "build",
    "execute",
    "find_target",
    "load_interface",
    "load_model",
    "run",
    "run_many",
]
