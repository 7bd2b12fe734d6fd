"""Many compiled models in one program, for small models that a build each would slow down."""

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from fdt_mlir.api import Compiled
from fdt_mlir.targets.builder import Program
from fdt_mlir.targets.harness import main_source
from fdt_mlir.targets.model import CompiledModel, load_model
from fdt_mlir.targets.registry import find_target
from fdt_mlir.targets.toolchain import (
    SANITIZER_FLAGS,
    SUPPORT_FOLDER,
    SectionSizes,
    compile_object,
    link_program,
)

_FLAGS = ("-O1", *SANITIZER_FLAGS)
_NOT_MEASURED = SectionSizes(0, 0, 0)


def build_batch(models: Iterable[Compiled], folder: Path) -> Mapping[str, Program]:
    """Build the models, under sanitizers for the host; returns a program for each by name.

    All are the same file: it runs the model by whose name it is called. Each model's C compiles by
    itself, without a warning.
    """
    host = find_target("host")
    built: list[CompiledModel] = []
    for model in models:
        model.write(folder / model.name)
        built.append(load_model(folder / model.name))
    sources = [folder / "batch.c", *(SUPPORT_FOLDER / name for name in ("harness.c", "host.c"))]
    sources[0].write_text(_dispatcher(built), encoding="utf-8")
    for model in built:
        sources.append(folder / f"{model.name}_unit.c")
        sources[-1].write_text(_unit(model), encoding="utf-8")
    objects = [folder / f"{source.stem}.o" for source in sources]
    include = [SUPPORT_FOLDER, *(model.folder for model in built)]

    def compile_one(source: Path, target: Path) -> None:
        compile_object(host, source, target, _FLAGS, include)

    with ThreadPoolExecutor(2) as workers:
        list(workers.map(compile_one, sources, objects))
    link_program(host, objects, folder / "program", _FLAGS)
    programs: dict[str, Program] = {}
    for model in built:
        executable = folder / "programs" / model.name
        executable.parent.mkdir(exist_ok=True)
        executable.hardlink_to(folder / "program")
        programs[model.name] = Program(model, host, executable, True, _NOT_MEASURED)
    return programs


def _unit(model: CompiledModel) -> str:
    """The model's C, and its harness with a main of its own name."""
    return f'#include "{model.name}.c"\n#define main run_{model.name}\n{main_source(model)}'


def _dispatcher(models: Iterable[CompiledModel]) -> str:
    names = [model.name for model in models]
    return "\n".join(
        [
            "#include <string.h>",
            *(f"int run_{name}(void);" for name in names),
            "int main(int count, char **arguments) {",
            "  const char *slash = count > 0 ? strrchr(arguments[0], '/') : NULL;",
            "  if (slash == NULL) return 1;",
            *(f'  if (!strcmp(slash + 1, "{name}")) return run_{name}();' for name in names),
            "  return 1;",
            "}",
            "",
        ]
    )
