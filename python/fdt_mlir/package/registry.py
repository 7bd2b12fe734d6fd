"""The table of packages. A new one is a row here, a module of this folder and its templates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from fdt_mlir.errors import UsageError
from fdt_mlir.package.arduino import arduino_package
from fdt_mlir.package.cmake import cmake_package
from fdt_mlir.package.cmsis_pack import cmsis_pack_package
from fdt_mlir.package.esp_idf import esp_idf_package
from fdt_mlir.package.model import Files, FirmwareModel
from fdt_mlir.package.platformio import platformio_package
from fdt_mlir.package.zephyr import zephyr_package

PACKAGES: Mapping[str, Callable[[FirmwareModel], Files]] = MappingProxyType(
    {
        "cmake": cmake_package,
        "zephyr": zephyr_package,
        "arduino": arduino_package,
        "platformio": platformio_package,
        "esp-idf": esp_idf_package,
        "cmsis-pack": cmsis_pack_package,
    }
)


def package_files(kind: str, model: FirmwareModel) -> Files:
    """Return a package's files, in a folder called as its kind. Raises UsageError for others."""
    if kind not in PACKAGES:
        raise UsageError(f"there is no package '{kind}'; choose from: {', '.join(PACKAGES)}")
    return {f"{kind}/{path}": content for path, content in PACKAGES[kind](model).items()}
