"""Run a measurement in a process of its own, so that a crash or a hang costs one result."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import IO, Any

_SHOWN_LINES = 3


@dataclass(frozen=True)
class Failure:
    """Why there is no result, in a line or a few."""

    reason: str


def run_isolated(
    function: Callable[..., Iterator[Any]], *arguments: Any, timeout_seconds: float
) -> Iterator[Any]:
    """Yield what `function(*arguments)` yields in a new process.

    Where the process dies or takes longer than `timeout_seconds`, the last item is a Failure; what
    it gave before is kept. Function and arguments are pickled: a fork of this process would lack
    the threads that MLIR may have started in it, and wait for them.
    """
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    with tempfile.NamedTemporaryFile(mode="w+", errors="replace") as printed:
        process = context.Process(target=_serve, args=(sender, printed.name, function, arguments))
        process.start()
        sender.close()
        try:
            yield from _receive(process, receiver, printed, time.monotonic() + timeout_seconds)
        finally:
            _end(process)
            receiver.close()


def _receive(
    process: Any, receiver: Connection, printed: IO[str], deadline: float
) -> Iterator[Any]:
    while True:
        if not receiver.poll(max(deadline - time.monotonic(), 0)):
            yield Failure("took too long")
            return
        try:
            is_item, value = receiver.recv()
        except EOFError:
            process.join()
            yield Failure(_describe_death(process.exitcode, printed))
            return
        if not is_item:
            return
        yield value


def _serve(
    sender: Connection, printed: str, function: Callable[..., Iterator[Any]], arguments: Any
) -> None:
    # A group of its own, so that compilers and emulators that it starts can be ended with it.
    os.setpgid(0, 0)
    output = os.open(printed, os.O_WRONLY | os.O_APPEND)
    os.dup2(output, 1)
    os.dup2(output, 2)
    try:
        for value in function(*arguments):
            sender.send((True, value))
        sender.send((False, None))
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)


def _describe_death(exit_code: int, printed: IO[str]) -> str:
    printed.seek(0)
    last = " | ".join(printed.read().strip().splitlines()[-_SHOWN_LINES:])
    cause = f"ended with status {exit_code}"
    if exit_code < 0:
        cause = f"crashed with {signal.Signals(-exit_code).name}"
    return f"{cause}: {last}" if last else cause


def _end(process: Any) -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        # It never became a group, or the group is gone already.
        process.kill()
    process.join()
