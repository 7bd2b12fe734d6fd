"""The limits, read from limits.json, and the judgement of a figure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from bench.figures import Measured, Unmeasured, Value

LIMITS_FILE = Path(__file__).with_name("limits.json")
Verdict = Literal["ok", "MISSED", "FAILED", "skipped"]


@dataclass(frozen=True)
class Limit:
    """What one figure of one model in one configuration must hold."""

    issue: int
    model: str
    configuration: str
    figure: str
    relation: Literal["at_most", "equal_to"]
    value: Value
    reason: str

    def holds(self, measured: Value) -> bool:
        """Tell whether a value keeps the limit."""
        if self.relation == "equal_to":
            return measured == self.value
        if isinstance(measured, str) or isinstance(self.value, str):
            raise TypeError(f"{self.figure}: '{measured}' is no number to compare")
        return measured <= self.value


@dataclass(frozen=True)
class Check:
    """A limit and what was measured."""

    limit: Limit
    result: Measured | Unmeasured

    @property
    def verdict(self) -> Verdict:
        """ok; MISSED; FAILED: could not be measured; skipped: something is not installed."""
        if isinstance(self.result, Unmeasured):
            return "skipped" if self.result.excusable else "FAILED"
        return "ok" if self.limit.holds(self.result.value) else "MISSED"


def exit_status(checks: Sequence[Check]) -> int:
    """1 where a figure was missed or could not be had, or nothing was measured at all; else 0."""
    verdicts = [check.verdict for check in checks]
    return 0 if "ok" in verdicts and not {"MISSED", "FAILED"} & set(verdicts) else 1


def load_limits(path: Path = LIMITS_FILE) -> tuple[Limit, ...]:
    """Read the limits in the order of the file.

    Raises ValueError for an entry that sets no limit, two kinds of them, or none for its models.
    """
    entries = json.loads(path.read_text(encoding="utf-8"))["limits"]
    return tuple(limit for entry in entries for limit in _expand(entry))


def _expand(entry: Mapping[str, Any]) -> Iterator[Limit]:
    relations = [name for name in ("at_most", "equal_to") if name in entry]
    if len(relations) != 1:
        raise ValueError(f"an entry needs either 'at_most' or 'equal_to': {entry}")
    given = entry[relations[0]]
    by_model = given if isinstance(given, dict) else dict.fromkeys(entry.get("models", ()), given)
    if not by_model:
        raise ValueError(f"an entry names no model: {entry}")
    for model, value in by_model.items():
        for configuration in entry["configurations"]:
            yield Limit(
                entry["issue"],
                model,
                configuration,
                entry["figure"],
                relations[0],
                value,
                entry["reason"],
            )
