"""Every model under every strategy and at several budgets: same outputs, arena as predicted."""

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from e2e.harness import check_bit_exact
from e2e.rewritten import write_cut, write_integer_edges
from e2e.shared_models import shared_model
from e2e.test_large_models import HEADS
from fdt_mlir import api

EXAMPLES = Path(__file__).parents[2] / "examples" / "models"
# In the default run; the other models, which tell the same at greater length, are slow.
QUICK = ("cif", "kws", "mw", "ssd_u8", "txt")
SLOW = ("ae", "cif_f32", "pos", "rad", "res", "ssd")
PUBLIC = (
    *("ad01_int8", "cifar10", "kws_ref_model", "magic_wand"),
    *("pretrainedResnet_quant", "text_class", "vww_96_int8"),
)
BUDGETS = 5
QUICK_BUDGETS = (0, 2)
FEW = {"random_inputs": 3, "constant_inputs": 1}

CHOICES: Mapping[str, Mapping[str, Any]] = {
    "none": {"strategy": "none"},
    "fdt": {"strategy": "fdt"},
    "ffmt": {"strategy": "ffmt"},
    "stream": {"strategy": "stream"},
    "paper": {"strategy": "paper"},
    "auto": {"strategy": "auto"},
    "auto-10": {"strategy": "auto", "max_mac_overhead": 10.0},
    "auto-30": {"strategy": "auto", "max_mac_overhead": 30.0},
}
# Bytes, found reachable by an estimator and a layout that share nothing with this project.
ARENA_LIMITS: Mapping[str, Mapping[str, int]] = {
    "text_class": {"fdt": 2_150, "paper": 4_143, "auto": 1_100},
    "magic_wand": {"fdt": 4_500, "auto": 1_850},
    "cifar10": {"fdt": 45_000, "auto": 20_500, "auto-10": 20_500, "auto-30": 20_500},
    "kws_ref_model": {"fdt": 8_700, "auto": 5_300, "auto-30": 5_300},
    "vww_96_int8": {"fdt": 30_000, "auto": 28_100, "auto-10": 28_100, "auto-30": 28_100},
    "pretrainedResnet_quant": {"fdt": 32_800, "auto": 14_300, "auto-10": 14_300, "auto-30": 14_300},
    "ssd": {"fdt": 835_000, "auto": 325_000, "auto-10": 325_000, "auto-30": 325_000},
    "posenet": {"fdt": 995_000, "auto": 795_000},
    "posenet_int8": {"fdt": 822_000, "auto": 297_000, "auto-10": 297_000, "auto-30": 297_000},
}


def check_tiled(path: Path, sanitize: bool = True, **options: Any) -> api.Compiled:
    """Compare with the reference, also in shadow memory, and the prediction with the result."""
    compiled = check_bit_exact(path, sanitize=sanitize, shadow=True, **{**FEW, **options})
    found = compiled.discovery
    assert compiled.arena_bytes == found.predicted_arena_bytes
    assert compiled.report["macs"] == found.predicted_macs
    assert compiled.arena_bytes <= found.untiled_arena_bytes
    if not options.get("ram_bytes"):
        assert 100 * found.mac_overhead <= options.get("max_mac_overhead", 0)
    return compiled


@cache
def pareto(path: Path) -> tuple[int, ...]:
    """The arenas that can be chosen, in bytes, from the untiled one downwards."""
    found = api.compile(path, strategy="auto").discovery
    return found.untiled_arena_bytes, *(point.arena_bytes for point in found.pareto)


def check_budget(path: Path, number: int) -> None:
    """Compile for one of BUDGETS sizes, evenly from the least arena to just below the untiled."""
    untiled, least = max(pareto(path)), min(pareto(path))
    ram_bytes = least + (untiled - least) * number // BUDGETS
    compiled = check_tiled(path, strategy="auto", ram_bytes=ram_bytes)
    assert compiled.arena_bytes <= ram_bytes


def cases(*groups: tuple[Iterable[str], Iterable[Any], bool]) -> Callable[[Any], Any]:
    """Parametrize by model and a second value, from (models, values, is slow)."""
    slow = {True: [pytest.mark.slow], False: []}
    return pytest.mark.parametrize(
        ("model", "case"),
        [
            pytest.param(model, case, marks=slow[is_slow], id=f"{model}-{case}")
            for models, values, is_slow in groups
            for model in models
            for case in values
        ],
    )


@cases((QUICK, CHOICES, False), (SLOW, CHOICES, True))
def test_own_models_under_every_strategy(model: str, case: str) -> None:
    check_tiled(EXAMPLES / f"{model}.tflite", **CHOICES[case])


@cases(
    (QUICK, QUICK_BUDGETS, False),
    (QUICK, [n for n in range(BUDGETS) if n not in QUICK_BUDGETS], True),
    (SLOW, range(BUDGETS), True),
)
def test_own_models_at_budgets(model: str, case: int) -> None:
    check_budget(EXAMPLES / f"{model}.tflite", case)


@cases(
    (("kws",), ("auto-30",), False),
    (("cif", "mw"), ("fdt", "ffmt", "auto-30"), False),
    (("kws",), ("fdt", "ffmt"), True),
    ((*SLOW, "ssd_u8", "txt"), ("fdt", "ffmt", "auto-30"), True),
)
def test_own_models_on_a_cortex_m4(model: str, case: str) -> None:
    path = EXAMPLES / f"{model}.tflite"
    check_tiled(path, sanitize=False, target="cortex-m4", **CHOICES[case])


def listed(quick: bool) -> Iterable[tuple[Iterable[str], Iterable[str], bool]]:
    for model in PUBLIC:
        for case in CHOICES:
            is_quick = model in ("text_class", "magic_wand", "cifar10", "kws_ref_model")
            if (is_quick and case in ARENA_LIMITS[model]) == quick:
                yield (model,), (case,), not quick


@cases(*listed(quick=True), *listed(quick=False))
def test_public_models_under_every_strategy(model: str, case: str) -> None:
    compiled = check_tiled(shared_model(f"{model}.tflite"), **CHOICES[case])
    limit = ARENA_LIMITS.get(model, {}).get(case)
    assert limit is None or compiled.arena_bytes <= limit


@cases((PUBLIC, range(BUDGETS), True))
def test_public_models_at_budgets(model: str, case: int) -> None:
    check_budget(shared_model(f"{model}.tflite"), case)


@cases((PUBLIC, ("fdt", "ffmt", "auto-30"), True))
def test_public_models_on_a_cortex_m4(model: str, case: str) -> None:
    path = shared_model(f"{model}.tflite")
    check_tiled(path, sanitize=False, target="cortex-m4", **CHOICES[case])


@cases((("ssd", "posenet", "posenet_int8"), CHOICES, True))
def test_large_models_under_every_strategy(model: str, case: str, tmp_path: Path) -> None:
    path = large_model(model, tmp_path)
    compiled = check_tiled(path, random_inputs=1, constant_inputs=0, **CHOICES[case])
    limit = ARENA_LIMITS[model].get(case)
    assert limit is None or compiled.arena_bytes <= limit


def large_model(model: str, folder: Path) -> Path:
    """A large model as the reference can run it: up to the heads, or with integer edges."""
    path = folder / f"{model}.tflite"
    if model == "ssd":
        write_cut(shared_model("ssd.tflite"), HEADS, path)
        return path
    if model == "posenet_int8":
        write_integer_edges(shared_model("posenet.tflite"), path)
        return path
    return shared_model(f"{model}.tflite")
