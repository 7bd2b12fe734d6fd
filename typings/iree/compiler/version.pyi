"""Types of `iree.compiler.version`."""

REVISIONS: dict[str, str]
