"""Arrays in .npz files: written complete or not at all, the same bytes for the same arrays."""

import os
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from fdt_mlir.diagnostics import SourceLocation
from fdt_mlir.errors import compile_error
from fdt_mlir.targets.model import Array


def write_archive(path: Path, arrays: Mapping[str, Array], what: str) -> None:
    """Write named arrays. Raises CompileError, which calls them `what`, where that fails."""
    try:
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".fdt-run-") as folder:
            draft = Path(folder) / path.name
            # NOTE: numpy.savez cannot store an array called "file", and stores the time.
            with zipfile.ZipFile(draft, "w") as archive:
                for name, array in arrays.items():
                    entry = zipfile.ZipInfo(f"{name}.npy")
                    with archive.open(entry, "w", force_zip64=True) as file:
                        np.lib.format.write_array(file, array, allow_pickle=False)
            os.replace(draft, path)
    except OSError as error:
        location = SourceLocation(str(path))
        raise compile_error(f"cannot write {what}: {error.strerror}", location) from error


def read_archive(path: Path) -> dict[str, Array]:
    """Read the arrays of an .npz by name. Raises CompileError for anything else."""
    location = SourceLocation(str(path))
    try:
        with np.load(path, allow_pickle=False) as archive:
            return dict(archive)
    except OSError as error:
        raise compile_error(f"cannot read the inputs: {error.strerror}", location) from error
    except (TypeError, ValueError, zipfile.BadZipFile) as error:
        hint = "write it with numpy.savez(path, name=array)"
        raise compile_error(f"this is not an .npz archive: {error}", location, hint) from error
