"""The demo: compile a small keyword-spotting model, run it, and compare it with the reference.

Started by `tools/demo`, which sets everything up first.
"""

import argparse
import importlib.util
import json
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np

from fdt_mlir.targets import run_many

MODEL = Path("examples/models/kws.tflite")
# Outputs of LiteRT's reference kernels for the demo's inputs, for machines without LiteRT.
STORED_REFERENCE = Path("examples/models/kws.reference.npy")
BUILD = Path("build/kws")
FIRST_INPUT = Path("build/kws-input.npz")
FIRST_OUTPUT = Path("build/kws-output.npz")
SAMPLE_COUNT = 20


def main() -> int:
    """Return 0 where all outputs are equal."""
    options = parse_arguments()
    if options.store_reference:
        np.save(STORED_REFERENCE, litert_outputs(random_inputs((1, 49, 10, 1))))
        return 0

    target = options.target or best_target()
    size_kib = MODEL.stat().st_size / 1024
    heading(f"1. Compile {MODEL}: keyword spotting, int8, {size_kib:.0f} KiB on disk")
    run(["fdt-compile", str(MODEL), "-o", str(BUILD)])

    heading(f"2. Run it {describe(target)}")
    report = json.loads((BUILD / "report.json").read_text())
    (source,), (result,) = report["inputs"], report["outputs"]
    inputs = random_inputs(source["shape"])
    np.savez(FIRST_INPUT, **{source["name"]: inputs[0]})
    files = ["--inputs", str(FIRST_INPUT), "--outputs", str(FIRST_OUTPUT)]
    run(["fdt-run", str(BUILD), "--target", target, *files])

    reference, origin = reference_outputs(inputs)
    heading(f"3. Compare with {origin}, for this input and {SAMPLE_COUNT - 1} more")
    first = np.load(FIRST_OUTPUT)[result["name"]]
    others = [one.outputs[0] for one in run_many(BUILD, target, [[one] for one in inputs[1:]])]
    return compare(np.stack([first, *others]), reference, target)


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="tools/demo", description=__doc__)
    parser.add_argument("--target", help="where to run; by default cortex-m4, or host without it")
    parser.add_argument(
        "--store-reference",
        action="store_true",
        help=f"write {STORED_REFERENCE} anew (after the model changed) and stop",
    )
    return parser.parse_args()


def heading(text: str) -> None:
    """Print the title of a step."""
    print(f"\n{text}", flush=True)


def run(command: list[str]) -> None:
    """Show a command and run it; end the demo where it fails."""
    print(f"   $ {shlex.join(command)}\n", flush=True)
    status = subprocess.run(command).returncode
    if status != 0:
        sys.exit(f"{command[0]} failed with exit status {status}; the demo ends here.")


def best_target() -> str:
    """Return the Cortex-M4 where its compiler and emulator are installed, else the host."""
    missing = [tool for tool in ("arm-none-eabi-gcc", "qemu-system-arm") if not shutil.which(tool)]
    if missing:
        print(f"Without {' and '.join(missing)} there is no Cortex-M4 here: running on the host.")
    return "host" if missing else "cortex-m4"


def describe(target: str) -> str:
    """Say in words what the program runs on."""
    return "on this machine" if target == "host" else f"on an emulated {target} in QEMU"


def random_inputs(shape: tuple[int, ...]) -> np.ndarray:
    """Return the demo's inputs, one per row of a new first axis; the same on every machine."""
    random = np.random.RandomState(0)
    return random.randint(-128, 128, (SAMPLE_COUNT, *shape)).astype(np.int8)


def reference_outputs(inputs: np.ndarray) -> tuple[np.ndarray, str]:
    """Return what the reference gives for `inputs`, and where that comes from."""
    if importlib.util.find_spec("ai_edge_litert"):
        return litert_outputs(inputs), "LiteRT's reference kernels (BUILTIN_REF), run here"
    return np.load(STORED_REFERENCE), f"the stored outputs of LiteRT ({STORED_REFERENCE})"


def litert_outputs(inputs: np.ndarray) -> np.ndarray:
    """Run the model in LiteRT on each input, with reference kernels only."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    interpreter = Interpreter(str(MODEL), experimental_op_resolver_type=OpResolverType.BUILTIN_REF)
    interpreter.allocate_tensors()
    (source,), (result,) = interpreter.get_input_details(), interpreter.get_output_details()
    outputs = []
    for sample in inputs:
        interpreter.set_tensor(source["index"], sample)
        interpreter.invoke()
        outputs.append(interpreter.get_tensor(result["index"]))
    return np.stack(outputs)


def compare(outputs: np.ndarray, reference: np.ndarray, target: str) -> int:
    """Show one result beside its reference and the verdict on all; return the exit status."""
    print("   scores of the first input, one per keyword:")
    for name, values in (("reference", reference), (target, outputs)):
        print(f"   {name:>10} " + " ".join(f"{value:4d}" for value in values[0].flatten()))
    differing = int(np.count_nonzero(outputs != reference))
    if differing:
        print(f"\nThe outputs DIFFER: {differing} of {reference.size} values.")
        return 1
    print(f"\nThe outputs are equal: all {reference.size} values of {SAMPLE_COUNT} inputs.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
