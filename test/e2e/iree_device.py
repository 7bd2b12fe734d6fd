"""Runs the kernel object of an IREE module on an emulated core, without IREE's runtime.

What the runtime does there is little: it looks the library's functions up, and calls them with a
table of bindings and a table of constants. The host function of the module says in which
order; here it is written down as C.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from fdt_mlir.iree.backend import IreeCompiled
from fdt_mlir.targets import Array, Program, execute, find_target, load_model
from fdt_mlir.targets.harness import main_source
from fdt_mlir.targets.toolchain import (
    SUPPORT_FOLDER,
    compile_object,
    link_program,
    section_sizes,
)

# The interface of IREE's executable libraries, version 6, as far as it is used here: an entry point
# takes an environment, the state of the dispatch and that of the workgroup.
_PRELUDE = """\
#include "{name}.h"

#include <stddef.h>
#include <stdint.h>

struct dispatch_state {{
  uint32_t workgroup_size_x, workgroup_size_y;
  uint16_t workgroup_size_z, constant_count;
  uint32_t workgroup_count_x, workgroup_count_y;
  uint16_t workgroup_count_z;
  uint8_t max_concurrency, binding_count;
  const uint32_t *constants;
  void *const *bindings;
  const size_t *binding_lengths;
}};
struct workgroup_state {{
  uint32_t x, y;
  uint16_t z, reserved;
  uint32_t processor;
  void *local_memory;
  uint32_t local_memory_size;
}};
typedef int (*entry)(const void *, const struct dispatch_state *, const struct workgroup_state *);
struct library {{
  const void *header;
  struct {{ uint32_t count; const char *const *symbols; }} imports;
  struct {{
    uint32_t count;
    const entry *pointers;
    const void *attributes, *parameters, *occupancy;
    const char *const *names;
  }} exports;
}};
const struct library *const *{name}_kernels_library_query(uint32_t version, const void *);

static int is_equal(const char *one, const char *other) {{
  while (*one && *one == *other) ++one, ++other;
  return *one == *other;
}}

static int dispatch(const char *name, const uint32_t *constants, unsigned constant_count,
                    void *const *bindings, const size_t *lengths, unsigned binding_count) {{
  static const uint64_t environment[32];
  const struct dispatch_state state = {{
      1, 1, 1, (uint16_t)constant_count, 1, 1, 1, 1, (uint8_t)binding_count,
      constants, bindings, lengths}};
  const struct workgroup_state workgroup = {{0, 0, 0, 0, 0, NULL, 0}};
  const struct library *library = (const struct library *)(const void *)
      {name}_kernels_library_query(6, environment);
  for (uint32_t i = 0; i < library->exports.count; ++i) {{
    if (is_equal(library->exports.names[i], name))
      return library->exports.pointers[i](environment, &state, &workgroup);
  }}
  return -1;
}}

int {name}_invoke(void *arena) {{
  char *const base = arena;
"""
_LOOP = re.compile(r"= scf\.for (%\w+) = (%\w+) to (%\w+) step (%\w+)")
_DISPATCH = re.compile(r"stream\.cmd\.dispatch @\w+::@(\w+)(?:\(([^:]*) :[^)]*\))?")
_BINDING = re.compile(r"\b(?:ro|rw) %(\w+)_\[")
_CONSTANT = re.compile(r"(%\w+) = arith\.constant (-?\d+) : index")


class _Places:
    """Inputs, outputs and the module's arena one behind the other in one block of memory."""

    def __init__(self, compiled: IreeCompiled):
        report = compiled.report
        self.offsets: dict[str, int] = {}
        self.bytes: dict[str, int] = {}
        end = 0
        for name, size in (
            *((f"input_{n}", each["bytes"]) for n, each in enumerate(report["inputs"])),
            *((f"output_{n}", each["bytes"]) for n, each in enumerate(report["outputs"])),
            ("arena", report["transient_bytes"]),
        ):
            self.offsets[name], self.bytes[name] = end, size
            end += -(-size // 64) * 64
        self.total = end


def run_kernels(
    compiled: IreeCompiled, target: str, folder: Path, samples: Sequence[Sequence[Array]]
) -> list[Any]:
    """Link the kernels of a module for a core with its host code as C; run it on samples."""
    places = _Places(compiled)
    name, row = compiled.name, find_target(target)
    (folder / f"{name}.c").write_text("\n".join(_invoke(compiled, places)))
    (folder / f"{name}.h").write_text("\n".join(_header(compiled, places)))
    (folder / "report.json").write_text(json.dumps(_report(compiled, places)))
    kernels = folder / f"{name}_kernels.o"
    content = compiled.files[kernels.name]
    assert isinstance(content, bytes)
    kernels.write_bytes(content)
    model = load_model(folder)
    main = folder / "main.c"
    main.write_text(main_source(model))
    assert row.board is not None
    support = ("harness.c", "semihost.c", row.board.start_up_source)
    sources = [main, *model.sources, *(SUPPORT_FOLDER / source for source in support)]
    objects: list[Path] = []
    for source in dict.fromkeys(sources):
        objects.append(folder / f"{source.stem}_linked.o")
        compile_object(row, source, objects[-1], ("-O2",), (folder, SUPPORT_FOLDER))
    program = folder / "program"
    # floorf and the like, where the core has no instruction: IREE's CMakeLists.txt links it too.
    where = [row.compiler, *row.cpu_flags, "-print-file-name=libm.a"]
    libm = Path(subprocess.run(where, capture_output=True, text=True, check=True).stdout.strip())
    libraries = [libm] if libm.is_file() else []
    link_program(row, [*objects, kernels, *libraries], program, ("-O2",))
    sizes = section_sizes(row, [kernels])
    return execute(Program(model, row, program, False, sizes), samples, timeout_seconds=300)


def _invoke(compiled: IreeCompiled, places: _Places) -> Iterator[str]:
    """The host function of the module as C, line by line."""
    module = compiled.module
    host = module[module.index("util.func public @main") :]
    values = dict(_CONSTANT.findall(host))
    yield _PRELUDE.format(name=compiled.name)
    bindings: list[str] | None = None
    entry, counters = "", ""
    for line in host.splitlines():
        if loop := _LOOP.search(line):
            counter = loop[1].strip("%")
            first, end, step = (values[bound] for bound in loop.groups()[1:])
            yield f"for (int32_t {counter} = {first}; {counter} < {end}; {counter} += {step}) {{"
        elif "scf.yield" in line:
            yield "}"
        elif call := _DISPATCH.search(line):
            entry, bindings = call[1], []
            counters = ", ".join(
                f"(uint32_t){each.strip().strip('%').removesuffix('_i32')}"
                for each in (call[2] or "").split(",")
                if each
            )
        elif bindings is not None and (binding := _BINDING.search(line)):
            bindings.append(binding[1])
        elif bindings is not None:
            yield "{"
            pointers = ", ".join(f"base + {places.offsets[each]}" for each in bindings)
            lengths = ", ".join(str(places.bytes[each]) for each in bindings)
            yield f"void *const bindings[] = {{{pointers}}};"
            yield f"static const size_t lengths[] = {{{lengths}}};"
            yield f"const uint32_t counters[] = {{{counters or '0'}}};"
            count = len(counters.split(",")) if counters else 0
            yield f'if (dispatch("{entry}", counters, {count}, bindings, lengths,'
            yield f"             {len(bindings)})) return 1;"
            yield "}"
            bindings = None
    yield "return 0;\n}\n"


def _header(compiled: IreeCompiled, places: _Places) -> Iterator[str]:
    prefix = compiled.name.upper()
    yield f"#define {prefix}_ARENA_BYTES {places.total}"
    yield f"#define {prefix}_ARENA_ALIGN 16"
    for side in ("input", "output"):
        tensors = compiled.report[f"{side}s"]
        yield f"#define {prefix}_{side.upper()}_COUNT {len(tensors)}"
        for number, tensor in enumerate(tensors):
            macro = f"{prefix}_{side.upper()}_{number}"
            yield f"#define {macro}_OFFSET {places.offsets[f'{side}_{number}']}"
            yield f"#define {macro}_BYTES {tensor['bytes']}"
    yield f"int {compiled.name}_invoke(void *arena);\n"


def _report(compiled: IreeCompiled, places: _Places) -> Any:
    report = json.loads(json.dumps(compiled.report))
    for side in ("input", "output"):
        for number, tensor in enumerate(report[f"{side}s"]):
            tensor["offset"] = places.offsets[f"{side}_{number}"]
    return report
