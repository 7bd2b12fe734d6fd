"""A CMSIS-Pack: a description (PDSC), the files it names, and the archive of both."""

from __future__ import annotations

from fdt_mlir.package.archive import zip_archive
from fdt_mlir.package.example import example_source
from fdt_mlir.package.model import Files, FirmwareModel, below
from fdt_mlir.package.templates import VERSION, fill_folder, values_of

VENDOR = "FDT"


def cmsis_pack_package(model: FirmwareModel) -> Files:
    """Return `<vendor>.<name>.<version>.pack`, and its contents as a folder."""
    pack = f"{VENDOR}.{model.name}"
    sources = [f'<file category="sourceC" name="src/{name}"/>' for name in model.sources]
    values = {**values_of(model), "VENDOR": VENDOR, "SOURCES": "\n".join(sources)}
    files = {
        **fill_folder("cmsis-pack", values),
        **model.placed(f"{pack}/src", f"{pack}/include"),
        f"{pack}/template/main.c": example_source(model, "console.c"),
    }
    return {**files, f"{pack}.{VERSION}.pack": zip_archive(below(files, pack))}
