"""Run tools as a user does, with those of the test environment first on the path."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

STUBS = Path(__file__).parent / "stubs"

_TOOLS = Path(sys.executable).parent


def run_tool(
    *command: str | Path, folder: Path | None = None, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command and return how it ended and what it printed, errors included."""
    return subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        env={
            **os.environ,
            "PATH": f"{_TOOLS}:{os.environ['PATH']}",
            "CMAKE_GENERATOR": "Ninja",
            **(environment or {}),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
    )


def run_well(
    *command: str | Path, folder: Path | None = None, environment: Mapping[str, str] | None = None
) -> str:
    """Run a command that has to succeed, and return what it printed."""
    done = run_tool(*command, folder=folder, environment=environment)
    assert done.returncode == 0, f"{command} failed:\n{done.stdout}"
    return done.stdout
