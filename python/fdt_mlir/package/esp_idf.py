"""An ESP-IDF project: the model as a component, and an example that uses it."""

from __future__ import annotations

from fdt_mlir.package.example import example_source
from fdt_mlir.package.model import Files, FirmwareModel
from fdt_mlir.package.templates import fill_folder, values_of


def esp_idf_package(model: FirmwareModel) -> Files:
    """Return the project; the component lies in `components/<name>`."""
    component = f"components/{model.name}"
    return {
        **fill_folder("esp-idf", values_of(model)),
        **model.placed(f"{component}/src", f"{component}/include"),
        "main/main.c": example_source(model, "esp_idf.c"),
    }
