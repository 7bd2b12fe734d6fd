"""Instructions of each step of an inference: programs that end after the first, the second, ..."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

_INVOKE = re.compile(r"_invoke\(void \*arena\) \{\n")
# A call with its comment, or a loop over tiles: what stands directly in the function.
_STEP = re.compile(r"^  (?:/\* (?P<layer>.*?) \*/|for \()", re.MULTILINE)
_COMMENT = re.compile(r"^    +/\* (.*?) \*/", re.MULTILINE)


@dataclass(frozen=True)
class Step:
    """A layer, or a loop over tiles of several; `start`: where its text begins."""

    name: str
    start: int


def find_steps(source: str) -> list[Step]:
    """The steps of the function that runs a model, in order."""
    invoke = _INVOKE.search(source)
    assert invoke is not None, "the C of a model has one function to run it"
    found = list(_STEP.finditer(source, invoke.end()))
    ends = [match.start() for match in found[1:]] + [len(source)]
    steps: list[Step] = []
    for match, end in zip(found, ends, strict=True):
        inner = _COMMENT.findall(source[match.start() : end])
        names = [text.split(":")[0] for text in inner]
        steps.append(Step(match["layer"] or f"tiles of {', '.join(names)}", match.start()))
    return steps


def step_instructions(folder: Path, count: Callable[[Path], int]) -> Iterator[tuple[str, int]]:
    """Yield the name of each step of the model in `folder`, and what `count` grows by with it."""
    (source,) = folder.glob("*.c")
    text = source.read_text(encoding="utf-8")
    steps = find_steps(text)
    totals: list[int] = []
    for step in steps:
        with TemporaryDirectory() as scratch:
            shortened = Path(scratch) / folder.name
            shutil.copytree(folder, shortened)
            ended = f"{text[: step.start]}  return 0;\n{text[step.start :]}"
            (shortened / source.name).write_text(ended, encoding="utf-8")
            totals.append(count(shortened))
    totals.append(count(folder))
    for step, before, after in zip(steps, totals, totals[1:], strict=False):
        yield step.name, after - before
