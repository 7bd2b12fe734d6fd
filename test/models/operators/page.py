"""docs/operators.md, made from the cases that the tests compile and run."""

import textwrap
from collections.abc import Iterator, Sequence
from typing import get_args

from fdt_mlir.importer.operators import SUPPORTED_OPERATORS, hint_without
from models.operators import GROUPS
from models.operators.case import Case, Element
from models.operators.micro import REFUSED, REFUSED_CUSTOM, VARIABLES

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
uint8 is computed as int8; RESIZE_BILINEAR and L2_NORMALIZATION of uint8 are refused, which LiteRT
rounds otherwise. What is not on this page ends with a diagnostic that names the operator, where it
is, and what to do.
"""
_VARIABLES = """\
## Resource variables
{names} are state too, but not of uint8. Whole
models of int8 and float32 are compared with the reference over consecutive inferences
(`test/e2e/test_resource_variables.py`): variables that are read before and after they are assigned,
hand on what they hold, or keep the last rows of a signal.
The subgraph that `CALL_ONCE` names can only assign constants; without one, a variable is zero at
first (the zero point of int8). A variable that nothing else assigns is a constant.

TensorFlow's converter writes such models with `experimental_enable_resource_variables = True`. What
it quantises keeps state in float32, four bytes for each, unless
`_experimental_variable_quantization = True`.
"""
_MICRO = """\
## What TensorFlow Lite Micro has beyond these
Each ends with a diagnostic:

| operator | what it says to do |
|---|---|
"""
_MORE = """\
## Without cases of their own
The converter translates these too, and nothing here holds them against a reference:
"""


def page() -> str:
    """The page as it should be."""
    sections = [_section(title, cases) for title, cases in GROUPS.items()]
    return "\n".join([_START, *sections, _variables(), _micro(), _more()])


def _variables() -> str:
    return _VARIABLES.format(names=", ".join(f"`{code}`" for code in VARIABLES))


def _micro() -> str:
    rows = [f"| `{code}` | {hint_without(code)} |" for code in REFUSED]
    customs = ", ".join(f"`{name}`" for name in REFUSED_CUSTOM)
    return _MICRO + "\n".join([*rows, f"| custom: {customs} | {hint_without('CUSTOM')} |", ""])


def _more() -> str:
    tested = {case.code for cases in GROUPS.values() for case in cases}
    names = [f"`{code}`" for code in sorted(SUPPORTED_OPERATORS - tested)]
    return _MORE + textwrap.fill(", ".join(names) + ".", width=100) + "\n"


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
