"""The example of a package: a program that fills the inputs, runs the model, prints the outputs.

Its C is also C++, needs nothing of the C library but snprintf without floats, and prints line by
line with a function of its surroundings.
"""

from __future__ import annotations

from typing import Literal

from fdt_mlir.package.model import FirmwareModel, Tensor
from fdt_mlir.package.templates import fill_file, values_of

Surroundings = Literal["console.c", "esp_idf.c", "arduino.cpp"]


def example_source(model: FirmwareModel, surroundings: Surroundings) -> str:
    """Return the example as one file.

    `console.c` has main and prints with puts, `esp_idf.c` has app_main, `arduino.cpp` has setup and
    loop, and prints to the serial port.
    """
    values = values_of(model)
    body = fill_file(
        "example/body.c",
        {
            **values,
            "ARENAS": _arenas(model),
            "PLACES": model.places,
            "FUNCTIONS": "\n".join(_helpers(model) + _ports(model)),
            "FILL_INPUTS": _input_calls(model),
            "PRINT_OUTPUTS": "\n".join(f"  print_output_{n}();" for n in range(len(model.outputs))),
        },
    )
    reset = f"\n  {model.name}_reset({model.places});" if model.has_reset else ""
    return fill_file(f"example/{surroundings}", {**values, "BODY": body, "RESET": reset})


def _arenas(model: FirmwareModel) -> str:
    """Storage for every arena, with what the reader has to know of it."""
    if len(model.arenas) == 1:
        comment = "/* All the RAM that the model uses. */"
    else:
        comment = "/* All the RAM that the model uses; have the linker put each into its memory. */"
    names = ((f"{model.name}_{arena}".upper(), arena) for arena in model.arenas)
    return "\n".join([comment, *(f"static {macro}({arena});" for macro, arena in names)])


def _input_calls(model: FirmwareModel) -> str:
    """Fill the inputs; rows come last, as they let the model run."""
    numbered = list(enumerate(model.inputs))
    filled = [f"  fill_input_{n}();" for n, tensor in numbered if not tensor.is_streamed]
    pushed = [n for n, tensor in numbered if tensor.is_streamed]
    return "\n".join([*filled, *(f"  if (push_input_{n}() != 0) return 1;" for n in pushed)])


def _helpers(model: FirmwareModel) -> list[str]:
    """The functions that the tensors of this model need, each after those it calls."""
    inputs = {_meaning(tensor) for tensor in model.inputs}
    outputs = {_meaning(tensor) for tensor in model.outputs}
    wanted = {
        "sample": inputs & {"quantized", "real"},
        "quantize": inputs & {"quantized"},
        "format_real": outputs & {"quantized", "real"},
        **{f"print_{meaning}": {meaning} & outputs for meaning in ("quantized", "real", "whole")},
    }
    return [fill_file(f"example/{name}.c", {}) for name, readers in wanted.items() if readers]


def _ports(model: FirmwareModel) -> list[str]:
    prefix = model.name.upper()
    functions: list[str] = []
    for number, tensor in enumerate(model.inputs):
        port = f"{prefix}_INPUT_{number}"
        value = _input_value(tensor, port, "first + i" if tensor.is_streamed else "i")
        place = _place(number, port, tensor)
        values = {**place, "NAME": model.name, "PLACES": model.places, "VALUE": value}
        kind = "stream" if tensor.is_streamed else "input"
        functions.append(fill_file(f"example/{kind}.c", values))
    for number, tensor in enumerate(model.outputs):
        port = f"{prefix}_OUTPUT_{number}"
        values = {**_place(number, port, tensor), "PRINT": _output_print(tensor, port)}
        functions.append(fill_file("example/output.c", values))
    return functions


def _place(number: int, port: str, tensor: Tensor) -> dict[str, str]:
    return {"NUMBER": str(number), "PORT": port, "ARENA": tensor.arena}


def _meaning(tensor: Tensor) -> Literal["quantized", "real", "whole"]:
    """What the elements are: integers that stand for reals, reals, or integers (or truths)."""
    if tensor.type.startswith("float"):
        return "real"
    return "quantized" if tensor.is_quantized else "whole"


def _input_value(tensor: Tensor, port: str, index: str) -> str:
    """The expression that element `index` of an input gets."""
    if _meaning(tensor) == "real":
        return f"sample({index})"
    if _meaning(tensor) == "whole":
        return "0"
    most = f"{tensor.type.upper()}_MAX"
    least = "0" if tensor.type.startswith("u") else f"{tensor.type.upper()}_MIN"
    quantization = f"{port}_SCALE, {port}_ZERO_POINT"
    return f"({port}_TYPE)quantize(\n    sample({index}), {quantization}, {least}, {most})"


def _output_print(tensor: Tensor, port: str) -> str:
    """The call that prints element `i` of an output."""
    meaning = _meaning(tensor)
    if meaning == "real":
        return "print_real(i, output[i])"
    if meaning == "whole":
        return "print_whole(i, (long)output[i])"
    return f"print_quantized(i, output[i], {port}_SCALE, {port}_ZERO_POINT)"
