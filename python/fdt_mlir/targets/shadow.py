"""What the shadow memory found: the line of `support/trace_shadow.c` in words."""

from __future__ import annotations

import re

from fdt_mlir.targets.model import CompiledModel

_LINE = re.compile(
    r"^shadow: (?P<how>\w+) (?P<access>read|write) step=(?P<step>-?\d+) buffer=(?P<buffer>\d+) "
    r"byte=(?P<byte>-?\d+) owner=(?P<owner>-?\d+) owner_step=(?P<owner_step>-?\d+) "
    r"owner_byte=(?P<owner_byte>-?\d+)$",
    re.MULTILINE,
)


def find_violation(model: CompiledModel, messages: str) -> str | None:
    """Say which step of `model` did what to which buffer; None where no violation is reported."""
    match = _LINE.search(messages)
    if match is None:
        return None
    fields = match.groupdict()
    buffer = model.buffers[int(fields["buffer"])]
    who = _step(model, int(fields["step"]))
    place = f"byte {fields['byte']} of buffer '{buffer}'"
    if fields["how"] == "outside":
        return f"{who} {fields['access']}s {place}, outside of it"
    if fields["how"] == "unwritten":
        return f"{who} reads {place}, which nothing has written since the buffer came to life"
    owner = model.buffers[int(fields["owner"])]
    by = _step(model, int(fields["owner_step"]))
    other = f"byte {fields['owner_byte']} of buffer '{owner}'"
    return f"{who} reads {place}, which {by} has overwritten with {other}"


def _step(model: CompiledModel, number: int) -> str:
    return f"step {number} '{model.steps[number].name}'" if number >= 0 else "the caller"
