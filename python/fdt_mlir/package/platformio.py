"""A PlatformIO project: the model as a library, and an example for the host and for boards."""

from __future__ import annotations

from fdt_mlir.package.example import example_source
from fdt_mlir.package.model import Files, FirmwareModel
from fdt_mlir.package.templates import fill_folder, values_of


def platformio_package(model: FirmwareModel) -> Files:
    """Return the project; the library lies in `lib/<name>`."""
    library = f"lib/{model.name}"
    return {
        **fill_folder("platformio", values_of(model)),
        **model.placed(f"{library}/src", f"{library}/include"),
        "src/main.c": example_source(model, "console.c"),
        "src/main_arduino.cpp": example_source(model, "arduino.cpp"),
    }
