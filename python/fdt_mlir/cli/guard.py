"""Stand-in until the real guard lands: runs a command in a child, so that a crash is reported."""

import os
import shlex
import sys
import traceback
from collections.abc import Callable

from fdt_mlir.errors import ExitStatus


def run_guarded(body: Callable[[list[str]], int], argv: list[str]) -> int:
    """Run `body(argv)` in a forked child and return its status; 3 where it crashed."""
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child == 0:
        status = int(ExitStatus.INTERNAL_ERROR)
        try:
            status = body(argv)
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)
    _, wait_status = os.waitpid(child, 0)
    if os.WIFSIGNALED(wait_status):
        command = shlex.join([sys.argv[0], *argv])
        print(f"internal error: signal {os.WTERMSIG(wait_status)}: {command}", file=sys.stderr)
        return int(ExitStatus.INTERNAL_ERROR)
    return os.waitstatus_to_exitcode(wait_status)
