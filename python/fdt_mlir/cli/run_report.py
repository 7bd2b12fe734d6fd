"""What `fdt-run` prints: the result as data, and the same as text."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from fdt_mlir.targets import Array, CompiledModel, RunResult, Target, TensorSpec
from fdt_mlir.targets.check import Check
from fdt_mlir.targets.samples import Sample

_SHOWN_VALUES = 8
_SHOWN_DIFFERENCES = 5


def fnv1a_32(data: bytes) -> int:
    """Return the 32-bit FNV-1a hash (Fowler, Noll, Vo; RFC 9923)."""
    value = 0x811C9DC5
    for byte in data:
        value = (value ^ byte) * 0x01000193 & 0xFFFFFFFF
    return value


def summarise(
    model: CompiledModel,
    target: str,
    samples: Sequence[Sample],
    results: Sequence[RunResult],
    profile: Sequence[int],
    check: Check | None,
) -> dict[str, Any]:
    """Return everything that is known; outputs and figures are those of the first sample."""
    first = results[0]
    bound = first.stack_bound if first.stack_bytes is not None else None
    summary: dict[str, Any] = {
        "model": model.name,
        "target": target,
        "samples": len(samples),
        "instructions": first.instructions,
        "code_bytes": first.code_bytes,
        "stack_bytes": first.stack_bytes,
        "stack_bound_bytes": bound.size_bytes if bound else None,
        "stack_bound_without": list(bound.library) if bound else [],
        "outputs": [
            _output_summary(tensor, array)
            for tensor, array in zip(model.outputs, first.outputs, strict=True)
        ],
    }
    if profile:
        summary["profile"] = _profile(model, profile)
    if check is not None:
        summary["check"] = _check(check)
    labelled = [pair for pair in zip(samples, results, strict=True) if pair[0].label is not None]
    if labelled:
        right = sum(
            int(np.argmax(result.outputs[0])) == sample.label for sample, result in labelled
        )
        summary["accuracy"] = {"right": right, "samples": len(labelled)}
    return summary


def _profile(model: CompiledModel, profile: Sequence[int]) -> list[dict[str, Any]]:
    return [
        {"step": step.name, "kind": step.kind, "instructions": count}
        for step, count in zip(model.steps, profile, strict=True)
    ]


def _check(check: Check) -> dict[str, Any]:
    return {
        "reference": check.reference,
        "samples": check.samples,
        "equal_samples": check.equal_samples,
        "differences": [f"{name}, {text}" for name, text in check.differences],
    }


def _output_summary(tensor: TensorSpec, array: Array) -> dict[str, Any]:
    return {
        "name": tensor.name,
        "shape": list(tensor.shape),
        "type": tensor.type,
        "fnv1a": f"0x{fnv1a_32(array.tobytes()):08x}",
        "min": array.min().item() if array.size else None,
        "max": array.max().item() if array.size else None,
        "first": np.ravel(array)[:_SHOWN_VALUES].tolist(),
    }


def as_text(summary: Mapping[str, Any]) -> str:
    """Return a summary for people."""
    count = summary["samples"]
    of_many = f", {count} samples; of the first" if count > 1 else ""
    lines = [f"{summary['model']} on {summary['target']}{of_many}"]
    for output in summary["outputs"]:
        shape = "x".join(map(str, output["shape"])) or "scalar"
        values = " ".join(f"{value:.6g}" for value in output["first"])
        more = " ..." if np.prod(output["shape"]) > len(output["first"]) else ""
        lines += [
            f"  output {output['name']}: {output['type']} {shape}, FNV-1a {output['fnv1a']}",
            f"    min {output['min']:.6g}, max {output['max']:.6g}, values {values}{more}",
        ]
    for key, unit in (
        ("instructions", "instructions per inference"),
        ("code_bytes", "bytes of code"),
        ("stack_bytes", f"bytes of stack{_bound_text(summary)}"),
        ("peak_bytes", "bytes allocated at most (with inputs and outputs)"),
    ):
        if summary.get(key) is not None:
            lines.append(f"  {_number(summary[key])} {unit}")
    if summary.get("selftest"):
        lines.append(f"  self-test {summary['selftest']}")
    lines += _profile_text(summary.get("profile", ()))
    if "accuracy" in summary:
        right, labelled = summary["accuracy"]["right"], summary["accuracy"]["samples"]
        lines.append(f"  accuracy {right / labelled:.2%}: {right} of {labelled} samples")
    if "check" in summary:
        lines += _check_text(summary["check"])
    return "\n".join(lines)


def _bound_text(summary: Mapping[str, Any]) -> str:
    if summary["stack_bound_bytes"] is None:
        return ""
    without = summary["stack_bound_without"]
    beside = f" beside {', '.join(without)}" if without else ""
    return f"; at most {_number(summary['stack_bound_bytes'])}{beside}"


def _profile_text(profile: Sequence[Mapping[str, Any]]) -> list[str]:
    total = sum(step["instructions"] for step in profile)
    if not total:
        return []
    rows = [
        f"  {_number(step['instructions']):>14} {step['instructions'] / total:>6.1%}  "
        f"{step['step']} ({step['kind']})"
        for step in profile
    ]
    return [f"  {'instructions':>14}         step", *rows]


def _check_text(check: Mapping[str, Any]) -> list[str]:
    verdict = f"{check['equal_samples']} of {check['samples']} samples equal {check['reference']}"
    shown = check["differences"][:_SHOWN_DIFFERENCES]
    left_out = len(check["differences"]) - len(shown)
    return [
        f"  {verdict}",
        *(f"    {difference}" for difference in shown),
        *([f"    ... and {left_out} more differences"] if left_out else []),
    ]


def _number(value: int) -> str:
    return f"{value:,}".replace(",", " ")


def targets_text(targets: Iterable[Target]) -> str:
    """Return a line for each target: what it is, and whether its tools are here."""
    lines: list[str] = []
    for target in targets:
        commands = [target.compiler, *([target.board.emulator] if target.board else [])]
        missing = [command for command in commands if shutil.which(command) is None]
        state = f"not installed here: {target.install_hint}" if missing else "ready"
        lines.append(f"{target.name:<12} {target.description}; {state}")
    return "\n".join(lines)
