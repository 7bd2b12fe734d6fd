"""From a model file to a verified module of static shapes, with the numerics of its reference."""

from fdt_mlir.importer.importer import import_model

__all__ = ["import_model"]
