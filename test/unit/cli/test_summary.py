"""What fdt-compile prints: the figures of report.json on one screen, colours on terminals only."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from fdt_mlir import api
from fdt_mlir.report.code_size import CodeSize, measure_code
from fdt_mlir.report.summary import print_summary

MODELS = Path(__file__).parents[3] / "examples" / "models"
SCREEN_LINES, SCREEN_COLUMNS = 24, 100


@pytest.fixture(scope="module")
def kws() -> api.Compiled:
    return api.compile(MODELS / "kws.tflite")


def printed(report: Mapping[str, Any], code: CodeSize | None = None, **console: Any) -> str:
    text = StringIO()
    print_summary(report, Console(file=text, width=SCREEN_COLUMNS, **console), code)
    return text.getvalue()


def test_one_screen_with_the_figures_of_the_report(kws: api.Compiled) -> None:
    report = kws.report
    text = printed(report, CodeSize("cortex-m4", "-O2", 5_000, 13_000))
    lines = text.splitlines()
    assert len(lines) <= SCREEN_LINES
    for title, size in (
        ("untiled", report["arena_bytes_untiled"]),
        ("arena", report["arena_bytes"]),
        ("bound", report["lower_bound_bytes"]),
        ("peak", report["peak"]["live_bytes"]),
        ("paths", -report["paths"][0]["saved_bytes"]),
        ("flash", 18_000),
    ):
        assert re.search(rf"^{title} +{size:,} B ", text, re.MULTILINE), (title, size)
    assert report["paths"][0]["glyph"] in text
    saved = 1 - report["arena_bytes"] / report["arena_bytes_untiled"]
    assert f"{saved:.1%} saved, no more MACs" in text
    assert f"int8, {report['macs_untiled']:,} MACs" in lines[0]


def test_the_peak_lists_the_largest_live_buffers_and_sums_the_rest(kws: api.Compiled) -> None:
    peak = kws.report["peak"]
    sizes = {buffer["name"]: buffer["bytes"] for buffer in kws.report["buffers"]}
    after = printed(kws.report).split("\npeak ")[1].split("\nby step")[0].splitlines()
    listed = [int(line.split(" B ")[0].replace(",", "")) for line in after]
    assert listed[0] == sum(listed[1:]) == peak["live_bytes"]
    assert listed[1] == max(sizes[name] for name in peak["buffers"])


def test_smaller_arenas_are_offered_as_options(kws: api.Compiled) -> None:
    smaller = {"arena_bytes": 1_000, "mac_overhead": 0.125}
    report = {**kws.report, "strategy": "fdt", "pareto": [*kws.report["pareto"], smaller]}
    text = printed(report)
    assert "--strategy auto" in text
    assert "1,000 B  with --ram 1000: 12.5% more MACs" in text
    assert "next" not in printed({**kws.report, "pareto": []})


def test_the_limit_is_shown_with_what_is_left(kws: api.Compiled) -> None:
    limits = {"ram_bytes": 24_576, "mac_overhead": 0.0}
    left = 24_576 - kws.arena_bytes
    assert f"24,576 B  kept, {left:,} B to spare" in printed({**kws.report, "limits": limits})


def test_colours_on_terminals_only_and_ascii_where_there_is_no_more(kws: api.Compiled) -> None:
    assert "\x1b[" not in printed(kws.report)
    assert "\x1b[" in printed(kws.report, force_terminal=True, color_system="standard")

    class AsciiFile(StringIO):
        encoding = "ascii"

    text = AsciiFile()
    print_summary(kws.report, Console(file=text, width=SCREEN_COLUMNS), None)
    assert text.getvalue().isascii()


@pytest.mark.skipif(not shutil.which("gcc"), reason="gcc is not installed")
def test_flash_is_what_the_compiler_makes_of_the_c(kws: api.Compiled) -> None:
    weights_bytes = kws.report["weights_bytes"]
    size = measure_code(kws.sources, weights_bytes, "host")
    assert size is not None
    assert size.constant_bytes >= 0.9 * weights_bytes
    assert size.code_bytes > 0
    assert measure_code(kws.sources, 2**30, "host") is None


def fdt_compile(*arguments: str | Path) -> tuple[str, str]:
    """Run the command, which has to succeed; returns what it printed, errors apart."""
    # A process of its own: the command forks, and a solver's threads do not survive that.
    code = "import sys; from fdt_mlir.cli.compile import main; sys.exit(main())"
    command = [sys.executable, "-c", code, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout, done.stderr


def test_quiet_prints_nothing_and_json_the_report(tmp_path: Path) -> None:
    model = MODELS / "txt.tflite"
    assert fdt_compile(model, "--quiet", "-o", tmp_path / "txt") == ("", "")
    out, err = fdt_compile(model, "--json")
    assert json.loads(out) == json.loads((tmp_path / "txt" / "report.json").read_text())
    assert err == ""


def test_explain_says_why_in_words() -> None:
    out, _ = fdt_compile(MODELS / "txt.tflite", "--explain")
    words = " ".join(out.split())
    assert "The peak is in layer global_average_pooling" in words
    assert "is the least that any layout can need: the arena is exactly that." in words
    assert re.search(r"1,084 B no more MACs <- chosen", words)
