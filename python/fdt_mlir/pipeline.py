"""All passes by name, and pipelines that mix ours with MLIR's and IREE's."""

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from types import MappingProxyType

from fdt_mlir.allocate.plan_arena import PlanArenaPass
from fdt_mlir.bindings import PassManager, ir, mlir_context
from fdt_mlir.bufferize.verify_buffers import VerifyBuffersPass
from fdt_mlir.emitc.lower_to_emitc import LowerToEmitcPass
from fdt_mlir.errors import UsageError
from fdt_mlir.importer.make_batch_static import MakeBatchStaticPass
from fdt_mlir.importer.match_reference import MatchReferencePass
from fdt_mlir.iree.lower_to_stream import LowerToStreamPass
from fdt_mlir.kernels.build_row_loops import BuildRowLoopsPass
from fdt_mlir.kernels.form_kernels import FormKernelsPass
from fdt_mlir.kernels.place_parts import PlacePartsPass
from fdt_mlir.kernels.stream_input import StreamInputPass
from fdt_mlir.normalize.expose_copies import ExposeCopiesPass
from fdt_mlir.normalize.fold_constants import FoldConstantsPass
from fdt_mlir.normalize.fold_views import FoldViewsPass
from fdt_mlir.normalize.lower_argmax import LowerArgmaxPass
from fdt_mlir.normalize.lower_point_pads import LowerPointPadsPass
from fdt_mlir.normalize.mark_layers import MarkLayersPass
from fdt_mlir.normalize.unflatten import UnflattenPass
from fdt_mlir.order.order_ops import OrderOpsPass
from fdt_mlir.pass_options import parse_options
from fdt_mlir.passes import Pass, mlir_diagnostics, run_mlir_passes
from fdt_mlir.paths.discover_paths import DiscoverPathsPass
from fdt_mlir.pipeline_text import Element, Span, parse_elements, span_of
from fdt_mlir.schedules.tile_and_fuse import TileAndFusePass

OUR_PREFIX = "fdt-"

Observer = Callable[[str, ir.Module], None]
"""Called with the name of a step and the module."""


class BrokenModuleError(Exception):
    """A pass of ours left a module that does not verify: a fault of the compiler, not the input."""


@dataclass(frozen=True)
class MlirPasses:
    """Passes of MLIR or IREE, as written inside `builtin.module(...)`."""

    name: str

    def run(self, module: ir.Module) -> None:
        """Rewrite `module` in place. Raises CompileError with what MLIR reported."""
        run_mlir_passes(module, self.name)


Step = Pass | MlirPasses


@dataclass(frozen=True)
class Pipeline:
    """Passes to run one after the other on a module."""

    steps: tuple[Step, ...]

    def run(
        self,
        module: ir.Module,
        after_each: Observer | None = None,
        before_each: Observer | None = None,
    ) -> None:
        """Run every pass on `module`, inside the module's context.

        Neighbouring passes of MLIR run as one pipeline unless somebody watches; `after_each` sees
        the module before it is verified. Raises CompileError where the module cannot be compiled,
        BrokenModuleError where one of our passes left invalid IR.
        """
        watched = after_each or before_each
        for step in self.steps if watched else _merge_mlir_passes(self.steps):
            if before_each:
                before_each(step.name, module)
            step.run(module)
            if after_each:
                after_each(step.name, module)
            if isinstance(step, Pass):
                _verify_after(step, module)


def pass_table(classes: Iterable[type[Pass]]) -> Mapping[str, type[Pass]]:
    """Return the passes by name."""
    table = dict[str, type[Pass]]()
    for pass_class in classes:
        assert pass_class.name.startswith(OUR_PREFIX), f"{pass_class.name} lacks {OUR_PREFIX}"
        assert pass_class.name not in table, f"two passes are named {pass_class.name}"
        table[pass_class.name] = pass_class
    return MappingProxyType(table)


# One line per pass, in the order in which a compilation runs them. A pass imports what is slow to
# import inside `run`, since every command loads this table.
_PASS_CLASSES: tuple[type[Pass], ...] = (
    MakeBatchStaticPass,
    MatchReferencePass,
    LowerArgmaxPass,
    LowerPointPadsPass,
    FoldConstantsPass,
    UnflattenPass,
    FoldViewsPass,
    ExposeCopiesPass,
    MarkLayersPass,
    OrderOpsPass,
    DiscoverPathsPass,
    TileAndFusePass,
    FormKernelsPass,
    PlacePartsPass,
    StreamInputPass,
    BuildRowLoopsPass,
    VerifyBuffersPass,
    PlanArenaPass,
    LowerToEmitcPass,
    LowerToStreamPass,
)

PASSES: Mapping[str, type[Pass]] = pass_table(_PASS_CLASSES)


def parse_pipeline(text: str, passes: Mapping[str, type[Pass]] = PASSES) -> Pipeline:
    """Parse `builtin.module(fdt-a{option=1},canonicalize,func.func(cse))`.

    Raises UsageError that points at the fault in `text`.
    """
    elements = parse_elements(_module_pipeline(span_of(text)))
    _check_mlir_passes([element for element in elements if not _is_ours(element)], passes)
    return Pipeline(
        tuple(
            _parse_pass(element, passes) if _is_ours(element) else MlirPasses(str(element.span))
            for element in elements
        )
    )


def _module_pipeline(span: Span) -> Span:
    elements = parse_elements(span)
    if len(elements) != 1 or elements[0].name != "builtin.module" or not elements[0].nested:
        raise span.error(
            f"a pipeline runs on a module: write 'builtin.module({str(span).strip()})'"
        )
    return elements[0].nested


def _is_ours(element: Element) -> bool:
    return element.name.startswith(OUR_PREFIX)


def _parse_pass(element: Element, passes: Mapping[str, type[Pass]]) -> Pass:
    pass_class = passes.get(element.name)
    if pass_class is None:
        raise element.span.error(
            f"unknown pass '{element.name}'{_suggestion(element.name, passes)}"
        )
    if element.nested:
        raise element.nested.error(f"{element.name} is a pass and nests nothing")
    values = parse_options(pass_class, element.options) if element.options else {}
    try:
        return pass_class(**values)
    except UsageError as error:
        raise element.span.error(str(error)) from None


def _check_mlir_passes(elements: list[Element], passes: Mapping[str, type[Pass]]) -> None:
    """Raise UsageError for a pass that MLIR does not know, and for one of ours inside a nest."""
    if not elements:
        return
    for element in elements:
        _check_nested(element)
    for element in elements:
        fault = _mlir_fault(str(element.span))
        if fault is not None:
            raise _mlir_pass_error(element, fault, passes)


@cache
def _mlir_fault(passes: str) -> str | None:
    """What MLIR says of a pipeline that it cannot read; remembered, as each asks for a context."""
    with mlir_context():
        try:
            PassManager.parse(f"builtin.module({passes})")
        except ValueError as error:
            return str(error)
    return None


def _check_nested(element: Element) -> None:
    for nested in element.nested_elements():
        if _is_ours(nested):
            raise nested.span.error(
                f"{nested.name} runs on the module: move it out of '{element.name}(...)'"
            )
        _check_nested(nested)


def _mlir_pass_error(
    element: Element, message: str, passes: Mapping[str, type[Pass]]
) -> UsageError:
    # NOTE: PassManager.parse reports its error as text only; the column is that of the element.
    match = re.match(r"MLIR Textual PassPipeline Parser:1:(\d+): error: (.*)", message)
    if not match:
        return element.span.error("; ".join(filter(None, map(str.strip, message.splitlines()))))
    place = element.span.sub(element.span.begin + int(match.group(1)) - 1)
    return place.error(match.group(2) + _suggestion(element.name, passes))


def _suggestion(name: str, passes: Mapping[str, type[Pass]]) -> str:
    close = difflib.get_close_matches(name, passes)
    meant = f"; did you mean {' or '.join(close)}?" if close else ""
    return f"{meant} (fdt-opt --show-passes lists ours)"


def _merge_mlir_passes(steps: Iterable[Step]) -> list[Step]:
    merged = list[Step]()
    for is_foreign, run in groupby(steps, lambda step: isinstance(step, MlirPasses)):
        if is_foreign:
            merged.append(MlirPasses(",".join(step.name for step in run)))
        else:
            merged.extend(run)
    return merged


def _verify_after(step: Pass, module: ir.Module) -> None:
    try:
        module.operation.verify()
    except ir.MLIRError as error:
        found = "\n".join(str(diagnostic) for diagnostic in mlir_diagnostics(error))
        raise BrokenModuleError(f"{step.name} left an invalid module\n{found}") from error
