"""One model compiled in one way, and everything that can be measured of it, each when asked."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from bench.configurations import BUDGETS, CONFIGURATIONS, DEVICE, Configuration
from bench.models import Model
from bench.references import Sample, TflmReference, reference_of, samples_of
from bench.store import Store
from e2e.harness import compare
from fdt_mlir import api, targets
from fdt_mlir.iree.backend import IreeCompiled, compile_for_iree
from fdt_mlir.targets.model import Array
from fdt_mlir.targets.toolchain import SectionSizes
from fdt_mlir.targets.variants import PLAIN, PROFILE, Variant
from models import oracle

TFLM_SAMPLES = 200
RUN_SECONDS = 900.0

Value = TypeVar("Value")


class Subject:
    """A model in a configuration. Every property raises what the compiler or a tool raises."""

    def __init__(self, model: Model, configuration: Configuration, store: Store):
        self.model = model
        self.configuration = configuration
        self._store = store
        self._scratch = TemporaryDirectory(prefix="fdt-bench-")

    # --- Compiling -----------------------------------------------------------------------------

    @cached_property
    def choices(self) -> Mapping[str, object]:
        """All options of the compiler."""
        choices = {**self.model.choices(), **self.configuration.choices}
        if self.configuration.budget is not None:
            choices["ram_bytes"] = self.ram_budget
        return choices

    @cached_property
    def ram_budget(self) -> int:
        """The limit that this configuration sets on the RAM, in bytes."""
        assert self.configuration.budget is not None, "only these have a budget"
        least, untiled = self._remember("arena range", self._arena_range)
        return least + (untiled - least) * self.configuration.budget // (BUDGETS - 1)

    def _arena_range(self) -> tuple[int, int]:
        report = self._sibling("auto-0").compiled.report
        least = min(point["arena_bytes"] for point in report["pareto"])
        return least, report["arena_bytes_untiled"]

    @cached_property
    def compiled(self) -> api.Compiled:
        """What the compiler made of the model."""
        return api.compile(self.model.path, **self.choices)

    @property
    def compile_seconds(self) -> float:
        """The stages' times together: what timing.json holds. The less of two compilations.

        The least of several is the compiler's; what is above comes from the rest of the machine.
        """
        again = api.compile(self.model.path, **self.choices)
        return min(sum(compiled.seconds.values()) for compiled in (self.compiled, again))

    @cached_property
    def folder(self) -> Path:
        """The output folder."""
        folder = Path(self._scratch.name) / "compiled"
        self.compiled.write(folder)
        return folder

    @cached_property
    def differing_files(self) -> list[str]:
        """Names of the files that differ when the command compiles the same model again."""
        again = Path(self._scratch.name) / "again"
        main = "import sys; from fdt_mlir.cli.compile import main; sys.exit(main())"
        arguments = [str(self.model.path), "-q", "-o", str(again), *self._command_options()]
        done = subprocess.run(
            [sys.executable, "-c", main, *arguments],
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONHASHSEED": "77"},
        )
        if done.returncode != 0:
            raise RuntimeError(f"fdt-compile: exit status {done.returncode}: {done.stderr.strip()}")
        names = {path.name for folder in (self.folder, again) for path in folder.iterdir()}
        return sorted(
            name
            for name in names - {"timing.json"}
            if _content(self.folder / name) != _content(again / name)
        )

    def _command_options(self) -> list[str]:
        flags = {"ram_bytes": "--ram"}
        options: list[str] = []
        for name, value in self.choices.items():
            text = ",".join(value) if isinstance(value, tuple) else str(value or "")
            if text:
                options += [flags.get(name, f"--{name.replace('_', '-')}"), text]
        return options

    @cached_property
    def iree(self) -> IreeCompiled:
        """The model as a module for IREE's runtime."""
        return compile_for_iree(self.model.path, api.CompileOptions(**self.choices))

    # --- Running -------------------------------------------------------------------------------

    @cached_property
    def host_differences(self) -> tuple[int, int]:
        """(samples with an output that differs, samples), on the host under sanitizers."""
        few = self.model.large and not self.configuration.every_sample_on_device
        return self._differences("host", True, few)

    @cached_property
    def device_differences(self) -> tuple[int, int]:
        """The same on the emulated core."""
        return self.core_differences(DEVICE)

    def core_differences(self, core: str) -> tuple[int, int]:
        """The same on any emulated core."""
        return self._differences(core, False, not self.configuration.every_sample_on_device)

    @cached_property
    def tflm_differences(self) -> tuple[int, int]:
        """The same on the host, with random samples, beside TensorFlow Lite Micro's interpreter."""
        reference = TflmReference(self.model.path)
        samples = oracle.random_inputs(self.model.path, TFLM_SAMPLES, seed=1)
        expected = [reference.run(sample) for sample in samples]
        results = targets.run_many(self.folder, "host", samples)
        wrong = [_differs(want, got.outputs) for want, got in zip(expected, results, strict=True)]
        return sum(wrong), len(wrong)

    def _differences(self, target: str, sanitize: bool, few: bool) -> tuple[int, int]:
        samples, expected = self._remember("reference", self._reference_outputs)
        if few:
            # Two random ones and the one of all least values.
            picked = (0, 1, len(samples) - 3)
            samples, expected = [samples[n] for n in picked], [expected[n] for n in picked]

        def count() -> int:
            results = targets.run_many(
                self.folder, target, samples, sanitize=sanitize, timeout_seconds=RUN_SECONDS
            )
            pairs = zip(expected, results, strict=True)
            return sum(_differs(want, got.outputs) for want, got in pairs)

        return self._once_per_code(f"{target}, {len(samples)}", count), len(samples)

    def _reference_outputs(self) -> tuple[list[Sample], list[list[Array]]]:
        model = targets.load_model(self.folder)
        samples = samples_of(self.model, model)
        reference = reference_of(self.model, model)
        return samples, [reference.run(sample) for sample in samples]

    def run_pattern(self, target: str) -> targets.RunResult:
        """Run the documented input pattern; see `oracle.pattern_inputs`."""
        return self._once_per_code(f"pattern on {target}", lambda: self._run_pattern(target))

    def step_instructions(self, target: str) -> list[tuple[str, int]]:
        """The name of each step and its instructions on the same input, tiles together."""
        counted = self._run_pattern(target, PROFILE).step_instructions
        steps = targets.load_model(self.folder).steps
        return [(step.name, count) for step, count in zip(steps, counted, strict=True)]

    def _run_pattern(self, target: str, variant: Variant = PLAIN) -> targets.RunResult:
        if self.model.io is None:
            sample = oracle.pattern_inputs(self.model.path)
        else:
            sample = samples_of(self.model, targets.load_model(self.folder))[0]
        (result,) = targets.run_many(
            self.folder, target, [sample], timeout_seconds=RUN_SECONDS, variant=variant
        )
        return result

    @property
    def golden_hash(self) -> str:
        """FNV-1a of the outputs' bytes for the documented input pattern, on the device."""
        outputs = self.run_pattern(DEVICE).outputs
        return f"{oracle.fnv1a_32(b''.join(array.tobytes() for array in outputs)):08x}"

    @cached_property
    def device_sizes(self) -> SectionSizes:
        """Sections of the model's objects on the device."""
        return self._once_per_code("sizes", lambda: targets.build(self.folder, DEVICE).sizes)

    @property
    def untiled_live_bytes(self) -> int:
        """What is live at once where nothing is tiled and nothing computed in place."""
        return self._sibling("none").compiled.report["live_sum_bytes"]

    @property
    def code_growth_per_path(self) -> float:
        """Bytes of code more than without tiling, for each path."""
        paths = len(self.compiled.report["paths"])
        if paths == 0:
            return 0.0
        untiled = self._sibling("none")
        base = self._store.remember(
            (self.model.name, "none", "code"), lambda: untiled.device_sizes.code_bytes
        )
        return (self.device_sizes.code_bytes - base) / paths

    @property
    def instructions(self) -> int:
        """Instructions of one inference on the device."""
        counted = self.run_pattern(DEVICE).instructions
        if counted is None:
            raise RuntimeError(f"{DEVICE} counts no instructions")
        return counted

    @property
    def percent_of_untiled_instructions(self) -> float:
        """Instructions for the same work as without tiling, in percent of those."""
        untiled = self._sibling("m4-none")
        report = self.compiled.report
        same_work = self.instructions * report["macs_untiled"] / report["macs"]
        return 100 * same_work / untiled.instructions

    @property
    def flash_bytes(self) -> int:
        """Code and constants of the model's objects on the device."""
        return self.device_sizes.code_bytes + self.device_sizes.constant_bytes

    # --- Remembering ---------------------------------------------------------------------------

    def _sibling(self, configuration: str) -> Subject:
        return Subject(self.model, CONFIGURATIONS[configuration], self._store)

    def _remember(self, what: str, compute: Callable[[], Value]) -> Value:
        """Compute something that is the same for every configuration of the model once."""
        return self._store.remember((self.model.name, what), compute)

    def _once_per_code(self, what: str, compute: Callable[[], Value]) -> Value:
        """Do something with the program once, where several configurations give the same one."""
        source = self.compiled.files[f"{self.compiled.name}.c"]
        # The comment on top names the options.
        _, _, code = source.partition("*/")
        digest = hashlib.sha256(code.encode()).hexdigest()
        return self._store.remember((self.model.name, what, digest), compute)


def _differs(expected: list[Array], outputs: tuple[Array, ...]) -> bool:
    if len(expected) != len(outputs):
        raise RuntimeError(f"{len(outputs)} outputs, but the reference has {len(expected)}")
    pairs = enumerate(zip(expected, outputs, strict=True))
    return any(compare(n, want, got) is not None for n, (want, got) in pairs)


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None
