"""Tables on the terminal, and numbers as text."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

# A pipe or a file gets whole rows, however long: they are read by people and by tools.
_WIDE = 240


def console() -> Console:
    """Return the console for results."""
    return Console(width=None if sys.stdout.isatty() else _WIDE, highlight=False)


def say(text: str) -> None:
    """Print progress where somebody watches: on the error stream."""
    print(text, file=sys.stderr, flush=True)


def table(title: str, columns: Sequence[str], left: Sequence[str] = ("model",)) -> Table:
    """Return an empty table; the columns in `left` hold text, the others numbers."""
    result = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="dim")
    for column in columns:
        result.add_column(column, justify="left" if column in left else "right", no_wrap=True)
    return result


def number(value: float | int | str | None) -> str:
    """Write a number with its thousands apart; a dash for none."""
    if value is None:
        return "-"
    return value if isinstance(value, str) else f"{value:,}"


def glyphs(paths: Sequence[str]) -> str:
    """Write paths one after the other, equal ones with their count."""
    counts = Counter(paths)
    return "  ".join(path if count == 1 else f"{count} {path}" for path, count in counts.items())
