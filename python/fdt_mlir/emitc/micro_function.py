"""A C function in two forms: one instruction of a core, or plain C99 that computes the same."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class MicroFunction:
    """A C function; `dsp` or `mve` is its text where that extension is there, else `portable`.

    `common` stands after all of them; `calls` names those that it needs.
    """

    dsp: str = ""
    mve: str = ""
    portable: str = ""
    common: str = ""
    calls: tuple[str, ...] = ()
