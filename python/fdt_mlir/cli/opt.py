"""`fdt-opt`: runs passes on MLIR, ours and IREE's mixed, with the habits of `mlir-opt`."""

import argparse
import os
import re
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path

from fdt_mlir.bindings import ir, mlir_context, parse_file
from fdt_mlir.cli.arguments import CommandParser
from fdt_mlir.cli.expected import check_messages, expected_messages
from fdt_mlir.cli.guard import run_guarded
from fdt_mlir.cli.versions import VersionAction
from fdt_mlir.diagnostics import Diagnostic
from fdt_mlir.errors import CompileError, ExitStatus, UsageError, compile_error
from fdt_mlir.pass_options import options_of
from fdt_mlir.passes import mlir_diagnostic, mlir_diagnostics
from fdt_mlir.pipeline import PASSES, Observer, Pipeline, parse_pipeline
from fdt_mlir.schedules.tile_and_fuse import TileAndFusePass

_SEPARATOR = "// -----"
_SEPARATOR_LINE = re.compile(rf"^{_SEPARATOR}[ \t]*\r?$", re.MULTILINE)
_BYTECODE_MAGIC = b"ML\xefR"
_TFLITE_MAGIC = b"TFL3"  # at byte 4, after the offset of the root table
_MLIR_TEXT_NAME = "-"  # what MLIR calls a text that was not read from a file
_EPILOG = """\
see which passes there are, with their options:
  fdt-opt --show-passes
run passes, ours and IREE's mixed; short ones as options, the order counts:
  fdt-opt model.mlir --pass-pipeline='builtin.module(fdt-make-batch-static,canonicalize)'
  fdt-opt model.mlir --fdt-make-batch-static --canonicalize -o static.mlir
replay a schedule, perhaps edited:
  fdt-opt layers.mlir --transform-script schedule.mlir
watch the module change:
  fdt-opt model.mlir --fdt-mark-layers --mlir-print-ir-after-all

exit status: 0 done; 1 the module is rejected; 2 wrong usage; 3 internal error
"""


@dataclass(frozen=True)
class Source:
    """Input to be parsed as one module: a whole file, or a part of it between separators."""

    name: str
    content: bytes
    path: Path | None = None
    """File that holds exactly this content, if there is one."""

    def text(self) -> str:
        """Return the text of the source; of bytecode, nothing."""
        is_bytecode = self.content.startswith(_BYTECODE_MAGIC)
        return "" if is_bytecode else self.content.decode(errors="replace")

    def parse(self) -> ir.Module:
        """Parse the module in the current context. Raises CompileError."""
        try:
            return parse_file(self.path) if self.path else ir.Module.parse(self.content)
        except ir.MLIRError as error:
            raise CompileError(mlir_diagnostics(error)) from error


def main(argv: Sequence[str] | None = None) -> int:
    """Run `fdt-opt` and return its exit status."""
    return run_guarded(_run, argv, "fdt-opt")


def _run(argv: Sequence[str]) -> int:
    options, pipeline_text = _parse_arguments(argv)
    if options.show_passes:
        print(_pass_list())
        return ExitStatus.DONE
    pipeline = parse_pipeline(pipeline_text)
    if options.transform_script is not None:
        pipeline = Pipeline((TileAndFusePass(options.transform_script), *pipeline.steps))
    sources = _read(options.input, options.split_input_file)
    if options.emit_bytecode and len(sources) > 1:
        raise UsageError(f"--emit-bytecode writes one module, the input has {len(sources)}")

    outputs, failed = list[bytes](), False
    for source in sources:
        output, diagnostics = _process(source, pipeline, options)
        if options.verify_diagnostics:
            diagnostics = _verify(source, diagnostics)
        _report(diagnostics)
        failed |= any(diagnostic.severity == "error" for diagnostic in diagnostics)
        outputs += [output] if output is not None else []
    if failed:
        return ExitStatus.INPUT_ERROR
    _write(options.output, f"{_SEPARATOR}\n".encode().join(outputs))
    return ExitStatus.DONE


def _process(
    source: Source, pipeline: Pipeline, options: argparse.Namespace
) -> tuple[bytes | None, list[Diagnostic]]:
    """Run the pipeline on one module: its output, None after an error, and all diagnostics."""
    diagnostics = list[Diagnostic]()
    output = None
    with mlir_context() as context, _collected(context, diagnostics):
        context.allow_unregistered_dialects = options.allow_unregistered_dialect
        try:
            module = source.parse()
            before, after = _observers(options)
            pipeline.run(module, after, before)
            output = _output_of(module, options)
        except CompileError as error:
            diagnostics += error.diagnostics
    return output, [_with_file_name(diagnostic, source.name) for diagnostic in diagnostics]


@contextmanager
def _collected(context: ir.Context, diagnostics: list[Diagnostic]) -> Generator[None, None, None]:
    """Add to `diagnostics` what MLIR reports beside the errors that it raises."""

    def collect(info: ir.Diagnostic) -> bool:
        diagnostics.append(mlir_diagnostic(info))
        return True

    # Diagnostics of a worker thread would have to wait for Python's lock, held by the main thread.
    context.enable_multithreading(False)
    handler = context.attach_diagnostic_handler(collect)
    try:
        yield
    finally:
        handler.detach()


def _with_file_name(diagnostic: Diagnostic, name: str) -> Diagnostic:
    location = diagnostic.location
    if location and location.file == _MLIR_TEXT_NAME:
        location = replace(location, file=name)
    notes = tuple(_with_file_name(note, name) for note in diagnostic.notes)
    return replace(diagnostic, location=location, notes=notes)


def _verify(source: Source, diagnostics: list[Diagnostic]) -> list[Diagnostic]:
    try:
        expected = expected_messages(source.text(), source.name)
    except CompileError as error:
        return list(error.diagnostics)
    return check_messages(expected, diagnostics, source.name)


def _report(diagnostics: Sequence[Diagnostic]) -> None:
    for diagnostic in diagnostics:
        print(diagnostic, file=sys.stderr)


# --- Input and output -----------------------------------------------------------------------------


def _read(name: str, split: bool) -> list[Source]:
    path = None if name == "-" else Path(name)
    try:
        content = path.read_bytes() if path else sys.stdin.buffer.read()
    except OSError as error:
        raise compile_error(f"cannot read {name}: {error.strerror}") from None
    if content[4:8] == _TFLITE_MAGIC:
        raise compile_error(
            f"{name} is a TFLite model, not MLIR",
            hint=f"tosa-converter-for-tflite {name} --bytecode -o model.mlirbc",
        )
    shown = name if path else "<stdin>"
    if split and not content.startswith(_BYTECODE_MAGIC):
        return _split(shown, content.decode(errors="replace"))
    return [Source(shown, content, path)]


def _split(name: str, text: str) -> list[Source]:
    """Split at the separators; empty lines before each part keep the line numbers right."""
    parts = _SEPARATOR_LINE.split(text)
    line, sources = 0, list[Source]()
    for part in parts:
        sources.append(Source(name, ("\n" * line + part).encode()))
        line += part.count("\n")
    return sources


def _output_of(module: ir.Module, options: argparse.Namespace) -> bytes:
    if not options.emit_bytecode:
        return _text_of(module, options).encode()
    buffer = BytesIO()
    module.operation.write_bytecode(buffer)
    return buffer.getvalue()


def _text_of(module: ir.Module, options: argparse.Namespace) -> str:
    text = module.operation.get_asm(
        large_elements_limit=options.mlir_elide_elementsattrs_if_larger,
        large_resource_limit=options.mlir_elide_elementsattrs_if_larger,
        enable_debug_info=options.mlir_print_debuginfo,
        print_generic_op_form=options.mlir_print_op_generic,
    )
    return f"{text.rstrip()}\n"


def _observers(options: argparse.Namespace) -> tuple[Observer | None, Observer | None]:
    def observer(when: str) -> Observer:
        def dump(name: str, module: ir.Module) -> None:
            header = f"// -----// IR Dump {when} {name} //----- //"
            print(header, _text_of(module, options), sep="\n", file=sys.stderr)

        return dump

    before = observer("Before") if options.mlir_print_ir_before_all else None
    return before, observer("After") if options.mlir_print_ir_after_all else None


def _write(name: str, output: bytes) -> None:
    """Write the whole output or nothing. Raises CompileError."""
    if name == "-":
        sys.stdout.buffer.write(output)
        return
    path = Path(name).resolve()
    try:
        if path.exists() and not path.is_file():
            path.write_bytes(output)  # a device or a pipe: nothing to replace
            return
        unfinished = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            unfinished.write_bytes(output)
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)
    except OSError as error:
        raise compile_error(f"cannot write {name}: {error.strerror}") from None


# --- Arguments ------------------------------------------------------------------------------------


def _parse_arguments(argv: Sequence[str]) -> tuple[argparse.Namespace, str]:
    """Return the options and the text of the pipeline."""
    parser = CommandParser(
        "fdt-opt",
        usage="%(prog)s [FILE] [--PASS ...] [options]",
        description="Run passes on MLIR, ours and IREE's mixed, with the habits of mlir-opt.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
        add_help=False,
    )
    _add_file_options(parser)
    _add_pass_options(parser)
    _add_printing_options(parser)
    _add_general_options(parser)
    options, others = parser.parse_known_args(argv)
    passes = [_pass_flag(flag) for flag in others]
    if passes and options.pass_pipeline is not None:
        parser.error(f"{others[0]} is no option of fdt-opt, and a pass goes into --pass-pipeline")
    return options, options.pass_pipeline or f"builtin.module({','.join(passes)})"


def _add_file_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("choose input and output").add_argument
    add(
        "input",
        nargs="?",
        default="-",
        metavar="FILE",
        help="MLIR text or bytecode; - is standard input",
    )
    add("-o", dest="output", default="-", metavar="FILE", help="output; - is standard output")
    add("--emit-bytecode", action="store_true", help="write bytecode instead of text")
    add("--allow-unregistered-dialect", action="store_true", help="accept unknown operations")


def _add_pass_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("choose passes").add_argument
    add("--show-passes", action="store_true", help="list our passes with their options")
    add(
        "--pass-pipeline", metavar="TEXT", help="for example builtin.module(fdt-name{option=1},cse)"
    )
    add(
        "--transform-script",
        metavar="FILE",
        help="apply this schedule to the module first, as fdt-tile-and-fuse{script=FILE} does",
    )


def _add_printing_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("look inside").add_argument
    add("--mlir-print-ir-before-all", action="store_true", help="to standard error")
    add("--mlir-print-ir-after-all", action="store_true", help="to standard error")
    add(
        "--mlir-elide-elementsattrs-if-larger",
        type=int,
        metavar="N",
        help="leave out constants of more than N elements",
    )
    add("--mlir-print-debuginfo", action="store_true", help="print locations")
    add("--mlir-print-op-generic", action="store_true", help="print no operation in its own syntax")


def _add_general_options(parser: argparse.ArgumentParser) -> None:
    tests = parser.add_argument_group("write tests").add_argument
    tests(
        "--split-input-file", action="store_true", help=f"one module per part between {_SEPARATOR}"
    )
    tests(
        "--verify-diagnostics", action="store_true", help="compare with // expected-error {{...}}"
    )
    add = parser.add_argument_group("the command").add_argument
    add("-h", "--help", action="help", help="print this")
    add("--version", action=VersionAction)
    add("--debug", action="store_true", help="show the traceback of a failure")


def _pass_flag(flag: str) -> str:
    """Convert `--name=options` to an element of a pipeline."""
    name, _, options = flag.partition("=")
    if not re.fullmatch(r"--[\w-]+", name):
        raise UsageError(f"unexpected argument {flag} (fdt-opt --help lists the options)")
    return f"{name[2:]}{{{options}}}" if options else name[2:]


def _pass_list() -> str:
    lines = list[str]()
    for name, pass_class in PASSES.items():
        summary = (pass_class.__doc__ or "").strip().split("\n")[0]
        lines.append(f"{name}: {summary}")
        lines += [f"    {option}" for option in options_of(pass_class).values()]
    return "\n".join(
        [*lines, "", "Every pass of MLIR and IREE that iree-opt knows is accepted too."]
    )


if __name__ == "__main__":
    sys.exit(main())
