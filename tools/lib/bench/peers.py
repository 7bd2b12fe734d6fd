"""The recorded figures of other tools on the same files (peers.json beside the public models)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

Peers = Mapping[str, Mapping[str, Any]]


def load_peers(shared: Path) -> Peers:
    """Return for each model what is known of it; nothing where the file is not here.

    Keys: arena_used, head, tinyengine, vela, msf_cnn (bytes), instructions_reference_kernels,
    instructions_cmsis_nn, stack. A key is absent where the figure is not known.
    """
    path = shared / "peers.json"
    if not path.is_file():
        return {}
    recorded = json.loads(path.read_text(encoding="utf-8"))["models"]
    return {name: _flatten(entry) for name, entry in recorded.items()}


def _flatten(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    tflm = entry.get("tflm", {})
    known = {
        "arena_used": tflm.get("arena_used"),
        "head": tflm.get("head", entry.get("tflm_head")),
        "tinyengine": entry.get("tinyengine_scheduler"),
        "vela": entry.get("vela_size"),
        # Its least, without a limit on extra work.
        "msf_cnn": min(entry.get("msf_cnn_with_io", {}).values(), default=None),
        "instructions_reference_kernels": tflm.get("instructions_reference_kernels"),
        "instructions_cmsis_nn": tflm.get(
            "instructions_cmsis_nn", entry.get("instructions_cmsis_nn")
        ),
        "stack": tflm.get("stack"),
    }
    return {name: value for name, value in known.items() if value is not None}
