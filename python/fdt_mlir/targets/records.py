"""What a program wrote to `outputs.bin`, sample by sample; see `support/harness.c`."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from fdt_mlir.targets.builder import Program
from fdt_mlir.targets.model import Array
from fdt_mlir.targets.variants import PROFILE

# `struct fdt_record` of harness.c and `struct fdt_layer_record` of trace_layers.c.
_RECORD = struct.Struct("<IiIIQ")
_RECORD_MAGIC = 0x52544446
_LAYER_RECORD = struct.Struct("<IiII")
_LAYER_MAGIC = 0x4C544446


class TruncatedError(Exception):
    """The program ended before it had written everything."""


@dataclass(frozen=True)
class StepRecord:
    """The result of a step when it ended: its bytes, and the values that say which part it is."""

    step: int
    values: tuple[int, ...]
    data: bytes


@dataclass(frozen=True)
class SampleRecord:
    """One run of invoke. A sample that failed has no outputs; times are ticks of the counter."""

    status: int
    violations: int
    stack_bytes: int
    ticks: int
    outputs: tuple[Array, ...] = ()
    step_ticks: tuple[int, ...] = ()
    results: tuple[StepRecord, ...] = field(default=(), repr=False)

    @property
    def failed(self) -> bool:
        return self.status != 0 or self.violations != 0


def read_samples(program: Program, raw: bytes, count: int) -> Iterator[SampleRecord]:
    """Yield up to `count` samples, none after one that failed.

    Raises TruncatedError where the file ends too early.
    """
    reader = _Reader(raw)
    for _ in range(count):
        results = tuple(reader.results())
        magic, status, violations, stack_bytes, ticks = _RECORD.unpack(reader.take(_RECORD.size))
        assert magic == _RECORD_MAGIC, "the harness and the runner disagree about records"
        sample = SampleRecord(status, violations, stack_bytes, ticks)
        if sample.failed:
            yield sample
            return
        outputs = tuple(
            np.ndarray(tensor.shape, tensor.dtype, bytearray(reader.take(tensor.size_bytes)))
            for tensor in program.model.outputs
        )
        steps = len(program.model.steps) if program.variant is PROFILE else 0
        step_ticks = struct.unpack(f"<{steps}Q", reader.take(8 * steps))
        yield SampleRecord(status, violations, stack_bytes, ticks, outputs, step_ticks, results)


class _Reader:
    def __init__(self, raw: bytes):
        self._raw = raw
        self._position = 0

    def take(self, size: int) -> bytes:
        """The next bytes."""
        end = self._position + size
        if end > len(self._raw):
            raise TruncatedError
        self._position, start = end, self._position
        return self._raw[start:end]

    def results(self) -> Iterator[StepRecord]:
        """The results of steps that come next, where somebody wrote them."""
        while self._raw[self._position :][:4] == _LAYER_MAGIC.to_bytes(4, "little"):
            _, step, value_count, size = _LAYER_RECORD.unpack(self.take(_LAYER_RECORD.size))
            values = struct.unpack(f"<{value_count}i", self.take(4 * value_count))
            yield StepRecord(step, values, self.take(size))
