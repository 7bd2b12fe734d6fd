"""tools/docs: pages of docs/ that are made from the program itself."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[3]
