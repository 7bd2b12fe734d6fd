"""What a package is made from: the C of a model, and what its example has to know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Files = dict[str, "str | bytes"]
"""Contents by path, relative to the folder of the package; text, or bytes of an archive."""


@dataclass(frozen=True)
class Tensor:
    """An input or output: its element type by name, such as "int8", and the arena it lies in.

    One that is streamed goes through that arena row by row.
    """

    type: str
    is_quantized: bool
    arena: str
    is_streamed: bool = False


@dataclass(frozen=True)
class FirmwareModel:
    """A compiled model. `name` is the stem of its C names; `sources`, `headers` map names to C.

    `arenas` are the names of what invoke takes, one for each memory. `has_reset`: whether there is
    a function to call before the first inference.
    """

    name: str
    arena_bytes: int
    arenas: tuple[str, ...]
    sources: Mapping[str, str]
    headers: Mapping[str, str]
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    has_reset: bool

    @property
    def places(self) -> str:
        """What the example gives to the model's functions: its arenas."""
        return ", ".join(f"{arena}.bytes" for arena in self.arenas)

    @property
    def description(self) -> str:
        """One sentence for catalogues, of letters, digits and punctuation that no format quotes."""
        return f"Neural network {self.name} in plain C, {self.arena_bytes} bytes of RAM."

    def placed(self, source_folder: str, include_folder: str) -> Files:
        """Return the C files in the given folders of a package."""
        return {
            **{f"{source_folder}/{name}": text for name, text in self.sources.items()},
            **{f"{include_folder}/{name}": text for name, text in self.headers.items()},
        }


def firmware_model(files: Mapping[str, str], report: Mapping[str, Any]) -> FirmwareModel:
    """Gather a compiled model from the files of a compilation and its report."""
    inputs, arenas = report["inputs"], tuple(str(arena["name"]) for arena in report["arenas"])
    return FirmwareModel(
        name=report["name"],
        arena_bytes=report["arena_bytes"],
        arenas=arenas,
        sources={name: text for name, text in files.items() if name.endswith(".c")},
        headers={name: text for name, text in files.items() if name.endswith(".h")},
        inputs=tuple(_tensor(entry, arenas) for entry in inputs),
        outputs=tuple(_tensor(entry, arenas) for entry in report["outputs"]),
        has_reset=bool(report.get("states")) or any(entry.get("rows") for entry in inputs),
    )


def _tensor(entry: Mapping[str, Any], arenas: tuple[str, ...]) -> Tensor:
    arena = arenas[int(entry["arena"])]
    return Tensor(entry["type"], entry["scale"] is not None, arena, entry["offset"] is None)


def below(files: Files, folder: str) -> Files:
    """Return the files of a folder by their paths in it."""
    start = f"{folder}/"
    return {
        path.removeprefix(start): content
        for path, content in files.items()
        if path.startswith(start)
    }
