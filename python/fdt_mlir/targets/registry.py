"""The table of targets. A new one is a row here; only a new architecture needs a start-up file."""

from fractions import Fraction
from types import MappingProxyType

from fdt_mlir.errors import UsageError
from fdt_mlir.targets.target import Board, Memory, Target

_KIB = 1024
_MIB = 1024 * _KIB


def _instructions_per_tick(clock_hz: int) -> Fraction:
    """Instructions per tick of a clock, at one instruction per nanosecond."""
    return Fraction(1_000_000_000, clock_hz)


def _cortex_m(name: str, cpu_flags: tuple[str, ...], description: str, board: Board) -> Target:
    return Target(
        name=name,
        description=description,
        tool_prefix="arm-none-eabi-",
        cpu_flags=(f"-mcpu={name}", "-mthumb", *cpu_flags),
        link_flags=("-nostartfiles",),
        debian_packages=(
            "gcc-arm-none-eabi",
            "libnewlib-arm-none-eabi",
            "qemu-system-arm",
        ),
        board=board,
    )


def _mps2(machine: str, psram_origin: int) -> Board:
    """Boards whose 16 MiB of PSRAM hold code and constants, and whose core runs at 25 MHz."""
    return Board(
        emulator="qemu-system-arm",
        machine_arguments=("-M", machine),
        boot_origin=0x0000_0000,
        code=Memory(psram_origin, 16 * _MIB),
        ram=Memory(0x2000_0000, 4 * _MIB),
        stack_bytes=64 * _KIB,
        start_up_source="cortex_m.c",
        instructions_per_tick=_instructions_per_tick(25_000_000),
    )


_MICROBIT = Board(
    emulator="qemu-system-arm",
    # The real chip has 256 KiB of flash and 16 KiB of RAM: too little for most models and the
    # harness beside them.
    machine_arguments=(
        *("-M", "microbit"),
        *("-global", f"nrf51-soc.sram-size={256 * _KIB}"),
        *("-global", f"nrf51-soc.flash-size={1 * _MIB}"),
    ),
    boot_origin=0x0000_0000,
    code=Memory(0x0000_0100, 1 * _MIB - 0x100),
    ram=Memory(0x2000_0000, 256 * _KIB),
    stack_bytes=16 * _KIB,
    start_up_source="cortex_m.c",
    instructions_per_tick=_instructions_per_tick(16_000_000),
)

_MPS2_AN505 = Board(
    emulator="qemu-system-arm",
    machine_arguments=("-M", "mps2-an505"),
    boot_origin=0x1000_0000,
    code=Memory(0x1000_0100, 4 * _MIB - 0x100),
    ram=Memory(0x3800_0000, 4 * _MIB),
    stack_bytes=64 * _KIB,
    start_up_source="cortex_m.c",
    instructions_per_tick=_instructions_per_tick(20_000_000),
)

_MPS3_AN547 = Board(
    emulator="qemu-system-arm",
    machine_arguments=("-M", "mps3-an547"),
    boot_origin=0x0000_0000,
    code=Memory(0x1100_0000, 2 * _MIB),
    ram=Memory(0x3100_0000, 4 * _MIB),
    stack_bytes=64 * _KIB,
    start_up_source="cortex_m.c",
    instructions_per_tick=_instructions_per_tick(32_000_000),
)

_RISCV_VIRT = Board(
    emulator="qemu-system-riscv32",
    machine_arguments=("-M", "virt", "-cpu", "rv32", "-bios", "none"),
    boot_origin=0x8000_0000,
    code=Memory(0x8000_0100, 32 * _MIB - 0x100),
    ram=Memory(0x8200_0000, 16 * _MIB),
    stack_bytes=64 * _KIB,
    start_up_source="riscv.c",
    instructions_per_tick=Fraction(1),
)

TARGETS = MappingProxyType(
    {
        target.name: target
        for target in (
            Target(
                name="host",
                description="this machine, with gcc",
                tool_prefix="",
                cpu_flags=(),
                link_flags=(),
                debian_packages=("gcc", "libc6-dev"),
                board=None,
            ),
            _cortex_m("cortex-m0", (), "Armv6-M, QEMU microbit with more memory", _MICROBIT),
            _cortex_m(
                "cortex-m3", (), "Armv7-M, QEMU mps2-an385", _mps2("mps2-an385", 0x2100_0000)
            ),
            _cortex_m(
                "cortex-m4",
                ("-mfpu=fpv4-sp-d16", "-mfloat-abi=hard"),
                "Armv7E-M with DSP and FPU, QEMU mps2-an386",
                _mps2("mps2-an386", 0x2100_0000),
            ),
            _cortex_m(
                "cortex-m7",
                ("-mfpu=fpv5-d16", "-mfloat-abi=hard"),
                "Armv7E-M with DSP and FPU, QEMU mps2-an500",
                _mps2("mps2-an500", 0x6000_0000),
            ),
            _cortex_m(
                "cortex-m33",
                ("-mfpu=fpv5-sp-d16", "-mfloat-abi=hard"),
                "Armv8-M with DSP and FPU, QEMU mps2-an505",
                _MPS2_AN505,
            ),
            _cortex_m(
                "cortex-m55",
                ("-mfloat-abi=hard",),
                "Armv8.1-M with Helium, QEMU mps3-an547",
                _MPS3_AN547,
            ),
            Target(
                name="riscv32",
                description="RV32IMC, QEMU virt",
                tool_prefix="riscv64-unknown-elf-",
                cpu_flags=(
                    *("-march=rv32imc", "-mabi=ilp32", "-misa-spec=2.2"),
                    *("-mcmodel=medany", "--specs=picolibc.specs"),
                ),
                link_flags=("-nostartfiles",),
                debian_packages=(
                    "gcc-riscv64-unknown-elf",
                    "picolibc-riscv64-unknown-elf",
                    "qemu-system-misc",
                ),
                board=_RISCV_VIRT,
            ),
        )
    }
)


def find_target(name: str) -> Target:
    """Return the target called `name`. Raises UsageError that lists the names there are."""
    if name not in TARGETS:
        raise UsageError(f"there is no target '{name}'; choose from: {', '.join(TARGETS)}")
    return TARGETS[name]
