"""tools/bench: a missed limit, a crash, or nothing measured must not look like success."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tools" / "lib"))

from bench import check, readme  # noqa: E402  (importable only with the path above)
from bench.configurations import CONFIGURATIONS  # noqa: E402
from bench.cores import CORES, core_rows, cores_alike  # noqa: E402
from bench.figures import FIGURES, Measured, Unmeasured  # noqa: E402
from bench.iree import iree_rows  # noqa: E402
from bench.iree import run as run_iree  # noqa: E402
from bench.isolate import Failure, run_isolated  # noqa: E402
from bench.limits import Check, Limit, exit_status, load_limits  # noqa: E402
from bench.models import SHAPES_PREFIX, find_models, heads_of, select  # noqa: E402
from bench.original_shapes import SHAPES  # noqa: E402

KWS = ROOT / "examples" / "models" / "kws.tflite"
SECONDS = 60.0
# Not at hand everywhere, hence written down: a misspelt name would never be measured.
PUBLIC = {
    *("ad01_int8", "cifar10", "kws_ref_model", "kws_ref_model_float32", "magic_wand", "posenet"),
    *("posenet_int8", "pretrainedResnet_quant", "ssd", "text_class", "vww_96_int8"),
}


def limit(relation: str = "at_most", value: int | str = 100, model: str = "examples/kws") -> Limit:
    return Limit(2, model, "none", "arena_bytes", relation, value, "a test")


@pytest.mark.parametrize(
    ("relation", "value", "measured", "verdict"),
    [
        ("at_most", 100, 100, "ok"),
        ("at_most", 100, 101, "MISSED"),
        ("equal_to", 0, 0, "ok"),
        ("equal_to", 0, -1, "MISSED"),
        ("equal_to", "8f56e193", "8f56e193", "ok"),
        ("equal_to", "8f56e193", "8f56e194", "MISSED"),
    ],
)
def test_a_limit_is_kept_up_to_its_value(
    relation: str, value: int | str, measured: int | str, verdict: str
) -> None:
    assert Check(limit(relation, value), Measured(measured)).verdict == verdict


KEPT = Check(limit(), Measured(100))


@pytest.mark.parametrize(
    ("checks", "status"),
    [
        ([KEPT], 0),
        ([KEPT, Check(limit(), Unmeasured("qemu is not installed", excusable=True))], 0),
        ([KEPT, Check(limit(), Measured(101))], 1),
        ([KEPT, Check(limit(), Unmeasured("does not compile"))], 1),
        ([Check(limit(), Unmeasured("qemu is not installed", excusable=True))], 1),
        ([], 1),
    ],
)
def test_exit_status(checks: list[Check], status: int) -> None:
    assert exit_status(checks) == status


# Measured in a new interpreter: the measurement forks, and a fork of a process in which other tests
# have used MLIR's thread pools may wait forever for a lock that one of their threads held.
_MEASURE = """
import sys
from pathlib import Path
sys.path[:0] = sys.argv[1].split(":")
from bench import check
from bench.limits import Limit
from bench.models import find_models, select
models = select(find_models(Path("nowhere")), ["examples/kws"])
limit = Limit(2, "examples/kws", "none", "arena_bytes", "at_most", int(sys.argv[2]), "a test")
sys.exit(check.run([limit], models, 60.0)[0])
"""


@pytest.mark.parametrize(("most", "status"), [(10**6, 0), (1, 1)])
def test_a_missed_arena_ends_the_command_with_status_1(most: int, status: int) -> None:
    places = f"{ROOT / 'tools' / 'lib'}:{ROOT / 'test'}"
    run = subprocess.run(
        [sys.executable, "-c", _MEASURE, places, str(most)], capture_output=True, text=True
    )
    assert run.returncode == status, run.stdout + run.stderr
    assert ("MISSED" in run.stdout) == bool(status)
    assert ("Not held:" in run.stdout) == bool(status)


def test_a_model_that_does_not_compile_is_a_line(tmp_path: Path) -> None:
    broken = tmp_path / "broken.tflite"
    broken.write_bytes(KWS.read_bytes()[:1000])
    status, record = check.run([limit(model="broken")], select((), [str(broken)]), SECONDS)
    assert status == 1
    assert record[0]["verdict"] == "FAILED"
    assert "truncated or corrupt" in record[0]["note"]


def _crash_after_one() -> Iterator[int]:
    yield 1
    os.kill(os.getpid(), signal.SIGKILL)
    yield 2


def _raise() -> Iterator[int]:
    raise RuntimeError("the reason")
    yield 1


def _hang() -> Iterator[int]:
    time.sleep(SECONDS)
    yield 1


def test_a_crash_keeps_what_came_before_and_is_named() -> None:
    first, failure = run_isolated(_crash_after_one, timeout_seconds=SECONDS)
    assert first == 1
    assert failure == Failure("crashed with SIGKILL")


def test_an_exception_gives_its_reason() -> None:
    (failure,) = run_isolated(_raise, timeout_seconds=SECONDS)
    assert "the reason" in failure.reason


def test_a_hang_is_ended() -> None:
    assert list(run_isolated(_hang, timeout_seconds=0.1)) == [Failure("took too long")]


def test_cores_of_one_code_are_measured_together() -> None:
    groups = cores_alike(CORES)
    assert ["cortex-m4", "cortex-m7", "cortex-m33"] in groups
    assert sorted(core for group in groups for core in group) == sorted(CORES)


def test_a_model_that_fails_is_a_row_for_each_core(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.cores.run_isolated", lambda *_, **__: iter([Failure("crashed")]))
    cores = ["cortex-m0", "cortex-m3", "riscv32"]
    rows = list(core_rows(select((), [str(KWS)]), cores, "none", SECONDS))
    assert [(row["core"], row["error"]) for row in rows] == [(core, "crashed") for core in cores]


def test_iree_modules_are_compared_with_c_and_with_iree_alone() -> None:
    models = select(find_models(Path("/nowhere")), ["examples/ae"])
    row = next(iree_rows(models, 10 * SECONDS))
    assert row["transient_bytes"] < row["iree_least_bytes"] <= row["iree_default_bytes"]
    assert (row["differing"], row["samples"]) == (0, 4)


def test_an_iree_module_that_cannot_be_had_is_a_failure(tmp_path: Path) -> None:
    broken = tmp_path / "broken.tflite"
    broken.write_bytes(KWS.read_bytes()[:100])
    status, record = run_iree(select((), [str(broken)]), SECONDS)
    assert status == 1
    assert [row["strategy"] for row in record["rows"] if "error" in row] == ["none", "fdt", "auto"]


def test_limits_name_figures_configurations_and_models_that_exist() -> None:
    own = {model.name for model in find_models(Path("nowhere"))}
    known = PUBLIC | own | {SHAPES_PREFIX + name for name in SHAPES}
    limits = load_limits()
    assert {entry.figure for entry in limits} <= set(FIGURES)
    assert {entry.configuration for entry in limits} <= set(CONFIGURATIONS)
    assert {entry.model for entry in limits} <= known
    assert all(entry.reason for entry in limits)


@pytest.mark.parametrize(
    "entry",
    [
        {"models": ["kws"]},
        {"models": ["kws"], "at_most": 1, "equal_to": 1},
        {"at_most": 1},
        {"at_most": {}},
    ],
)
def test_an_entry_that_limits_nothing_is_refused(entry: dict[str, object], tmp_path: Path) -> None:
    common = {"issue": 2, "figure": "arena_bytes", "configurations": ["none"], "reason": "a test"}
    path = tmp_path / "limits.json"
    path.write_text(json.dumps({"limits": [{**common, **entry}]}))
    with pytest.raises(ValueError, match="an entry n"):
        load_limits(path)


def test_unknown_model_is_refused_with_the_known_names() -> None:
    with pytest.raises(ValueError, match=r"no model is called 'kwz'.*examples/kws"):
        select(find_models(Path("nowhere")), ["kwz"])


def test_a_model_that_compiles_whole_is_not_cut() -> None:
    assert heads_of(KWS) == ()


def test_readme_block_is_replaced_and_nothing_else() -> None:
    text = f"before\n{readme.BEGIN}old\n{readme.END}after\n"
    expected = f"before\n{readme.BEGIN}new\n{readme.END}after\n"
    assert readme.replace_block(text, "new\n") == expected
    assert readme.BEGIN in (ROOT / "README.md").read_text()
    with pytest.raises(ValueError, match="lacks the marks"):
        readme.replace_block("no marks", "new\n")


def test_readme_table_holds_peers_and_shares() -> None:
    rows = [
        {"model": name, "strategy": strategy, "arena_bytes": size}
        for name in readme.TITLES
        for strategy, size in (("none", 3000), ("auto-0", 1500))
    ]
    known = {"arena_used": 6000, "tinyengine": 5000, "vela": 4000}
    table = readme.table_of(rows, dict.fromkeys(readme.TITLES, known))
    assert "| keyword spotting | 6 000 | 5 000 | 4 000 | 3 000 | **1 500** | 25% |\n" in table
    assert len(table.splitlines()) == 2 + len(readme.TITLES)


def test_readme_table_refuses_a_failed_measurement() -> None:
    rows = [{"model": "ad01_int8", "strategy": "none", "error": "does not compile"}]
    with pytest.raises(ValueError, match="ad01_int8, none: does not compile"):
        readme.table_of(rows, {})
