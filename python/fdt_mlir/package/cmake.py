"""A CMake project: a library, to add or to install, and an example for host and QEMU."""

from __future__ import annotations

from fdt_mlir.package.example import example_source
from fdt_mlir.package.model import Files, FirmwareModel
from fdt_mlir.package.templates import fill_folder, values_of
from fdt_mlir.targets import TARGETS


def cmake_package(model: FirmwareModel) -> Files:
    """Return the project, with a toolchain file that knows the Cortex-M cores of `fdt-run`."""
    flags = {
        target.name: " ".join(target.cpu_flags)
        for target in TARGETS.values()
        if target.name.startswith("cortex-m")
    }
    values = {
        **values_of(model),
        "CPUS": ", ".join(flags),
        "CPU_FLAGS": "\n".join(f'set(flags_of_{cpu} "{text}")' for cpu, text in flags.items()),
    }
    return {
        **fill_folder("cmake", values),
        **model.placed("src", "include"),
        "example/main.c": example_source(model, "console.c"),
    }
