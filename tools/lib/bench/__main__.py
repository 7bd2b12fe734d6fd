"""The command line of tools/bench."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench import ROOT, check, cores, iree, packings, ram, readme, speed
from bench.configurations import CONFIGURATIONS
from bench.limits import load_limits
from bench.models import SHAPES_PREFIX, Model, find_models, find_shapes, select
from bench.peers import load_peers
from bench.tables import say
from fdt_mlir.paths.path_plan import STRATEGIES

_EXAMPLES = """examples:
  tools/bench ram                         RAM of every model by every strategy
  tools/bench ram kws_ref_model 'vww*'    of these
  tools/bench speed examples/kws          instructions, code and stack on a Cortex-M4
  tools/bench cores                       equal outputs on every emulated core?
  tools/bench iree vww_96_int8            what IREE's runtime allocates, by strategy
  tools/bench check --issue 4             every figure that issue 4 sets a limit for
  tools/bench readme                      write README.md's table anew
"""
USAGE_ERROR = 2


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit status."""
    options = parser().parse_args(argv)
    try:
        known = find_models(options.shared)
        if options.with_shapes or any(m.startswith(SHAPES_PREFIX) for m in options.models):
            known += find_shapes()
        models = select(known, options.models)
        status, record = options.run(options, models)
    except ValueError as error:
        say(f"tools/bench: {error}")
        return USAGE_ERROR
    if options.json is not None:
        options.json.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
        say(f"wrote {options.json}")
    return status


def _ram(options: argparse.Namespace, models: Sequence[Model]) -> tuple[int, Any]:
    return ram.run(models, load_peers(options.shared), options.timeout)


def _speed(options: argparse.Namespace, models: Sequence[Model]) -> tuple[int, Any]:
    chosen = _without_large(options, models)
    peers = load_peers(options.shared)
    return speed.run(
        chosen, options.target, options.configurations, options.layers, peers, options.timeout
    )


def _cores(options: argparse.Namespace, models: Sequence[Model]) -> tuple[int, Any]:
    chosen = _without_large(options, models)
    return cores.run(chosen, options.cores, options.strategy, options.timeout)


def _iree(options: argparse.Namespace, models: Sequence[Model]) -> tuple[int, Any]:
    return iree.run(_without_large(options, models), options.timeout)


def _check(options: argparse.Namespace, models: Sequence[Model]) -> tuple[int, Any]:
    issues = options.issue
    limits = [limit for limit in load_limits() if not issues or limit.issue in issues]
    chosen = _without_large(options, models)
    left_out = {limit.model for limit in limits} - {model.name for model in chosen}
    status, record = check.run(limits, chosen, options.timeout)
    if left_out and not options.models:
        say(f"not measured, since not here or large (--large): {', '.join(sorted(left_out))}")
    return status, record


def _readme(options: argparse.Namespace, models: Sequence[Model]) -> tuple[int, Any]:
    readme.run(ROOT / "README.md", models, load_peers(options.shared), options.timeout)
    return 0, None


def _packings(options: argparse.Namespace, models: Sequence[Model]) -> tuple[int, Any]:
    return packings.run(options.families)


def _without_large(options: argparse.Namespace, models: Sequence[Model]) -> list[Model]:
    """Leave out what takes minutes, unless it was asked for."""
    return [m for m in models if options.large or not m.large or m.name in options.models]


def parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    result = argparse.ArgumentParser(
        prog="tools/bench",
        description="Measure what the compiler makes of every model.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = result.add_subparsers(required=True, metavar="COMMAND")
    _add_ram(commands)
    _add_speed(commands)
    _add_cores(commands)
    _add_iree(commands)
    _add_check(commands)
    _add_readme(commands)
    _add_packings(commands)
    return result


def _add_ram(commands: Any) -> None:
    command = commands.add_parser("ram", help="arena bytes by model and strategy")
    _add_models(command)
    _add_common(command, _ram, timeout_seconds=600)


def _add_speed(commands: Any) -> None:
    command = commands.add_parser("speed", help="instructions, code and stack on a target")
    _add_models(command)
    command.add_argument("--target", default="cortex-m4", help="default: cortex-m4")
    command.add_argument(
        "--configurations",
        nargs="+",
        choices=tuple(CONFIGURATIONS),
        default=speed.SPEED_CONFIGURATIONS,
        metavar="NAME",
        help=f"default: {' '.join(speed.SPEED_CONFIGURATIONS)}",
    )
    command.add_argument("--layers", action="store_true", help="also the instructions of each step")
    _add_large(command)
    _add_common(command, _speed, timeout_seconds=1800)


def _add_cores(commands: Any) -> None:
    command = commands.add_parser("cores", help="equal outputs on every emulated core")
    _add_models(command)
    command.add_argument(
        "--cores",
        nargs="+",
        choices=cores.CORES,
        default=cores.CORES,
        metavar="CORE",
        help=f"default: {' '.join(cores.CORES)}",
    )
    command.add_argument("--strategy", choices=STRATEGIES, default="auto", help="default: auto")
    _add_large(command)
    _add_common(command, _cores, timeout_seconds=1800)


def _add_iree(commands: Any) -> None:
    command = commands.add_parser(
        "iree", help="transient memory of IREE modules, and equal outputs"
    )
    _add_models(command)
    _add_large(command)
    _add_common(command, _iree, timeout_seconds=1800)


def _add_check(commands: Any) -> None:
    command = commands.add_parser("check", help="measure every figure that has a limit")
    command.add_argument(
        "--issue", type=int, action="append", help="only its limits (may be given several times)"
    )
    command.add_argument(
        "--only", dest="models", action="append", default=[], metavar="MODEL", help="only this one"
    )
    _add_large(command)
    _add_common(command, _check, timeout_seconds=1800, with_shapes=True)


def _add_readme(commands: Any) -> None:
    command = commands.add_parser("readme", help="write the table of results in README.md")
    command.set_defaults(models=[])
    _add_common(command, _readme, timeout_seconds=600)


def _add_packings(commands: Any) -> None:
    command = commands.add_parser(
        "packings", help="layouts of generated instances that are full to the last byte"
    )
    command.add_argument(
        "--family",
        dest="families",
        nargs="+",
        choices=tuple(packings.FAMILIES),
        default=tuple(packings.FAMILIES),
        metavar="NAME",
        help="default: all",
    )
    command.set_defaults(models=[])
    _add_common(command, _packings, timeout_seconds=600)


def _add_models(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "models", nargs="*", metavar="MODEL", help="names, patterns or .tflite files; default: all"
    )


def _add_large(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--large", action="store_true", help="also the models that take minutes (ssd, posenet)"
    )


def _add_common(
    command: argparse.ArgumentParser, run: Any, timeout_seconds: int, with_shapes: bool = False
) -> None:
    command.set_defaults(run=run, with_shapes=with_shapes)
    command.add_argument("--json", type=Path, metavar="FILE", help="also write the figures there")
    command.add_argument(
        "--shared",
        type=Path,
        default=ROOT.parent / "shared",
        metavar="DIR",
        help="public models and recorded peers; default: ../shared",
    )
    command.add_argument(
        "--timeout", type=float, default=timeout_seconds, metavar="SECONDS", help="per measurement"
    )


if __name__ == "__main__":
    sys.exit(main())
