"""The text of one named sequence of a schedule, line by line."""

from __future__ import annotations

from dataclasses import dataclass, field

from fdt_mlir.attributes import string
from fdt_mlir.bindings import ir


@dataclass
class SequenceText:
    """The named sequence that carries out path number `number`; comments stand before it."""

    number: int
    comments: list[str] = field(default_factory=list[str])
    lines: list[str] = field(default_factory=list[str])

    def text(self) -> str:
        head = (
            f"transform.named_sequence @path_{self.number}(%model: !op {{transform.readonly}}) {{"
        )
        comments = [f"  // {comment}" for comment in self.comments]
        lines = [f"    {line}" for line in self.lines]
        return "\n".join([*comments, f"  {head}", *lines, "    transform.yield", "  }", "", ""])

    def say(self, comment: str) -> None:
        self.comments.append(comment)

    def add(self, *lines: str) -> None:
        self.lines += lines

    def find(self, op: ir.Operation) -> str:
        """Find one operation by layer and role; a schedule stops where it is not exactly one."""
        layer, role, stem = string(op, "fdt.layer"), string(op, "fdt.role"), stem_of(op)
        self.add(
            f"%found_{stem} = transform.structured.match attributes",
            f'  {{fdt.layer = "{layer}", fdt.role = "{role}"}} in %model : (!op) -> !op',
            f"%{stem} = transform.split_handle %found_{stem}",
            "  pass_through_empty_handle = false : (!op) -> !op",
        )
        return f"%{stem}"


def stem_of(op: ir.Operation) -> str:
    """A name for the handle of a marked operation."""
    return f"{string(op, 'fdt.layer')}_{string(op, 'fdt.role')}"
