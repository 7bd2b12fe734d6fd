"""tools/bench check: measure every figure that limits are set for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rich.markup import escape

from bench.configurations import CONFIGURATIONS
from bench.figures import FIGURES, Measured, Unmeasured, measure
from bench.isolate import Failure, run_isolated
from bench.limits import Check, Limit, exit_status
from bench.models import Model
from bench.store import Store
from bench.tables import console, number, say

_STYLES = {"ok": "green", "MISSED": "bold red", "FAILED": "bold red", "skipped": "yellow"}
_RELATIONS = {"at_most": "<=", "equal_to": "="}
_ROW = "{:<5} {:<24} {:<9} {:<29} {:>12} {:>2} {:>12}  {}"


def checks(
    limits: Sequence[Limit], models: Sequence[Model], timeout_seconds: float
) -> Iterator[list[Check]]:
    """Measure what the limits ask for; yield the checks of one model in one configuration at once.

    Limits of models that are not in `models` are left out.
    """
    order = {name: n for n, name in enumerate(CONFIGURATIONS)}
    by_name = {model.name: (n, model) for n, model in enumerate(models)}
    wanted = sorted(
        (limit for limit in limits if limit.model in by_name),
        key=lambda limit: (by_name[limit.model][0], order[limit.configuration]),
    )
    with TemporaryDirectory() as folder:
        store = Store(Path(folder))
        for (name, configuration), group in groupby(
            wanted, key=lambda limit: (limit.model, limit.configuration)
        ):
            _, model = by_name[name]
            say(f"check: {name}, {configuration}")
            yield _check_group(model, configuration, list(group), store, timeout_seconds)


def _check_group(
    model: Model,
    configuration: str,
    limits: Sequence[Limit],
    store: Store,
    timeout_seconds: float,
) -> list[Check]:
    figures = [figure for figure in FIGURES if any(limit.figure == figure for limit in limits)]
    results: dict[str, Measured | Unmeasured] = {}
    reason = "not measured"
    arguments = (model, configuration, figures, store)
    for item in run_isolated(measure, *arguments, timeout_seconds=timeout_seconds):
        if isinstance(item, Failure):
            reason = item.reason
        else:
            figure, result = item
            results[figure] = result
    # What a crash left unmeasured failed for its reason.
    return [Check(limit, results.get(limit.figure, Unmeasured(reason))) for limit in limits]


def run(
    limits: Sequence[Limit], models: Sequence[Model], timeout_seconds: float
) -> tuple[int, Any]:
    """Measure and print line by line; returns the exit status and what --json writes."""
    out = console()
    header = _ROW.format("issue", "model", "config", "figure", "measured", "", "limit", "verdict")
    out.print(f"[dim]{header}[/]", soft_wrap=True)
    done: list[Check] = []
    for group in checks(limits, models, timeout_seconds):
        for line in _lines(group):
            out.print(line, soft_wrap=True)
        done += group
    _print_summary(done)
    return exit_status(done), [_record(check) for check in done]


def _lines(group: Sequence[Check]) -> Iterator[str]:
    """Write the checks of one model in one configuration; one line where all failed alike."""
    for (issue, reason), same in groupby(group, key=_cause):
        together = list(same)
        if reason is None or len(together) == 1:
            yield from (_line(check, check.limit.figure) for check in together)
        else:
            yield _line(together[0], f"{len(together)} figures of issue {issue}")


def _summary_lines(bad: Sequence[Check]) -> Iterator[str]:
    for _, group in groupby(bad, key=lambda check: (check.limit.model, check.limit.configuration)):
        yield from _lines(list(group))


def _cause(check: Check) -> tuple[int, str | None]:
    result = check.result
    return check.limit.issue, result.reason if isinstance(result, Unmeasured) else None


def _line(check: Check, what: str) -> str:
    limit, result = check.limit, check.result
    is_measured = isinstance(result, Measured)
    text = _ROW.format(
        limit.issue,
        limit.model,
        limit.configuration,
        what,
        number(result.value) if is_measured else "-",
        _RELATIONS[limit.relation],
        number(limit.value),
        check.verdict,
    )
    note = result.note if is_measured else result.reason
    return f"[{_STYLES[check.verdict]}]{escape(text)}[/]" + (f"  {escape(note)}" if note else "")


def _print_summary(done: Sequence[Check]) -> None:
    out = console()
    if not done:
        out.print("No limit is set for these models.")
        return
    bad = [check for check in done if check.verdict in ("MISSED", "FAILED")]
    if bad:
        out.print("\nNot held:")
        for line in _summary_lines(bad):
            out.print(line, soft_wrap=True)
    counts = Counter(check.verdict for check in done)
    out.print(f"\n{len(done)} figures: " + ", ".join(f"{n} {v}" for v, n in counts.items()))


def _record(check: Check) -> dict[str, Any]:
    limit, result = check.limit, check.result
    is_measured = isinstance(result, Measured)
    return {
        "issue": limit.issue,
        "model": limit.model,
        "configuration": limit.configuration,
        "figure": limit.figure,
        "measured": result.value if is_measured else None,
        limit.relation: limit.value,
        "verdict": check.verdict,
        "note": result.note if is_measured else result.reason,
        "reason": limit.reason,
    }
