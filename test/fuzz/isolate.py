"""Runs functions in processes of their own: a crash or a hang is a result like any other."""

import os
import pickle
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import IO, Any, Generic, TypeVar

Argument = TypeVar("Argument")
Result = TypeVar("Result")

POLL_SECONDS = 0.005


@dataclass(frozen=True)
class Died:
    """A call that gave no result: how it ended."""

    reason: str


@dataclass
class _Call(Generic[Argument]):
    argument: Argument
    process: int
    answer: IO[bytes]
    end: float


def run_isolated(
    function: Callable[[Argument], Result],
    arguments: Iterable[Argument],
    jobs: int = 1,
    seconds: float = 120.0,
) -> Iterator[tuple[Argument, Result | Died]]:
    """Call a function on each argument, in up to `jobs` forked processes at a time.

    Gives each argument with its result as it ends. A call that takes longer than `seconds` is
    ended. The processes start from this one as it is: load modules first, start no threads.
    """
    waiting = iter(arguments)
    running: list[_Call[Argument]] = []
    exhausted = False
    while running or not exhausted:
        while len(running) < jobs and not exhausted:
            try:
                running.append(_start(function, next(waiting), seconds))
            except StopIteration:
                exhausted = True
        for call in list(running):
            ended = _ended(call)
            if ended is not None:
                running.remove(call)
                yield call.argument, ended
        time.sleep(POLL_SECONDS)


def call_isolated(function: Callable[[Argument], Result], argument: Argument) -> Result | Died:
    """Call a function in a process of its own."""
    ((_, result),) = run_isolated(function, [argument])
    return result


def _start(
    function: Callable[[Argument], Any], argument: Argument, seconds: float
) -> _Call[Argument]:
    answer = TemporaryFile()  # noqa: SIM115 - closed with the call that it belongs to
    process = os.fork()
    if process == 0:
        status = 1
        try:
            os.setpgid(0, 0)
            pickle.dump(function(argument), answer)
            answer.flush()
            status = 0
        finally:
            os._exit(status)
    return _Call(argument, process, answer, time.monotonic() + seconds)


def _ended(call: _Call[Any]) -> Any:
    """The result of a call, how it died, or None while it runs."""
    process, status = os.waitpid(call.process, os.WNOHANG)
    if process:
        code = os.waitstatus_to_exitcode(status)
        if code == 0:
            call.answer.seek(0)
            return pickle.load(call.answer)
        name = signal.Signals(-code).name if code < 0 else f"status {code}"
        return Died(f"ended by {name}")
    if time.monotonic() > call.end:
        # Its compilers and programs with it.
        os.killpg(call.process, signal.SIGKILL)
        os.waitpid(call.process, 0)
        return Died("took too long")
    return None
