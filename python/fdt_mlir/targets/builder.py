"""From a folder of generated C to a program, kept for the next run of the same C."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from fdt_mlir.diagnostics import SourceLocation
from fdt_mlir.errors import CompileError, UsageError, compile_error
from fdt_mlir.targets.harness import main_source
from fdt_mlir.targets.model import CompiledModel, load_model
from fdt_mlir.targets.registry import find_target
from fdt_mlir.targets.stack import CALL_GRAPH_FLAG, StackBound, stack_bound
from fdt_mlir.targets.target import Target
from fdt_mlir.targets.toolchain import (
    SANITIZER_FLAGS,
    SUPPORT_FOLDER,
    WARNING_FLAGS,
    SectionSizes,
    compile_object,
    find_tool,
    link_program,
    section_sizes,
)
from fdt_mlir.targets.variants import PLAIN, SELFTEST, Variant

_PROGRAM = "program"


@dataclass(frozen=True)
class Program:
    """A model built for a target. `sizes` counts the model's own objects, not the harness.

    `stack` bounds what a call of it needs; None where that is not known.
    """

    model: CompiledModel
    target: Target
    executable: Path
    sanitize: bool
    sizes: SectionSizes
    variant: Variant = PLAIN
    stack: StackBound | None = None


def build(
    folder: Path,
    target: str = "host",
    *,
    sanitize: bool = False,
    optimize: str = "-O2",
    cache: Path | None = None,
    variant: Variant = PLAIN,
) -> Program:
    """Compile the model in `folder` for a target, or find the program in the cache.

    `sanitize` adds AddressSanitizer and UndefinedBehaviorSanitizer (host only). `cache` is a
    folder; by default one of the user's own in the system's folder for temporary files.

    Raises UsageError for options that contradict each other, and CompileError where the folder is
    not a compiled model, a tool is missing, the C does not compile without a warning, or it has
    writable data of its own.
    """
    row = find_target(target)
    if sanitize and row.board:
        raise UsageError(f"sanitizers run on target host only, not on {target}")
    if not optimize.startswith("-O"):
        raise UsageError(f"'{optimize}' is not an optimisation option such as -O2")
    if variant.host_only and row.board:
        raise UsageError(f"{variant.host_only}: use target host, not {target}")
    recipe = _Recipe(load_model(folder), row, sanitize, optimize, variant)
    store = (cache or _user_cache()) / recipe.fingerprint()
    if not _is_complete(store, recipe.model):
        _build_into(store, recipe)
    objects = _model_objects(store, recipe.model)
    sizes = section_sizes(row, objects)
    if variant is PLAIN and not sanitize and sizes.writable_bytes:
        raise _writable_data(recipe.model, sizes)
    graphs = [path for path in (each.with_suffix(".ci") for each in objects) if path.is_file()]
    stack = _stack_bound(recipe.model, graphs)
    return Program(recipe.model, row, store / _PROGRAM, sanitize, sizes, variant, stack)


def _stack_bound(model: CompiledModel, graphs: list[Path]) -> StackBound | None:
    """The most that a call needs: rows that are pushed let nearly all of a model run."""
    is_streamed = model.streamed_input is not None
    functions = ["invoke", *(["push_rows"] if is_streamed else [])]
    bounds = [stack_bound(f"{model.name}_{function}", graphs) for function in functions]
    known = [bound for bound in bounds if bound is not None]
    if len(known) < len(bounds):
        return None
    return max(known, key=lambda bound: bound.size_bytes)


def _writable_data(model: CompiledModel, sizes: SectionSizes) -> CompileError:
    return compile_error(
        f"the C of '{model.name}' has {sizes.writable_bytes} bytes of writable data",
        SourceLocation(str(model.folder / f"{model.name}.c")),
        "generated C keeps everything in the arena, so that it is reentrant: please report this",
    )


def _model_objects(store: Path, model: CompiledModel) -> list[Path]:
    return [store / f"model_{index}.o" for index in range(len(model.sources))]


def _is_complete(store: Path, model: CompiledModel) -> bool:
    return all(path.is_file() for path in (store / _PROGRAM, *_model_objects(store, model)))


def _build_into(store: Path, recipe: _Recipe) -> None:
    """Build beside `store` and move the result there, so that it is complete or absent."""
    store.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    workshop = Path(tempfile.mkdtemp(prefix="build-", dir=store.parent))
    try:
        recipe.build(workshop)
        try:
            workshop.rename(store)
        except OSError:
            # Another process was faster, and may be running its program already: keep that.
            if not _is_complete(store, recipe.model):
                shutil.rmtree(store)
                workshop.rename(store)
    finally:
        shutil.rmtree(workshop, ignore_errors=True)


@dataclass(frozen=True)
class _Recipe:
    """Everything that a program is made from."""

    model: CompiledModel
    target: Target
    sanitize: bool
    optimize: str
    variant: Variant

    @property
    def flags(self) -> tuple[str, ...]:
        return (self.optimize, *(SANITIZER_FLAGS if self.sanitize else ()))

    def build(self, folder: Path) -> None:
        """Compile and link in `folder`."""
        main_path = folder / f"{self.model.name}_main.c"
        main_path.write_text(self._main(), encoding="utf-8")
        include = (self.model.folder, SUPPORT_FOLDER)
        objects = _model_objects(folder, self.model)
        # The later -O counts.
        model_flags = (*self.flags, CALL_GRAPH_FLAG, *self.variant.model_flags)
        for source, object_path in zip(self._model_sources(), objects, strict=True):
            compile_object(self.target, source, object_path, model_flags, include)
        # The harness is always the same, so that measures can be compared.
        for source in (main_path, *self._support_sources()):
            objects.append(folder / f"{source.stem}.o")
            compile_object(self.target, source, objects[-1], (*self.flags, "-O2"), include)
        link_program(self.target, objects, folder / _PROGRAM, self.flags)

    def fingerprint(self) -> str:
        """Hash all of it, the compiler included."""
        compiler = Path(find_tool(self.target, self.target.compiler))
        compiler_state = compiler.stat()
        digest = hashlib.sha256()
        for part in (
            repr((self.target, WARNING_FLAGS, self.flags, self.variant)),
            repr((str(compiler), compiler_state.st_size, compiler_state.st_mtime_ns)),
            self._main(),
        ):
            digest.update(part.encode() + b"\0")
        headers = sorted(self.model.folder.glob("*.h"))
        sources = {*self.model.sources, *self._model_sources(), *self._support_sources()}
        for path in (*sorted(sources), *headers, *sorted(SUPPORT_FOLDER.iterdir())):
            digest.update(path.name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
        return digest.hexdigest()[:32]

    def _main(self) -> str:
        return main_source(self.model, self.variant)

    def _model_sources(self) -> list[Path]:
        """The files of the model; a traced one has all of the product's main file in it."""
        if self.variant.listener is None:
            return list(self.model.sources)
        traced = self.model.traced_source
        if not traced.is_file():
            raise compile_error(
                f"there is no {traced.name}, from which '{self.model.name}' is built to be watched",
                SourceLocation(str(self.model.folder)),
                "compile the model again with fdt-compile of this version",
            )
        product = self.model.folder / f"{self.model.name}.c"
        return [traced if source == product else source for source in self.model.sources]

    def _support_sources(self) -> tuple[Path, ...]:
        board = self.target.board
        names = ["harness.c"]
        names += ["semihost.c", board.start_up_source] if board else ["host.c"]
        names += [self.variant.listener] if self.variant.listener else []
        sources = [SUPPORT_FOLDER / name for name in names]
        return (*sources, *([self.model.selftest_source] if self.variant is SELFTEST else []))


def _user_cache() -> Path:
    """A folder that no other user can write programs into."""
    folder = Path(tempfile.gettempdir()) / f"fdt-mlir-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    state = folder.lstat()
    if folder.is_symlink() or state.st_uid != os.getuid() or state.st_mode & 0o022:
        return Path(tempfile.mkdtemp(prefix="fdt-mlir-"))
    return folder
