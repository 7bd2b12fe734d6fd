"""tools/bench: RAM, speed and limits of every model at hand."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
"""The project's folder."""
