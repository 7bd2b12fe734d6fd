"""The picture of the README: the memory map of one of the project's own models."""

from __future__ import annotations

from docs import ROOT
from fdt_mlir import api

MODEL = ROOT / "examples" / "models" / "res.tflite"


def picture() -> str:
    """Compile the model and draw its arena, before and after."""
    return api.compile(MODEL).plot()
