"""docs/passes.md: every pass with its contract and an example, from its code and its lit test."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from docs import ROOT
from fdt_mlir.pass_options import options_of
from fdt_mlir.passes import Pass
from fdt_mlir.pipeline import PASSES

_HEAD = """\
<!-- Written by `tools/docs` from the passes and their tests; edit those instead. -->
# Passes

Every pass of the compiler, in the order in which it runs them; [architecture.md](architecture.md)
says what the stages hand to each other. Each runs alone, or mixed with MLIR's and IREE's own:

```sh
fdt-opt --show-passes
fdt-opt {example} --pass-pipeline='builtin.module(fdt-place-parts,canonicalize)'
```

The examples are the first case of each pass's test. *After* is what the test demands of the result,
line by line, in order: names are the test's, `...` stands for what it leaves open, and everything
that is not demanded is left out.
"""
_CHECK = re.compile(r"^\s*// CHECK(?:-(LABEL|SAME|NEXT|DAG|NOT|COUNT-\d+))?:\s*(.*)$")
_OTHER_CHECK = re.compile(r"^\s*// [A-Z][A-Z0-9_]*(-[A-Z]+)*(-\d+)?: ")
_MOST_LINES = 48


@dataclass(frozen=True)
class Example:
    """A case of a lit test: what it is about, its code, and what the result has to be."""

    intent: str
    before: str
    after: str


def passes_page() -> str:
    """Write the page. Raises ValueError for a pass without a test."""
    example = "test/kernels/place-parts.mlir"
    page = _HEAD.format(example=example) + "".join(_section(each) for each in PASSES.values())
    return re.sub(r"\n{3,}", "\n\n", page)


def _section(pass_class: type[Pass]) -> str:
    test = _test_of(pass_class.name)
    example = first_case(test.read_text(encoding="utf-8"))
    parts = [f"\n## {pass_class.name}\n", _contract(pass_class), "\n"]
    options = [f"- `{option}`\n" for option in options_of(pass_class).values()]
    if options:
        parts += ["\nOptions and their defaults:\n\n", *options]
    name = test.relative_to(ROOT).as_posix()
    parts.append(f"\nFrom [{name}](../{name}): {example.intent}\n")
    parts.append(f"\n```mlir\n// before\n{example.before}\n```\n")
    parts.append(f"\n```mlir\n// after\n{example.after}\n```\n")
    return "".join(parts)


def _test_of(name: str) -> Path:
    found = sorted((ROOT / "test").glob(f"*/{name.removeprefix('fdt-')}.mlir"))
    if not found:
        raise ValueError(f"pass {name} has no test test/*/{name.removeprefix('fdt-')}.mlir")
    return found[0]


def _contract(pass_class: type[Pass]) -> str:
    """The docstring as Markdown: what is required, ensured, and when it fails, as a list."""
    paragraphs = inspect.cleandoc(pass_class.__doc__ or "").split("\n\n")
    text = "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)
    return re.sub(
        r"(?:^|(?<=\. ))(Requires|Ensures|Fails when|Options)\b:?", r"\n- **\1:**", text, flags=re.M
    ).replace(" \n", "\n")


def first_case(text: str) -> Example:
    """Take the first labelled case of a lit test apart. Raises ValueError where there is none."""
    for segment in re.split(r"^// -----$", text, flags=re.M):
        lines = segment.splitlines()
        labels = [n for n, line in enumerate(lines) if _kind(line) == "LABEL"]
        if labels:
            return _case(lines, labels[0], labels[1] if len(labels) > 1 else len(lines))
    raise ValueError("no case has a CHECK-LABEL")


def _kind(line: str) -> str | None:
    match = _CHECK.match(line)
    return (match[1] or "") if match else None


def _case(lines: list[str], label: int, next_label: int) -> Example:
    comments = [n for n in range(len(lines)) if _is_comment(lines[n])]
    # The intent of the next case stands right above its first check.
    while next_label < len(lines) and (_is_comment(lines[next_label - 1])):
        next_label -= 1
    start = max((n for n in comments if n < label), default=label)
    while start - 1 in comments:
        start -= 1
    intent = [lines[n].lstrip("/ ") for n in comments if start <= n < label]
    checks = [line for line in lines[start:next_label] if _kind(line) is not None]
    code = [
        line
        for line in lines[start:next_label]
        if not _CHECK.match(line) and not _OTHER_CHECK.match(line) and not _is_comment(line)
    ]
    return Example(" ".join(intent), _shortened(code), "\n".join(_readable(checks)))


def _is_comment(line: str) -> bool:
    """Whether a line is prose: a comment, but no directive of lit."""
    is_comment = line.startswith("// ")
    return is_comment and not _CHECK.match(line) and not _OTHER_CHECK.match(line)


def _shortened(lines: list[str]) -> str:
    text = "\n".join(lines).strip("\n")
    text = re.sub(r"\n\s*\n+", "\n", text)
    shown = [line for line in text.splitlines() if not _is_unused(line, text)]
    if len(shown) > _MOST_LINES:
        shown = [*shown[:_MOST_LINES], f"// ... {len(shown) - _MOST_LINES} more lines"]
    return "\n".join(shown)


def _is_unused(line: str, text: str) -> bool:
    """Whether a line names a map for other cases only."""
    named = re.match(r"(#\w+) = ", line)
    return named is not None and len(re.findall(rf"{named[1]}\b", text)) == 1


def _readable(checks: list[str]) -> Iterator[str]:
    """FileCheck's directives as the IR that they ask for."""
    lines: list[str] = []
    for line in checks:
        match = _CHECK.match(line)
        assert match is not None
        kind, text = match[1] or "", _without_patterns(match[2])
        if kind == "SAME" and lines:
            lines[-1] += text if lines[-1].endswith("(") else f" {text}"
        elif kind == "NOT":
            lines.append(f"// nowhere: {text}")
        elif kind.startswith("COUNT"):
            lines.append(f"{text}  // {kind.removeprefix('COUNT-')} times")
        else:
            lines.append(text)
    yield from lines


def _without_patterns(text: str) -> str:
    """Captures by their names, in small letters; what a pattern leaves open as an ellipsis."""
    text = re.sub(r"\[\[([A-Z_0-9]+)(:(?:[^\]]|\](?!\]))*)?\]\]", lambda m: m[1].lower(), text)
    text = re.sub(r"\{\{([a-z_]+)\.\*\}\}", r"\1...", text)
    return re.sub(r"\{\{.*?\}\}", "...", text).replace("\\", "")
