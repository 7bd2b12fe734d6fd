"""From a folder of generated C to a program, kept for the next run of the same C."""

import hashlib
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from fdt_mlir.errors import UsageError
from fdt_mlir.targets.harness import main_source
from fdt_mlir.targets.model import CompiledModel, load_model
from fdt_mlir.targets.registry import find_target
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

_PROGRAM = "program"


@dataclass(frozen=True)
class Program:
    """A model built for a target. `sizes` counts the model's own objects, not the harness."""

    model: CompiledModel
    target: Target
    executable: Path
    sanitize: bool
    sizes: SectionSizes


def build(
    folder: Path,
    target: str = "host",
    *,
    sanitize: bool = False,
    optimize: str = "-O2",
    cache: Path | None = None,
) -> Program:
    """Compile the model in `folder` for a target, or find the program in the cache.

    `sanitize` adds AddressSanitizer and UndefinedBehaviorSanitizer (host only). `cache` is a
    folder; by default one of the user's own in the system's folder for temporary files.

    Raises UsageError for options that contradict each other, and CompileError where the folder is
    not a compiled model, a tool is missing, or the C does not compile without a warning.
    """
    row = find_target(target)
    if sanitize and row.board:
        raise UsageError(f"sanitizers run on target host only, not on {target}")
    if not optimize.startswith("-O"):
        raise UsageError(f"'{optimize}' is not an optimisation option such as -O2")
    model = load_model(folder)
    flags = (optimize, *(SANITIZER_FLAGS if sanitize else ()))
    store = (cache or _user_cache()) / _fingerprint(model, row, flags)
    if not _is_complete(store, model):
        _build_into(store, model, row, flags)
    sizes = section_sizes(row, _model_objects(store, model))
    return Program(model, row, store / _PROGRAM, sanitize, sizes)


def _model_objects(store: Path, model: CompiledModel) -> list[Path]:
    return [store / f"model_{index}.o" for index in range(len(model.sources))]


def _is_complete(store: Path, model: CompiledModel) -> bool:
    return all(path.is_file() for path in (store / _PROGRAM, *_model_objects(store, model)))


def _build_into(store: Path, model: CompiledModel, target: Target, flags: tuple[str, ...]) -> None:
    """Build beside `store` and move the result there, so that it is complete or absent."""
    store.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    workshop = Path(tempfile.mkdtemp(prefix="build-", dir=store.parent))
    try:
        _compile_and_link(workshop, model, target, flags)
        try:
            workshop.rename(store)
        except OSError:
            # Another process was faster, and may be running its program already: keep that.
            if not _is_complete(store, model):
                shutil.rmtree(store)
                workshop.rename(store)
    finally:
        shutil.rmtree(workshop, ignore_errors=True)


def _compile_and_link(
    folder: Path, model: CompiledModel, target: Target, flags: tuple[str, ...]
) -> None:
    main_path = folder / f"{model.name}_main.c"
    main_path.write_text(main_source(model), encoding="utf-8")
    include = (model.folder, SUPPORT_FOLDER)
    objects = _model_objects(folder, model)
    for source, object_path in zip(model.sources, objects, strict=True):
        compile_object(target, source, object_path, flags, include)
    # The later -O counts: the harness is always the same, so that measures can be compared.
    for source in (main_path, *_support_sources(target)):
        objects.append(folder / f"{source.stem}.o")
        compile_object(target, source, objects[-1], (*flags, "-O2"), include)
    link_program(target, objects, folder / _PROGRAM, flags)


def _support_sources(target: Target) -> tuple[Path, ...]:
    platform = ("semihost.c", target.board.start_up_source) if target.board else ("host.c",)
    return tuple(SUPPORT_FOLDER / name for name in ("harness.c", *platform))


def _fingerprint(model: CompiledModel, target: Target, flags: tuple[str, ...]) -> str:
    """Hash everything that the program is made from, the compiler included."""
    compiler = Path(find_tool(target, target.compiler))
    compiler_state = compiler.stat()
    digest = hashlib.sha256()
    for part in (
        repr((target, WARNING_FLAGS, flags)),
        repr((str(compiler), compiler_state.st_size, compiler_state.st_mtime_ns)),
        main_source(model),
    ):
        digest.update(part.encode() + b"\0")
    headers = sorted(model.folder.glob("*.h"))
    for path in (*model.sources, *headers, *sorted(SUPPORT_FOLDER.iterdir())):
        digest.update(path.name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:32]


def _user_cache() -> Path:
    """A folder that no other user can write programs into."""
    folder = Path(tempfile.gettempdir()) / f"fdt-mlir-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    state = folder.lstat()
    if folder.is_symlink() or state.st_uid != os.getuid() or state.st_mode & 0o022:
        return Path(tempfile.mkdtemp(prefix="fdt-mlir-"))
    return folder
