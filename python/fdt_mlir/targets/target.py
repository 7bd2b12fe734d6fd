"""What a target is: how to compile for it, and the emulated board that runs the result."""

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class Memory:
    """A range of addresses on a board."""

    origin: int
    size_bytes: int


@dataclass(frozen=True)
class Board:
    """A machine of QEMU and how a program without an operating system lives on it.

    `boot_origin` is where the first 256 bytes (the vector table, or the first instruction) must
    lie. `instructions_per_tick` says how many instructions pass while the counter of
    `start_up_source` advances by one, when QEMU runs one instruction per nanosecond of its own
    time (`-icount shift=0`).
    """

    emulator: str
    machine_arguments: tuple[str, ...]
    boot_origin: int
    code: Memory
    ram: Memory
    stack_bytes: int
    start_up_source: str
    instructions_per_tick: Fraction
    linker_script: str = "bare_metal.ld"


@dataclass(frozen=True)
class Target:
    """A kind of machine: the row of the table in `registry.py`.

    Tools are `tool_prefix` + gcc, size and addr2line. `debian_packages` provide the tools and the
    emulator. `board` is None where programs run directly.
    """

    name: str
    description: str
    tool_prefix: str
    cpu_flags: tuple[str, ...]
    link_flags: tuple[str, ...]
    debian_packages: tuple[str, ...]
    board: Board | None

    @property
    def compiler(self) -> str:
        """Command of the C compiler and linker."""
        return f"{self.tool_prefix}gcc"

    @property
    def install_hint(self) -> str:
        """The command that installs every tool this target needs, on Debian and its kin."""
        return f"sudo apt-get install {' '.join(self.debian_packages)}"
