"""The pipeline parser, the options of passes, and what a run promises."""

import subprocess
import sys
from dataclasses import dataclass
from typing import ClassVar, Literal

import pytest

from fdt_mlir.bindings import ir, mlir_context
from fdt_mlir.errors import CompileError, UsageError
from fdt_mlir.pass_options import format_value, options_of, parse_value
from fdt_mlir.passes import Pass
from fdt_mlir.pipeline import (
    PASSES,
    BrokenModuleError,
    MlirPasses,
    Pipeline,
    parse_pipeline,
    pass_table,
)


@dataclass(frozen=True)
class EveryOptionPass(Pass):
    """Do nothing, with an option of every kind."""

    name: ClassVar[str] = "fdt-every-option"

    keep_inputs: bool = False
    tile_count: int = 4
    max_overhead: float = 0.5
    entry: str = ""
    sizes: tuple[int, ...] = ()
    strategy: Literal["none", "auto"] = "auto"
    ram_bytes: int | None = None

    def __post_init__(self) -> None:
        if self.tile_count < 1:
            raise UsageError(f"tile-count is {self.tile_count}, but must be at least 1")

    def run(self, module: ir.Module) -> None:
        """Leave the module as it is."""


@dataclass(frozen=True)
class BreakSignaturePass(Pass):
    """Leave a function whose signature contradicts its body."""

    name: ClassVar[str] = "fdt-break-signature"

    def run(self, module: ir.Module) -> None:
        """Drop the arguments from the type of the first function."""
        function = module.body.operations[0]
        function.attributes["function_type"] = ir.TypeAttr.get(ir.FunctionType.get([], []))


TEST_PASSES = pass_table((EveryOptionPass, BreakSignaturePass))
IDENTITY = "func.func @identity(%x: tensor<3xi8>) -> tensor<3xi8> {\n return %x : tensor<3xi8>\n}"


def parse(elements: str) -> Pipeline:
    return parse_pipeline(f"builtin.module({elements})", TEST_PASSES)


def options(text: str) -> EveryOptionPass:
    (step,) = parse(f"fdt-every-option{{{text}}}").steps
    assert isinstance(step, EveryOptionPass)
    return step


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("keep-inputs", "keep_inputs", True),
        ("keep-inputs=1", "keep_inputs", True),
        ("keep-inputs=true", "keep_inputs", True),
        ("keep-inputs=false", "keep_inputs", False),
        ("keep-inputs=0", "keep_inputs", False),
        ("tile-count=16", "tile_count", 16),
        ("max-overhead=-1.25e2", "max_overhead", -125.0),
        ("entry=main", "entry", "main"),
        ("entry='a b,}'", "entry", "a b,}"),
        ('entry="it\'s"', "entry", "it's"),
        ("sizes=[4,8]", "sizes", (4, 8)),
        ("sizes=4,8", "sizes", (4, 8)),
        ("sizes=[4, -8]", "sizes", (4, -8)),
        ("sizes=[]", "sizes", ()),
        ("strategy=none", "strategy", "none"),
        ("ram-bytes=4096", "ram_bytes", 4096),
        ("ram-bytes=none", "ram_bytes", None),
    ],
)
def test_option_values_have_the_type_of_their_field(text: str, field: str, value: object) -> None:
    parsed = getattr(options(text), field)
    assert (parsed, type(parsed)) == (value, type(value))


def test_options_stand_in_any_order_between_white_space() -> None:
    parsed = options("  sizes=[1, 2]\n tile-count=2   keep-inputs ")
    assert parsed == EveryOptionPass(keep_inputs=True, tile_count=2, sizes=(1, 2))


def test_default_values_read_back_as_they_are_listed() -> None:
    for option in options_of(EveryOptionPass).values():
        assert parse_value(option.kind, format_value(option.default)) == option.default


@pytest.mark.parametrize(
    ("text", "message", "place"),
    [
        ("canonicalize", "write 'builtin.module(canonicalize)'", "canonicalize"),
        ("builtin.module(cse", "'(' is never closed", "(cse"),
        ("builtin.module(cse))", "unbalanced ')'", ")"),
        ("builtin.module(cse{a=[1})", "unbalanced '}'", "})"),
        ("builtin.module(cse{a='})", "is never closed", "'})"),
        ("builtin.module(cse,,cse)", "expected the name of a pass", ",cse)"),
        ("builtin.module(cse cse)", "expected ',' after 'cse'", "cse)"),
        ("builtin.module(cse,canonicalyze)", "'canonicalyze' does not refer", "canonicalyze"),
        ("builtin.module(cse,cse{a=1})", "no such option a", "cse{a"),
        ("builtin.module(fdt-every-options)", "mean fdt-every-option?", "fdt"),
        ("builtin.module(any(cse,any(fdt-every-option)))", "move it out", "fdt"),
        ("builtin.module(fdt-every-option(cse))", "nests nothing", "cse"),
        ("builtin.module(fdt-every-option{tiles=1})", "keep-inputs, tile-count, ", "tiles"),
        ("builtin.module(fdt-every-option{tile-count=0})", "is 0, but must", "fdt"),
        ("builtin.module(fdt-every-option{entry=a entry=b})", "given twice", "entry=b"),
        ("builtin.module(fdt-every-option{tile-count=4.5})", "takes an integer, not '4.5'", "4.5"),
        ("builtin.module(fdt-every-option{tile-count})", "an integer, not nothing", "})"),
        ("builtin.module(fdt-every-option{keep-inputs=yes})", "takes true or false", "yes"),
        ("builtin.module(fdt-every-option{max-overhead=x})", "takes a number", "x})"),
        ("builtin.module(fdt-every-option{sizes=[1,a]})", "integers like [1,2,3]", "[1,a]"),
        ("builtin.module(fdt-every-option{strategy=fast})", "takes one of none, auto", "fast"),
        ("builtin.module(fdt-every-option{ram-bytes=x})", "takes an integer or none", "x})"),
    ],
)
def test_a_fault_is_shown_at_its_place(text: str, message: str, place: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_pipeline(text, TEST_PASSES)
    said, shown, caret = str(caught.value).rsplit("\n", 2)
    assert message in said
    assert shown[caret.index("^") :].startswith(place)


def test_the_caret_of_a_long_pipeline_stays_near_its_fault() -> None:
    with pytest.raises(UsageError) as caught:
        parse(",".join(["cse"] * 100 + ["fdt-nothing"] + ["cse"] * 100))
    *_, shown, caret = str(caught.value).split("\n")
    assert shown[caret.index("^") :].startswith("fdt-nothing")
    assert len(shown) < 130


def test_foreign_passes_keep_their_text_and_run_in_order() -> None:
    pipeline = parse("cse, func.func(canonicalize{max-iterations=3},cse),fdt-every-option,cse")
    nest = "func.func(canonicalize{max-iterations=3},cse)"
    ours = EveryOptionPass()
    assert pipeline.steps == (MlirPasses("cse"), MlirPasses(nest), ours, MlirPasses("cse"))
    seen = list[str]()
    with mlir_context():
        pipeline.run(ir.Module.parse(IDENTITY), lambda name, _: seen.append(name))
    assert seen == ["cse", nest, "fdt-every-option", "cse"]


def test_an_empty_pipeline_does_nothing() -> None:
    assert parse("  ").steps == ()


def test_a_pass_that_breaks_the_module_is_named() -> None:
    with mlir_context(), pytest.raises(BrokenModuleError) as caught:
        parse("cse,fdt-break-signature,cse").run(ir.Module.parse(IDENTITY))
    assert "fdt-break-signature left an invalid module" in str(caught.value)
    assert "-:1:1: error: 'func.func' op entry block must have 0 arguments" in str(caught.value)


def test_failures_of_foreign_passes_are_located() -> None:
    with mlir_context() as context:
        context.allow_unregistered_dialects = True
        module = ir.Module.parse('\n%t = "test.make"() : () -> tensor<3xi8>')
        with pytest.raises(CompileError) as caught:
            parse("cse,one-shot-bufferize").run(module)
    (diagnostic,) = caught.value.diagnostics
    assert str(diagnostic) == "-:2:6: error: op was not bufferized"


def test_loading_every_pass_imports_nothing_slow() -> None:
    # A lit test starts fdt-opt a few hundred times.
    code = "import sys, fdt_mlir.cli.opt; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    slow = {"ortools", "tosa_converter_for_tflite", "tflite", "flatbuffers", "rich"}
    assert not slow & set(run.stdout.split())


def test_every_pass_is_documented_and_named_like_its_class() -> None:
    for name, pass_class in PASSES.items():
        stem = "".join(word.capitalize() for word in name.removeprefix("fdt-").split("-"))
        assert pass_class.__name__.lower() == f"{stem}Pass".lower()
        for promise in ("Requires:", "Ensures:", "Fails"):
            assert promise in (pass_class.__doc__ or ""), name
        assert options_of(pass_class) is not None
