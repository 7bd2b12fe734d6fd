"""What one run of the command has found out already, shared between its processes."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

Value = TypeVar("Value")


class Store:
    """Values by key, in a folder that lives as long as the command."""

    def __init__(self, folder: Path):
        self._folder = folder

    def remember(self, key: tuple[str, ...], compute: Callable[[], Value]) -> Value:
        """Return the value of `key`; compute it where this is the first question."""
        path = self._folder / hashlib.sha256(repr(key).encode()).hexdigest()
        if path.is_file():
            return pickle.loads(path.read_bytes())
        value = compute()
        path.write_bytes(pickle.dumps(value))
        return value
