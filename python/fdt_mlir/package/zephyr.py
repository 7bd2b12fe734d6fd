"""A Zephyr module, with its Kconfig option and a sample."""

from __future__ import annotations

from fdt_mlir.package.example import example_source
from fdt_mlir.package.model import Files, FirmwareModel
from fdt_mlir.package.templates import fill_folder, values_of


def zephyr_package(model: FirmwareModel) -> Files:
    """Return the module; `CONFIG_FDT_MODEL_<NAME>` builds the model into an application."""
    return {
        **fill_folder("zephyr", values_of(model)),
        **model.placed("src", "include"),
        f"samples/{model.name}/src/main.c": example_source(model, "console.c"),
    }
