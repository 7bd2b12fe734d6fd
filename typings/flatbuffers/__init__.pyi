"""Types of `flatbuffers`, which brings none: what the importer uses of it."""

# ruff: noqa: N802, N803 - the names are the package's

from flatbuffers import table as table

class Builder:
    def __init__(self, initialSize: int = 1024) -> None: ...
    def Output(self) -> bytearray: ...
