"""An Arduino library with an example sketch, as a folder and as the zip that the IDE imports."""

from __future__ import annotations

from fdt_mlir.package.archive import zip_archive
from fdt_mlir.package.example import example_source
from fdt_mlir.package.model import Files, FirmwareModel, below
from fdt_mlir.package.templates import fill_folder, values_of


def arduino_package(model: FirmwareModel) -> Files:
    """Return the library in a folder of its name, and `<name>.zip` of that folder."""
    name = model.name
    sketch = f"{name}_example"
    files = {
        **fill_folder("arduino", values_of(model)),
        **model.placed(f"{name}/src", f"{name}/src"),
        f"{name}/examples/{sketch}/{sketch}.ino": example_source(model, "arduino.cpp"),
    }
    return {**files, f"{name}.zip": zip_archive(below(files, name), f"{name}/")}
