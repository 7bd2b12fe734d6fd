"""The C header of a compiled model: sizes, places and types as macros, the functions."""

from __future__ import annotations

from textwrap import wrap

from fdt_mlir.report.facts import Arena, Facts, Port

_COMMENT_COLUMNS = 85
_C_TYPES = {"float32": "float", "float64": "double", "bool": "bool"}


def print_header(name: str, facts: Facts, selftest: bool = False) -> str:
    """Write the header of model `name` (a C identifier); C99 and C++.

    `selftest`: whether there is a self-test to declare.
    """
    prefix = name.upper()
    lines = [
        *_introduction(name, facts),
        f"#ifndef {prefix}_H",
        f"#define {prefix}_H",
        "",
        "#include <stdbool.h>",
        "#include <stdint.h>",
        "",
    ]
    for arena in facts.arenas:
        lines += _arena(f"{prefix}_{arena.name.upper()}", arena, facts.arena_align)
    for side, ports in (("INPUT", facts.inputs), ("OUTPUT", facts.outputs)):
        lines.append(f"#define {prefix}_{side}_COUNT {len(ports)}")
        for number, port in enumerate(ports):
            lines += _port(f"{prefix}_{side}_{number}", port, facts)
        lines.append("")
    lines += [
        "#ifdef __cplusplus",
        'extern "C" {',
        "#endif",
        "",
        *_functions(name, facts),
        "",
        *(_selftest_prototype(name, facts) if selftest else ()),
        "#ifdef __cplusplus",
        "}",
        "#endif",
        "",
        f"#endif /* {prefix}_H */",
    ]
    return "\n".join(lines) + "\n"


def _introduction(name: str, facts: Facts) -> list[str]:
    inside = f"inside the {_arena_noun(facts)}, at the offsets below"
    streamed = facts.streamed_input
    if streamed is None:
        return [
            f"/* {name}: inputs and outputs live {inside}.",
            f" * Fill the inputs, call {name}_invoke, read the outputs. The bytes of an input are",
            " * reused during the call: fill it anew before each one. */",
        ]
    port = f"{name.upper()}_INPUT_{facts.inputs.index(streamed)}"
    others = len(facts.inputs) > 1
    where = "the others and the outputs live" if others else "the outputs live"
    fill = "fill the others, which are overwritten on the way, " if others else ""
    text = (
        f"{name}: the rows of input {facts.inputs.index(streamed)} are pushed one after the other;"
        f" {where} {inside}. Call {name}_reset once. Then, for each inference, {fill}push"
        f" {port}_ROWS rows of {port}_ROW_BYTES bytes, as many at a time as you like, call"
        f" {name}_invoke and read the outputs. Leave the {_arena_noun(facts)} alone in between."
    )
    return _comment(text)


def _comment(text: str) -> list[str]:
    lines = wrap(text, _COMMENT_COLUMNS, break_long_words=False)
    return [
        f"{'/*' if number == 0 else ' *'} {line}{' */' if line is lines[-1] else ''}"
        for number, line in enumerate(lines)
    ]


def _arena_noun(facts: Facts) -> str:
    return "arena" if len(facts.arenas) == 1 else "arenas"


def _arena(prefix: str, arena: Arena, align: int) -> list[str]:
    # C has no arrays of no bytes, but a memory may be left unused.
    size = f"{prefix}_BYTES" if arena.bytes else "1"
    return [
        f"#define {prefix}_BYTES {arena.bytes}",
        f"#define {prefix}_ALIGN {align}",
        "",
        "/* Declares `var` as an array that serves as the arena, aligned by its union. */",
        f"#define {prefix}(var) \\",
        "  union { \\",
        f"    uint8_t bytes[{size}]; \\",
        f"    {_aligned_type(align)} align; \\",
        "  } var",
        "",
    ]


def prototypes(stem: str, facts: Facts) -> dict[str, str]:
    """The functions of a model that the caller calls, by their names without the stem."""
    arenas = [f"void *{arena.name}" for arena in facts.arenas]
    parameters = ", ".join(arenas)
    found = {"invoke": f"int {stem}_invoke({parameters});"}
    if facts.states or facts.streamed_input is not None:
        found["reset"] = f"void {stem}_reset({parameters});"
    if facts.streamed_input is not None:
        rows = f"const {_c_type(facts.streamed_input)} *rows"
        found["push_rows"] = f"int {stem}_push_rows({', '.join([*arenas, rows])}, int count);"
    return found


def _functions(name: str, facts: Facts) -> list[str]:
    """The prototypes, each with a comment."""
    prefix, declared = name.upper(), prototypes(name, facts)
    if len(facts.arenas) == 1:
        arena = f"in an arena of {prefix}_ARENA_BYTES bytes, aligned to {prefix}_ARENA_ALIGN"
    else:
        arena = (
            f"in one arena for each memory, of {prefix}_<MEMORY>_BYTES bytes, aligned to"
            f" {prefix}_<MEMORY>_ALIGN; one of 0 bytes may be null"
        )
    comments = {"invoke": f"Runs the model {arena}. Returns 0 on success."}
    held = ", ".join(_escaped(state.name) for state in facts.states)
    if held:
        comments["reset"] = (
            f"Sets the state that outlives a call of {name}_invoke: {held}. Call it once before the"
            f" first; leave the {_arena_noun(facts)} alone in between, inputs aside."
        )
    if facts.streamed_input is not None:
        and_state = f", and sets the state that outlives an inference: {held}" if held else ""
        comments = {
            "reset": f"Forgets the rows that were pushed{and_state}. Call it before the first"
            " inference.",
            "push_rows": f"Takes the next `count` rows of the input and computes what they allow,"
            f" {arena}. Returns 0, or 1 where the input has fewer rows left: those beyond it are"
            " not taken.",
            "invoke": "Computes the rest once all rows are there, and starts anew. Returns 0 on"
            " success, 1 where rows are missing.",
        }
    blocks = [[*_comment(comment), declared[function]] for function, comment in comments.items()]
    return [line for block in blocks for line in (*block, "")][:-1]


def _selftest_prototype(name: str, facts: Facts) -> list[str]:
    parameters = ", ".join(f"void *{arena.name}" for arena in facts.arenas)
    return [
        "/* Runs the stored samples. Returns 0 if all give what they have to, otherwise 1 + the",
        " * number of the first that does not. */",
        f"int {name}_selftest({parameters});",
        "",
    ]


def _aligned_type(align: int) -> str:
    return "int64_t" if align > 4 else "int32_t"


def _port(prefix: str, port: Port, facts: Facts) -> list[str]:
    shape = ", ".join(str(extent) for extent in port.shape)
    if port.offset is None:
        place = [
            f"#define {prefix}_ROWS {port.rows}",
            f"#define {prefix}_ROW_BYTES {port.bytes // port.rows}",
        ]
    else:
        place = [f"#define {prefix}_OFFSET {port.offset}"]
    lines = [
        f'#define {prefix}_NAME "{_escaped(port.name)}"',
        *place,
        f"#define {prefix}_BYTES {port.bytes}",
        f"#define {prefix}_TYPE {_c_type(port)}",
        f"#define {prefix}_RANK {len(port.shape)}",
        f"#define {prefix}_SHAPE {{{shape}}}",
    ]
    if len(facts.arenas) > 1 and port.offset is not None:
        comment = f"  /* counted from 0: offset in {facts.arenas[port.arena].name} */"
        lines.insert(1, f"#define {prefix}_MEMORY {port.arena}{comment}")
    if port.scale is not None:
        lines.append(f"#define {prefix}_SCALE {port.scale!r}f")
        lines.append(f"#define {prefix}_ZERO_POINT {port.zero_point}")
    return lines


def _c_type(port: Port) -> str:
    return _C_TYPES.get(port.type, f"{port.type}_t")


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
