"""Many compiled models in one program: one run of the C compiler for all of a case.

The models run in the harness of `fdt-run`, with its red zones and dirty arenas, under sanitizers.
"""

import os
import struct
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import numpy as np

from fdt_mlir.api import Compiled
from fdt_mlir.targets.harness import main_source
from fdt_mlir.targets.model import CompiledModel, load_model
from fdt_mlir.targets.toolchain import SANITIZER_FLAGS, SUPPORT_FOLDER, WARNING_FLAGS

RUN_SECONDS = 60
_RECORD = struct.Struct("<IiIIQ")  # struct fdt_record of harness.c
_FLAGS = ("-O0", "-w", *SANITIZER_FLAGS)
_ENVIRONMENT = {"ASAN_OPTIONS": "detect_leaks=0", "UBSAN_OPTIONS": "print_stacktrace=1"}


class ProgramError(Exception):
    """The C does not compile, or the program misbehaves; the message says how."""


@dataclass(frozen=True)
class Program:
    """An executable; `models` are what its first argument selects."""

    executable: Path
    models: Sequence[CompiledModel]

    def run(self, number: int, samples: Sequence[Sequence[np.ndarray]]) -> list[list[np.ndarray]]:
        """Run one of the models on all samples. Raises ProgramError."""
        folder = self.executable.parent
        inputs = b"".join(array.tobytes() for sample in samples for array in sample)
        (folder / "inputs.bin").write_bytes(struct.pack("<I", len(samples)) + inputs)
        command = [str(self.executable), str(number)]
        environment = {**os.environ, **_ENVIRONMENT}
        try:
            done = subprocess.run(
                command, cwd=folder, env=environment, capture_output=True, timeout=RUN_SECONDS
            )
        except subprocess.TimeoutExpired as error:
            raise ProgramError(f"the program did not end within {RUN_SECONDS} s") from error
        if done.returncode:
            raise ProgramError(_complaint(done.stderr.decode(errors="replace"), done.returncode))
        raw = (folder / "outputs.bin").read_bytes()
        return _unpack(self.models[number], raw, len(samples))


def build_program(compiled: Sequence[Compiled], folder: Path) -> Program:
    """Write and compile the models; their names have to differ. Raises ProgramError."""
    models: list[CompiledModel] = []
    for each in compiled:
        each.write(folder / each.name)
        models.append(load_model(folder / each.name))
    sources = [_write_main(model, folder) for model in models]
    sources.append(_write_choice(models, folder))
    executable = folder / "program"
    command = ["gcc", *WARNING_FLAGS, "-O0", *SANITIZER_FLAGS, f"-I{SUPPORT_FOLDER}"]
    command += [f"-I{model.folder}" for model in models]
    command += [*map(str, sources), *map(str, harness_objects()), "-o", str(executable)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise ProgramError("the C does not compile: " + _first_error(done.stderr))
    return Program(executable, models)


@cache
def harness_objects() -> tuple[Path, ...]:
    """Compile the parts that all programs share, once per process; the caller's to call early."""
    folder = Path(mkdtemp(prefix="fdt-fuzz-harness-"))
    objects: list[Path] = []
    for name in ("harness", "host"):
        objects.append(folder / f"{name}.o")
        source = str(SUPPORT_FOLDER / f"{name}.c")
        subprocess.run(["gcc", *_FLAGS, "-c", source, "-o", str(objects[-1])], check=True)
    return tuple(objects)


def _write_main(model: CompiledModel, folder: Path) -> Path:
    """The main of `fdt-run`, under another name, and the model itself in one file."""
    path = folder / f"{model.name}_main.c"
    text = main_source(model).replace("int main(void)", f"int run_{model.name}(void)")
    declaration = f"int run_{model.name}(void);\n"
    path.write_text(f'#include "{model.name}.c"\n{declaration}{text}')
    return path


def _write_choice(models: Sequence[CompiledModel], folder: Path) -> Path:
    path = folder / "main.c"
    path.write_text(
        "#include <stdlib.h>\n"
        + "".join(f"int run_{model.name}(void);\n" for model in models)
        + "int main(int count, char **arguments) {\n"
        + "  switch (count > 1 ? atoi(arguments[1]) : -1) {\n"
        + "".join(f"    case {n}: return run_{m.name}();\n" for n, m in enumerate(models))
        + "    default: return 1;\n  }\n}\n"
    )
    return path


def _unpack(model: CompiledModel, raw: bytes, samples: int) -> list[list[np.ndarray]]:
    results: list[list[np.ndarray]] = []
    position = 0
    for _ in range(samples):
        _, status, violations, _, _ = _RECORD.unpack_from(raw, position)
        if status or violations:
            raise ProgramError(f"status {status}, violations of the red zones {violations}")
        position += _RECORD.size
        outputs: list[np.ndarray] = []
        for tensor in model.outputs:
            data = raw[position : position + tensor.size_bytes]
            outputs.append(np.frombuffer(data, tensor.dtype).reshape(tensor.shape))
            position += tensor.size_bytes
        results.append(outputs)
    return results


def _complaint(stderr: str, status: int) -> str:
    for line in stderr.splitlines():
        if "runtime error" in line or "ERROR: AddressSanitizer" in line:
            return f"stopped by a sanitizer: {line.strip()}"
    return f"the program ended with status {status}: {stderr.strip()[:300]}"


def _first_error(stderr: str) -> str:
    errors = [line for line in stderr.splitlines() if "error:" in line]
    return (errors or stderr.splitlines() or ["no message"])[0].strip()
