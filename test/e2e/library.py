"""A compiled model in this process, with one arena: what a caller does call by call."""

import ctypes
import subprocess
from pathlib import Path
from typing import Any

import numpy as np

from fdt_mlir.api import Compiled
from fdt_mlir.targets.toolchain import WARNING_FLAGS


class Program:
    """A compiled model as a shared library; its arena holds no zeros at first."""

    def __init__(self, compiled: Compiled, folder: Path):
        compiled.write(folder)
        library = folder / "model.so"
        source = folder / f"{compiled.name}.c"
        subprocess.run(
            ["gcc", *WARNING_FLAGS, "-O1", "-shared", "-fPIC", source, "-o", library], check=True
        )
        self._library, self._report = ctypes.CDLL(str(library)), compiled.report
        self._name = compiled.name
        self.arena = np.full(compiled.arena_bytes + 8, 0xA5, np.uint8)

    def reset(self) -> None:
        """Set what outlives an inference."""
        self._call("reset")

    def invoke(self, inputs: list[np.ndarray]) -> list[np.ndarray]:
        """One inference; the bytes of inputs and outputs are all that the caller touches.

        A streamed input comes last, row by row.
        """
        pairs = list(zip(self._report["inputs"], inputs, strict=True))
        for port, array in pairs:
            if port["offset"] is not None:
                self._bytes(port)[:] = np.frombuffer(array.tobytes(), np.uint8)
        for _, array in (pair for pair in pairs if pair[0]["offset"] is None):
            for row in array.reshape(-1, *array.shape[2:]):
                assert self._call("push_rows", row.tobytes(), 1) == 0
        assert self._call("invoke") == 0
        return [
            np.frombuffer(self._bytes(port).tobytes(), port["type"]).reshape(port["shape"])
            for port in self._report["outputs"]
        ]

    def _call(self, function: str, *arguments: Any) -> int:
        arena = ctypes.c_void_p(self.arena.ctypes.data)
        return getattr(self._library, f"{self._name}_{function}")(arena, *arguments)

    def _bytes(self, port: dict[str, Any]) -> np.ndarray:
        return self.arena[port["offset"] : port["offset"] + port["bytes"]]
