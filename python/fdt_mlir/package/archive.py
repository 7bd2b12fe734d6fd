"""Zip archives whose bytes depend on nothing but their contents."""

from __future__ import annotations

import io
import zipfile

from fdt_mlir.package.model import Files


def zip_archive(files: Files, folder: str = "") -> bytes:
    """Pack files, below `folder` in the archive; the same files always give the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path, content in sorted(files.items()):
            # An entry made by hand bears no time of its own, only the oldest that the format has.
            entry = zipfile.ZipInfo(folder + path)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()
