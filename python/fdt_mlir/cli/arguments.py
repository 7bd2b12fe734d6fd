"""Parsers of command lines whose errors say what to do next."""

from __future__ import annotations

import argparse
import difflib
import re
from typing import NoReturn

from fdt_mlir.errors import UsageError


class CommandParser(argparse.ArgumentParser):
    """Raises UsageError instead of ending the process, with options that look like a wrong one."""

    def error(self, message: str) -> NoReturn:
        """Raise UsageError. `message` is argparse's."""
        told = f"{message}{self._suggestion(message)} ({self.prog} --help lists the options)"
        raise UsageError(told)

    def _suggestion(self, message: str) -> str:
        unknown = re.match(r"unrecognized arguments:.*?(--[\w-]+)", message)
        if unknown is None:
            return ""
        options = [o for action in self._actions for o in action.option_strings]
        close = difflib.get_close_matches(unknown[1], options, n=2, cutoff=0.6)
        return f"; did you mean {' or '.join(close)}?" if close else ""
