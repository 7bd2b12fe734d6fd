"""The targets of IREE's compiler that this back end knows, as its flags."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fdt_mlir.errors import UsageError


@dataclass(frozen=True)
class IreeMachine:
    """How IREE's compiler is told of a core.

    `triple` is LLVM's, "" for the machine that compiles. `features` are LLVM's; `abi` the calling
    convention's flags.
    """

    name: str
    triple: str
    cpu: str = "generic"
    features: str = ""
    abi: tuple[str, ...] = ()

    def flags(self) -> tuple[str, ...]:
        """Flags of iree-compile that choose the core."""
        chosen = [
            "--iree-hal-target-device=local",
            "--iree-hal-local-target-device-backends=llvm-cpu",
            f"--iree-llvmcpu-target-cpu={self.cpu}",
        ]
        if self.triple:
            chosen.append(f"--iree-llvmcpu-target-triple={self.triple}")
        if self.features:
            chosen.append(f"--iree-llvmcpu-target-cpu-features={self.features}")
        return (*chosen, *self.abi)

    def library_flags(self, object_name: str) -> tuple[str, ...]:
        """The same for kernels in an object file to link, for IREE's static library loader."""
        return (
            *self.flags(),
            "--iree-llvmcpu-link-embedded=false",
            "--iree-llvmcpu-link-static",
            f"--iree-llvmcpu-static-library-output-path={object_name}",
        )


_HARD_FLOAT = ("--iree-llvmcpu-target-float-abi=hard",)

_MACHINES = (
    IreeMachine("host", ""),
    IreeMachine("cortex-m4", "thumbv7em-none-eabihf", "cortex-m4", "+dsp", _HARD_FLOAT),
    IreeMachine("cortex-m7", "thumbv7em-none-eabihf", "cortex-m7", "+dsp", _HARD_FLOAT),
    IreeMachine("cortex-m55", "thumbv8.1m.main-none-eabihf", "cortex-m55", "+dsp", _HARD_FLOAT),
    IreeMachine("riscv32", "riscv32-unknown-elf", "generic-rv32", "+m,+c"),
)
MACHINES: Mapping[str, IreeMachine] = {machine.name: machine for machine in _MACHINES}


def find_iree_machine(name: str) -> IreeMachine:
    """Return the machine of a name. Raises UsageError for one that IREE is not told of."""
    if name not in MACHINES:
        raise UsageError(
            f"the IREE back end has no target '{name}': choose one of {', '.join(MACHINES)}"
        )
    return MACHINES[name]
