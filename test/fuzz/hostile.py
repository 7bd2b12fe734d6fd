"""Compiles damaged files as a user would, and says where the command does not end decently."""

import os
import random
import resource
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass, field
from itertools import count, islice
from pathlib import Path
from tempfile import TemporaryDirectory

from fuzz.isolate import Died, call_isolated, run_isolated
from fuzz.mutate import mutate
from models.graph import Graph

SECONDS = 60.0  # no file may take longer
MEMORY_BYTES = 6 << 30  # a file that makes the compiler want more is one that hangs a laptop
GOOD_STATUSES = (0, 1, 2)

Seeds = Sequence[tuple[str, bytes]]
"""Valid files: name with suffix, and contents."""


@dataclass(frozen=True)
class Verdict:
    """How the command ended; `problem` says what was wrong with that, if anything."""

    status: int
    stderr: str
    problem: str | None


@dataclass
class Tally:
    """How the files of a run ended, by exit status."""

    statuses: Counter[int] = field(default_factory=Counter)
    failed: int = 0

    def __str__(self) -> str:
        ends = ", ".join(f"{count} with status {n}" for n, count in sorted(self.statuses.items()))
        return f"{sum(self.statuses.values())} mutants: {self.failed} failed; ended: {ends}"


@dataclass(frozen=True)
class Mutant:
    """A damaged file, which its seed brings back."""

    seed: str
    name: str
    data: bytes


def draw_mutant(seed: str, seeds: Seeds) -> Mutant:
    """Damage one of the valid files."""
    rng = random.Random(seed)
    # By format first: of some there are more files.
    suffix = rng.choice(sorted({Path(name).suffix for name, _ in seeds}))
    name, data = rng.choice([each for each in seeds if Path(each[0]).suffix == suffix])
    return Mutant(seed, name, mutate(data, suffix, rng))


def run_mutants(
    seeds: Sequence[str], files: Seeds, jobs: int, tally: Tally
) -> Iterator[tuple[Mutant, Verdict]]:
    """Compile the mutant of each seed; gives those that did not end decently."""

    def judge(seed: str) -> Verdict:
        return compile_file(draw_mutant(seed, files))

    for seed, result in run_isolated(judge, seeds, jobs, SECONDS):
        verdict = Verdict(-1, "", result.reason) if isinstance(result, Died) else result
        tally.statuses[verdict.status] += 1
        if verdict.problem is not None:
            tally.failed += 1
            yield draw_mutant(seed, files), verdict


def compile_file(mutant: Mutant) -> Verdict:
    """Compile a file in this process, as `fdt-compile` does in its own."""
    with TemporaryDirectory(prefix="fdt-fuzz-") as name:
        folder = Path(name)
        path = folder / f"mutant{Path(mutant.name).suffix}"
        path.write_bytes(mutant.data)
        status, stderr = captured(lambda: _compile(path, folder / "out"), folder / "stderr")
        return Verdict(status, stderr, problem_with(status, stderr))


def problem_with(status: int, stderr: str) -> str | None:
    """What is wrong with how a command ended; None for nothing."""
    if status not in GOOD_STATUSES:
        return f"exit status {status}: {' '.join(stderr.split())[-600:]}"
    if "Traceback (most recent call last)" in stderr:
        return f"a traceback: {stderr[-600:]}"
    if status and "error" not in stderr:
        return f"exit status {status} without a diagnostic: {stderr[-600:]!r}"
    return None


def captured(call: Callable[[], int], path: Path) -> tuple[int, str]:
    """Call with all that is printed going to a file; gives the result and the file's text.

    Libraries print to file descriptors 1 and 2, Python to what stands for them.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    saved = [os.dup(1), os.dup(2)]
    with path.open("w", buffering=1) as sink, redirect_stdout(sink), redirect_stderr(sink):
        for number in (1, 2):
            os.dup2(sink.fileno(), number)
        try:
            status = call()
        finally:
            sink.flush()
            for number, descriptor in zip((1, 2), saved, strict=True):
                os.dup2(descriptor, number)
                os.close(descriptor)
    return status, path.read_text(errors="replace")


def _compile(path: Path, output: Path) -> int:
    from fdt_mlir.cli.compile import main

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    return int(main([str(path), "-o", str(output), "--quiet"]))


def seed_files() -> Seeds:
    """Valid files of every format, small and different."""
    files = call_isolated(_make_seed_files, None)
    if isinstance(files, Died):
        raise RuntimeError(f"the valid files could not be made: {files.reason}")
    return files


def _valid_graphs() -> Iterator[Graph]:
    from fuzz.build import InvalidCaseError, build_graph
    from fuzz.generate import draw_case

    for number in count():
        with suppress(InvalidCaseError):
            yield build_graph(draw_case(f"f:{number}", 1))


def _make_seed_files(_: None) -> Seeds:
    from fdt_mlir.bindings import mlir_context
    from fdt_mlir.importer.import_options import ImportOptions
    from fdt_mlir.importer.importer import import_model
    from models.onnx_graphs import FLOAT_GRAPHS, quantised
    from models.tflite_writer import serialize
    from models.variables import GRAPHS

    files = [("variables.tflite", serialize(GRAPHS["accumulator"]("int8")))]
    with TemporaryDirectory() as folder:
        for number, graph in enumerate(islice(_valid_graphs(), 8)):
            name, data = f"model_{number}.tflite", serialize(graph)
            path = Path(folder) / name
            path.write_bytes(data)
            files.append((name, data))
            if number < 4:
                with mlir_context():
                    text = str(import_model(path, ImportOptions()))
                files.append((f"model_{number}.mlir", text.encode()))
        for name in ("audio_net", "recurrent"):
            files.append((f"{name}.onnx", FLOAT_GRAPHS[name]().SerializeToString()))
        for name, qdq in (("qdq", True), ("qoperator", False)):
            model = FLOAT_GRAPHS["audio_net"]()
            path = quantised(model, Path(folder), qdq, unsigned=False, per_channel=qdq)
            files.append((f"{name}.onnx", path.read_bytes()))
    return files
