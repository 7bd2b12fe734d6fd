"""What a user chooses when compiling a model."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypedDict

from fdt_mlir.allocate.promises import Place
from fdt_mlir.emitc.memory_names import check_memories
from fdt_mlir.errors import UsageError
from fdt_mlir.importer.import_options import IoLayout, Numerics
from fdt_mlir.kernels.machine import OPTIMIZE, Optimize, find_machine
from fdt_mlir.normalize.names import identifier
from fdt_mlir.paths.path_plan import STRATEGIES, STREAMING, Strategy


class Choices(TypedDict, total=False):
    """The fields of CompileOptions, as keyword arguments."""

    name: str | None
    strategy: Strategy
    ram_bytes: int
    max_mac_overhead: float
    transform_script: Path | str | None
    keep_inputs: bool
    pins: Mapping[int, Place]
    memories: Mapping[str, int]
    stream_input: bool | str
    outputs: tuple[str, ...]
    io: Literal["int8"] | None
    numerics: Numerics
    shapes: Mapping[str, tuple[int, ...]]
    io_layout: IoLayout
    target: str
    optimize: Optimize
    selftest: bool
    selftest_vectors: Path | str | None


def parse_size(size: int | str) -> int:
    """Read a size in bytes: a number, or a text such as `24576`, `24K` or `1.5M`.

    Raises UsageError for anything else.
    """
    match = re.fullmatch(r"([\d.]+)([KkMm]?)", str(size))
    factor = {"": 1, "K": 1024, "M": 1024 * 1024}[match[2].upper()] if match else 1
    try:
        count = float(match[1]) * factor if match else 0.0
    except ValueError:
        count = 0.0
    if not 0 < count < 2**31:
        raise UsageError(f"'{size}' is no size: write 24576, 24K or 1.5M")
    return int(count)


@dataclass(frozen=True)
class CompileOptions:
    """What a user chooses.

    name: prefix of all public C names; by default the file's name.
    strategy: what may be tiled: `none`, `fdt` (channels), `ffmt` (feature maps), `paper` (the
        original's restrictions), `auto` (everything).
    ram_bytes: the memory to fit; the least additional work that fits it is chosen. 0: no limit.
    max_mac_overhead: percent of additional multiply-accumulates that the least arena may cost.
    transform_script: a schedule to apply instead of searching for one.
    keep_inputs: whether inputs are intact after an inference.
    pins: places of inputs by number: bytes from the start of the arena, or (memory, bytes).
    memories: bytes by name of the memories to use, the fastest first; with several, each is an
        arena of its own. None: one arena of any size.
    stream_input: whether the rows of the only input come one after the other, and are never all in
        RAM; or which of several inputs: its name, or `input:N`.
    outputs, io, numerics, shapes, io_layout: see ImportOptions.
    target: the core that the C is for, any by default; it runs everywhere, on that one fast.
    optimize: what counts beside RAM: `speed` stores all weights in 16 bits where that saves
        instructions, `balanced` those that one inference uses often, `size` none.
    selftest: whether to store samples in C, with a function that runs them on the device.
    selftest_vectors: an .npz with those samples; by default a test pattern and two random ones.
    """

    name: str | None = None
    strategy: Strategy = "auto"
    ram_bytes: int = 0
    max_mac_overhead: float = 0.0
    transform_script: Path | str | None = None
    keep_inputs: bool = False
    pins: Mapping[int, Place] = field(default_factory=dict[int, Place])
    memories: Mapping[str, int] = field(default_factory=dict[str, int])
    stream_input: bool | str = False
    outputs: tuple[str, ...] = ()
    io: Literal["int8"] | None = None
    numerics: Numerics = "litert"
    shapes: Mapping[str, tuple[int, ...]] = field(default_factory=dict[str, tuple[int, ...]])
    io_layout: IoLayout = "model"
    target: str = "generic"
    optimize: Optimize = "balanced"
    selftest: bool = False
    selftest_vectors: Path | str | None = None

    def __post_init__(self) -> None:
        if self.strategy not in STRATEGIES:
            known = ", ".join(STRATEGIES)
            raise UsageError(f"unknown strategy '{self.strategy}': choose one of {known}")
        if self.ram_bytes < 0 or self.max_mac_overhead < 0:
            raise UsageError("ram and max-mac-overhead must not be negative")
        check_memories(self.memories)
        if self.stream_input and self.strategy not in STREAMING and not self.transform_script:
            raise UsageError(
                f"strategy '{self.strategy}' streams nothing: use auto to stream the input"
            )
        find_machine(self.target)
        if self.optimize not in OPTIMIZE:
            known = ", ".join(OPTIMIZE)
            raise UsageError(f"cannot optimize for '{self.optimize}': choose one of {known}")
        if self.name is not None and identifier(self.name) != self.name:
            raise UsageError(f"'{self.name}' is no C identifier: use letters, digits, underscores")
