"""What every command does around its work: exit statuses, and a child process that may crash."""

import faulthandler
import os
import shlex
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from types import FrameType

from fdt_mlir.errors import CompileError, ExitStatus, UsageError

MainFunction = Callable[[Sequence[str]], int]

# As a shell reports a program ended by SIGINT, SIGTERM or SIGPIPE.
INTERRUPTED = 130
TERMINATED = 143
OUTPUT_CLOSED = 141

_STOP_REQUESTS = (signal.SIGINT, signal.SIGTERM)


def run_guarded(
    main_function: MainFunction, argv: Sequence[str] | None = None, program: str | None = None
) -> int:
    """Run the body of a command in a child process and return the exit status of the command.

    `argv` are the arguments after the program's name, by default those of this process; `program`
    is the name to show, by default that of this process. The body runs in a forked child, so that
    a crash inside a binding ends the child only: it becomes a message that names the signal, the
    command that reproduces it, and INTERNAL_ERROR. Where there is no fork the body runs directly.

    The child ends without the parent's clean-up handlers; what it printed is flushed. Since it is
    a process of its own, nothing that the body does to Python objects is seen by the caller.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    name = program or Path(sys.argv[0]).name
    if not hasattr(os, "fork"):
        return _run_body(main_function, arguments, name)
    # What is still buffered would be printed by both processes.
    _flush()
    # A request to stop must find its handler in place, in whichever process it arrives.
    signal.pthread_sigmask(signal.SIG_BLOCK, _STOP_REQUESTS)
    child = os.fork()
    if child == 0:
        _run_child(main_function, arguments, name)
    return _wait(child, arguments, name)


def _run_child(main_function: MainFunction, arguments: Sequence[str], name: str) -> None:
    """Run the body and end this process, whatever happens."""
    status = int(ExitStatus.INTERNAL_ERROR)
    try:
        # An exception instead of sudden death: temporary files and emulators are cleared away.
        signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(TERMINATED))
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOP_REQUESTS)
        if "--debug" in arguments:
            faulthandler.enable()
        status = _run_body(main_function, arguments, name)
    except KeyboardInterrupt:
        status = INTERRUPTED
    finally:
        os._exit(status)


def _run_body(main_function: MainFunction, arguments: Sequence[str], name: str) -> int:
    """Run the body in this process and turn every way it can end into an exit status."""
    try:
        status = _status_of_body(main_function, arguments, name)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader (`| head`) has seen enough. Python flushes again at exit; let that succeed.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = OUTPUT_CLOSED
    except KeyboardInterrupt:
        status = INTERRUPTED
    _flush()
    return status


def _status_of_body(main_function: MainFunction, arguments: Sequence[str], name: str) -> int:
    try:
        return main_function(arguments)
    except SystemExit as error:
        return _exit_status(error)
    except (KeyboardInterrupt, BrokenPipeError):
        raise
    except CompileError as error:
        _show_traceback(arguments)
        _complain(str(error))
        return ExitStatus.INPUT_ERROR
    except UsageError as error:
        _show_traceback(arguments)
        _complain(f"{name}: error: {error}")
        return ExitStatus.USAGE_ERROR
    except BaseException as error:
        _show_traceback(arguments)
        detail = " ".join(str(error).split()) or "no message"
        _complain(f"{name}: internal error: {type(error).__name__}: {detail}")
        if "--debug" not in arguments:
            _complain("  rerun with --debug for the traceback")
        _complain(_reproduction(arguments, name))
        return ExitStatus.INTERNAL_ERROR


def _wait(child: int, arguments: Sequence[str], name: str) -> int:
    """Wait for the child, hand on requests to stop, and say so if a signal ended it."""

    def forward(signal_number: int, _frame: FrameType | None) -> None:
        with suppress(ProcessLookupError):
            os.kill(child, signal_number)

    previous = {number: signal.signal(number, forward) for number in _STOP_REQUESTS}
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOP_REQUESTS)
    try:
        _, wait_status = os.waitpid(child, 0)
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
    status = os.waitstatus_to_exitcode(wait_status)
    if status >= 0:
        return status
    if -status in _STOP_REQUESTS:
        return 128 - status
    _complain(f"{name}: internal error: ended by {_signal_name(-status)}")
    _complain(_reproduction(arguments, name))
    return ExitStatus.INTERNAL_ERROR


def _exit_status(error: SystemExit) -> int:
    if error.code is None or isinstance(error.code, int):
        return error.code or ExitStatus.DONE
    _complain(str(error.code))
    return ExitStatus.INPUT_ERROR


def _signal_name(number: int) -> str:
    name = signal.Signals(number).name
    if number == signal.SIGKILL:
        return f"{name} (the system may have run out of memory)"
    return f"{name} ({signal.strsignal(number)})"


def _reproduction(arguments: Sequence[str], name: str) -> str:
    return f"  to reproduce: cd {shlex.quote(os.getcwd())} && {shlex.join([name, *arguments])}"


def _show_traceback(arguments: Sequence[str]) -> None:
    if "--debug" in arguments:
        traceback.print_exc()


def _complain(message: str) -> None:
    print(message, file=sys.stderr)


def _flush() -> None:
    sys.stdout.flush()
    sys.stderr.flush()
