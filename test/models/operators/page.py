"""docs/operators.md, made from the cases that the tests compile and run."""

from collections.abc import Iterator, Sequence
from typing import get_args

from models.operators import GROUPS
from models.operators.case import Case, Element

_ELEMENTS: tuple[Element, ...] = get_args(Element)
_START = """\
# Operators of TFLite models

Made by `tools/docs` from the cases of `test/models/operators`, which
`test/e2e/test_operators.py` compiles, runs under sanitizers and compares with the reference:
LiteRT's reference kernels (TensorFlow Lite Micro's where LiteRT has none), bit by bit for integers,
within 1e-5 of the greatest magnitude for floats.

| | |
|---|---|
| yes | every case is compiled and equals the reference |
| partly | some cases end with a diagnostic, see below the table |
| no | all of them do |
| | the reference has no such kernel |

`int8` and `int16` are quantised activations; weights are int8 for both, the bias of int16 is int64.
uint8 is computed as int8. What is not in the tables ends with a diagnostic that names the operator,
where it is, and what to do.
"""


def page() -> str:
    """The page as it should be."""
    sections = [_section(title, cases) for title, cases in GROUPS.items()]
    return "\n".join([_START, *sections])


def _section(title: str, cases: Sequence[Case]) -> str:
    codes = sorted({case.code for case in cases})
    rows = [_row(code, [case for case in cases if case.code == code]) for code in codes]
    refused = [line for case in cases for line in _refusals(case)]
    lines = [
        f"## {title}",
        f"| operator | {' | '.join(_ELEMENTS)} | cases |",
        f"|---|{'---|' * len(_ELEMENTS)}---|",
        *rows,
        "",
        *(["Refused:", "", *refused, ""] if refused else []),
    ]
    return "\n".join(lines)


def _row(code: str, cases: Sequence[Case]) -> str:
    verdicts = [_verdict(cases, element) for element in _ELEMENTS]
    names = ", ".join(case.name.replace("_", " ") for case in cases)
    return f"| `{code}` | {' | '.join(verdicts)} | {names} |"


def _verdict(cases: Sequence[Case], element: Element) -> str:
    refused = [element in case.refused for case in cases if element in case.elements]
    if not refused:
        return ""
    return "no" if all(refused) else "partly" if any(refused) else "yes"


def _refusals(case: Case) -> Iterator[str]:
    """A line for each reason why element types are refused."""
    reasons: dict[str, list[str]] = {}
    for element in case.elements:
        reason = case.refused.get(element)
        if reason:
            reasons.setdefault(reason, []).append(element)
    for reason, elements in reasons.items():
        title = case.name.replace("_", " ")
        yield f"- `{case.code}`, {title}, {', '.join(elements)}: {reason}"
