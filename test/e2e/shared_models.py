"""The public models and recorded peers, which lie beside the project on some machines only."""

import json
from pathlib import Path
from typing import Any

import pytest

SHARED = Path(__file__).parents[3] / "shared"


def shared_model(name: str) -> Path:
    """The path of a public model; skips the test where it is absent."""
    path = SHARED / "models" / name
    if not path.is_file():
        pytest.skip(f"public model {name} is not here")
    return path


def peer(model: str) -> Any:
    """The recorded figures of other tools for a model; skips the test where they are absent."""
    path = SHARED / "peers.json"
    if not path.is_file():
        pytest.skip("the recorded peers are not here")
    return json.loads(path.read_text())["models"][model]
