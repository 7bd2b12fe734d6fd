"""What the transform interpreter said, in terms of the schedule: sequence, line, layer, role."""

from __future__ import annotations

import re
from dataclasses import dataclass

from fdt_mlir.bindings import ir
from fdt_mlir.diagnostics import Diagnostic
from fdt_mlir.passes import source_location

_PLACE = re.compile(r"^at (loc\(.*?\)): (.*)$")
_COUNT = re.compile(
    r"op_attrs = (\{.*?\}).* expected to contain (\d+) payloads but it contains (\d+)"
)


@dataclass(frozen=True)
class Step:
    """An operation of a schedule: where it is, and the sequence that holds it."""

    sequence: str
    location: ir.Location


@dataclass(frozen=True)
class _Message:
    location: ir.Location
    text: str


def failure_of(failure: str, step: Step | None = None) -> Diagnostic:
    """Convert the interpreter's text to a diagnostic at the step that failed.

    What it says of other places, such as operations of the model, follows as notes.
    """
    messages = _messages(failure)
    if not messages:
        location = source_location(step.location) if step else None
        return Diagnostic(f"the schedule cannot be applied: {failure.strip()}", location)
    text, hint = _explain(messages[0].text, step)
    place = step.location if step else messages[0].location
    others = [message for message in messages if message.location != place]
    notes = tuple(
        Diagnostic(message.text.strip(), source_location(message.location), severity="note")
        for message in others
        if message.text.strip() and not message.text.startswith("see current operation")
    )
    where = f"in @{step.sequence}: " if step else ""
    return Diagnostic(f"{where}{text}", source_location(place), hint, notes=notes)


def _explain(text: str, step: Step | None) -> tuple[str, str | None]:
    """Say in the user's terms what went wrong, and what to do."""
    count = _COUNT.search(text)
    if count:
        attributes, wanted, found = count.groups()
        return (
            f"{found} operations have {attributes}, but {wanted} should",
            "layers and roles are those that fdt-opt prints of the module in layer form",
        )
    if step is not None and ("could not fuse" in text or "could not find next producer" in text):
        return (
            "nothing inside the loop reads a slice of the operation's result",
            "move the operations that use it into the loop first, nearest first",
        )
    return text.strip(), None


def _messages(failure: str) -> list[_Message]:
    """Split the text by location; lines without one describe an operation at length."""
    found: list[_Message] = []
    for line in failure.splitlines():
        match = _PLACE.match(line)
        location = _parse_location(match.group(1)) if match else None
        if match and location is not None:
            found.append(_Message(location, match.group(2)))
    return found


def _parse_location(text: str) -> ir.Location | None:
    # NOTE: Attribute.parse fails on the subclasses of locations.
    try:
        return ir.Module.parse(f"module {{}} {text}").operation.location
    except ir.MLIRError:
        return None
