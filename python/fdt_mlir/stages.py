"""The compilation as a list of stages, each a pipeline that `fdt-opt` runs the same way."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Stage:
    """A stage of the compiler and the passes it runs."""

    name: str
    passes: str

    @property
    def pipeline(self) -> str:
        return f"builtin.module({self.passes})"


IMPORT = Stage("importer", "fdt-make-batch-static,fdt-match-reference")
NORMALIZE = Stage(
    "normalize",
    "fdt-lower-argmax,fdt-lower-point-pads,iree-tosa-input-transformation-pipeline,fdt-fold-constants,"
    "func.func(linalg-generalize-named-ops,linalg-inline-scalar-operands,"
    "linalg-fold-unit-extent-dims,canonicalize,cse),"
    "fdt-fold-constants,fdt-unflatten,fdt-fold-views,func.func(canonicalize,cse),fdt-expose-copies,fdt-mark-layers",
)
ORDER_LAYERS = Stage("order", "fdt-order-ops")
"""Before paths are sought: they run where their last layer stands."""
KERNELS = Stage(
    "kernels",
    "fdt-form-kernels,fdt-stream-input,fdt-place-parts,canonicalize,cse,fdt-build-row-loops,canonicalize,cse",
)
BUFFERIZE = Stage(
    "bufferize",
    "one-shot-bufferize{bufferize-function-boundaries=1"
    " function-boundary-type-conversion=identity-layout-map},canonicalize,cse,fdt-verify-buffers",
)


def order_steps_stage(reorder: bool = True, in_place: bool = True) -> Stage:
    """Order once more, with tile loops as single steps; or say how good the given order is."""
    return Stage("order", f"fdt-order-ops{{reorder={int(reorder)} in-place={int(in_place)}}}")


def allocate_stage(in_place: bool = True, external_io: bool = False) -> Stage:
    """Plan the arena; `in_place`: whether a result may share bytes with a dying input;
    `external_io`: whether inputs and outputs lie elsewhere.
    """
    options = f"in-place={int(in_place)} external-io={int(external_io)}"
    return Stage("allocate", f"fdt-plan-arena{{{options}}}")


def emitc_stage(
    model: str, target: str = "generic", optimize: str = "balanced", trace: bool = False
) -> Stage:
    """The last stage; `model` is the prefix of the public C names."""
    options = f"model={model} header={model}.h target={target} optimize={optimize}"
    options += " trace=1" if trace else ""
    return Stage("emitc", f"fdt-lower-to-emitc{{{options}}}")
