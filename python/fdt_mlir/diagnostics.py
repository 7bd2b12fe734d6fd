"""What a user is told: where, what is wrong, the numbers, and the next step."""

from dataclasses import dataclass, field
from typing import Literal

Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True)
class SourceLocation:
    """A place in an input: a file, optionally a line and column, or a named tensor or operation."""

    file: str
    line: int | None = None
    column: int | None = None
    name: str | None = None

    def __str__(self) -> str:
        text = self.file
        if self.line is not None:
            text += f":{self.line}"
            if self.column is not None:
                text += f":{self.column}"
        if self.name:
            text += f" ({self.name})"
        return text


@dataclass(frozen=True)
class Diagnostic:
    """One message. `hint` is the next step for the user, printed on a line of its own."""

    message: str
    location: SourceLocation | None = None
    hint: str | None = None
    severity: Severity = "error"
    notes: tuple["Diagnostic", ...] = field(default=())

    def __str__(self) -> str:
        prefix = f"{self.location}: " if self.location else ""
        lines = [f"{prefix}{self.severity}: {self.message}"]
        if self.hint:
            lines.append(f"  hint: {self.hint}")
        lines += [str(note) for note in self.notes]
        return "\n".join(lines)
