"""The models that are measured: the public ones, where they are at hand, and the project's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Literal

from bench import ROOT
from bench.original_shapes import write_shapes
from fdt_mlir.importer.cut_graph import frontier, heads
from fdt_mlir.importer.operators import SUPPORTED_OPERATORS
from fdt_mlir.importer.tflite_reader import read_model

SHAPES = ROOT / "build" / "bench"
EXAMPLES = ROOT / "examples" / "models"
OWN_PREFIX = "examples/"
SHAPES_PREFIX = "original/"

# Minutes instead of seconds: `check` and `speed` take them only when asked.
_LARGE = frozenset({"ssd", "posenet"})
# int8 weights, float activations. LiteRT would quantise activations as it goes; we do not.
_HYBRID = frozenset({"kws_ref_model_float32"})
# Float edges around an integer core: also measured without them, under this name.
_WITHOUT_EDGES = {"posenet": "posenet_int8"}


@dataclass(frozen=True)
class Model:
    """A model file and how it is compiled. `reference`: what its outputs are compared with."""

    name: str
    path: Path
    io: Literal["int8"] | None = None
    large: bool = False
    reference: Literal["litert", "float64"] = "litert"

    def choices(self) -> Mapping[str, Any]:
        """The options of the compiler that belong to the model, whatever the strategy."""
        return {"io": self.io, "outputs": heads_of(self.path)}


def find_models(shared: Path) -> tuple[Model, ...]:
    """Return every model, the public ones of `shared` first."""
    found: list[Model] = []
    for path in sorted((shared / "models").glob("*.tflite")):
        stem = path.stem
        reference = "float64" if stem in _HYBRID else "litert"
        found.append(Model(stem, path, large=stem in _LARGE, reference=reference))
        if stem in _WITHOUT_EDGES:
            found.append(Model(_WITHOUT_EDGES[stem], path, "int8", stem in _LARGE))
    found += (Model(OWN_PREFIX + p.stem, p) for p in sorted(EXAMPLES.glob("*.tflite")))
    return tuple(found)


def find_shapes() -> tuple[Model, ...]:
    """Return the shapes on which the original implementation was tested; writes them first."""
    return tuple(Model(SHAPES_PREFIX + path.stem, path) for path in write_shapes(SHAPES))


def select(models: Sequence[Model], patterns: Sequence[str]) -> tuple[Model, ...]:
    """Return the models whose names match a pattern, or that are the file named; all for none.

    Raises ValueError for a pattern that matches nothing.
    """
    if not patterns:
        return tuple(models)
    chosen = dict.fromkeys(model for pattern in patterns for model in _matching(models, pattern))
    return tuple(chosen)


def _matching(models: Sequence[Model], pattern: str) -> list[Model]:
    found = [model for model in models if fnmatchcase(model.name, pattern)]
    if not found and Path(pattern).is_file():
        found = [Model(Path(pattern).stem, Path(pattern))]
    if not found:
        names = ", ".join(model.name for model in models)
        raise ValueError(f"no model is called '{pattern}'; there are {names}")
    return found


def heads_of(path: Path) -> tuple[str, ...]:
    """Return the tensors to end a model at, where a part of it cannot be compiled; else nothing."""
    model = read_model(path, path.read_bytes())
    refused = [op for op in model.operators if op.code not in SUPPORTED_OPERATORS]
    if not refused:
        return ()
    ends = frontier(model, refused)
    return heads(model, ends) or ends
