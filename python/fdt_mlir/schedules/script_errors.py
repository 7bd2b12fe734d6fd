"""What the transform interpreter said, in terms of the schedule: sequence, line, layer, role."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fdt_mlir.bindings import ir
from fdt_mlir.diagnostics import Diagnostic
from fdt_mlir.passes import source_location

_PLACE = re.compile(r"^at (loc\(.*?\)): (.*)$")
_COUNT = re.compile(
    r"op_attrs = (\{.*?\}).* expected to contain (\d+) payloads but it contains (\d+)"
)


@dataclass(frozen=True)
class _Message:
    location: ir.Location
    text: str


def diagnostics_of(failure: str, sequences: Mapping[str, str]) -> list[Diagnostic]:
    """Convert the interpreter's text to one located diagnostic with notes.

    `sequences` gives the name of the sequence that holds the operation at each location.
    """
    messages = _messages(failure)
    if not messages:
        return [Diagnostic(f"the schedule cannot be applied: {failure.strip()}")]
    error, *notes = messages
    location, inner = _caller(error.location)
    sequence = sequences.get(str(location))
    text, hint = _explain(error.text)
    if inner is not None:
        notes.insert(0, _Message(inner, "inside the sequence that is called"))
    return [
        Diagnostic(
            f"in @{sequence}: {text}" if sequence else text,
            source_location(location),
            hint,
            notes=_notes(notes),
        )
    ]


def _explain(text: str) -> tuple[str, str | None]:
    """Say in the user's terms what went wrong, and what to do."""
    count = _COUNT.search(text)
    if count:
        attributes, wanted, found = count.groups()
        return (
            f"{found} operations have {attributes}, expected {wanted}",
            "the schedule does not fit the module: names of layers are printed by fdt-opt",
        )
    if "could not find next producer to fuse" in text:
        return (
            "the operation is not used inside the loop that it should move into",
            "fuse the operations that use it first",
        )
    return text, None


def _messages(failure: str) -> list[_Message]:
    """Split the text; lines without a location belong to the message before them."""
    found: list[_Message] = []
    for line in failure.splitlines():
        match = _PLACE.match(line)
        location = _parse_location(match.group(1)) if match else None
        if match and location is not None:
            found.append(_Message(location, match.group(2)))
    return found


def _parse_location(text: str) -> ir.Location | None:
    try:
        return ir.Location.from_attr(ir.Attribute.parse(text), ir.Context.current)
    except ir.MLIRError:
        return None


def _caller(location: ir.Location) -> tuple[ir.Location, ir.Location | None]:
    """The place in the schedule, and the place in the library that it called, if any."""
    if isinstance(location, ir.CallSiteLoc):
        return location.caller, location.callee
    return location, None


def _notes(messages: Sequence[_Message]) -> tuple[Diagnostic, ...]:
    return tuple(
        Diagnostic(message.text, source_location(message.location), severity="note")
        for message in messages
        if not message.text.startswith("see current operation")
    )
