"""A TFLite model as values: what graph surgery rewrites and what TOSA forgets."""

from dataclasses import dataclass

from fdt_mlir.diagnostics import SourceLocation

ABSENT = -1
"""Index of an optional tensor that an operator goes without."""


@dataclass(frozen=True)
class Quantization:
    """real = scale * (stored - zero_point); several scales mean one per index of `axis`."""

    scales: tuple[float, ...]
    zero_points: tuple[int, ...]
    axis: int = 0

    @property
    def is_per_tensor(self) -> bool:
        return len(self.scales) == 1


@dataclass(frozen=True)
class Tensor:
    """A tensor; `element` is its type's name in the schema, such as INT8.

    A size in `signature` is -1 where the dimension is not fixed; `shape` then holds an example.
    `buffer` is the index of the tensor's data in the file; a constant that the file does not have
    brings its own `data`. `obstacles` says what makes the tensor unusable.
    A variable outlives an inference; `data` is what it holds at first, if the file says that.
    """

    name: str
    element: str
    shape: tuple[int, ...]
    signature: tuple[int, ...] = ()
    buffer: int = 0
    is_constant: bool = False
    quantization: Quantization | None = None
    obstacles: tuple["Obstacle", ...] = ()
    data: bytes = b""
    is_variable: bool = False


@dataclass(frozen=True)
class Obstacle:
    """Why a part of a file cannot be used, and what would help."""

    message: str
    hint: str


@dataclass(frozen=True)
class Options:
    """Where an operator's options lie in the file: position in bytes, and which table it is."""

    kind: int = 0
    position: int | None = None


@dataclass(frozen=True)
class Operator:
    """An operator by its builtin name; operands are indices of tensors, ABSENT for none.

    `index` is its place in the file, or that of the operator for which it was inserted.
    `intermediates` says how what it computes on the way is quantised, where the file says so.
    """

    index: int
    code: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    version: int = 1
    custom_code: str = ""
    options: Options = Options()
    options_2: Options = Options()
    custom_options: bytes = b""
    intermediates: tuple[Quantization | None, ...] = ()

    @property
    def title(self) -> str:
        """The operator as a message calls it."""
        return f"{self.code} '{self.custom_code}'" if self.custom_code else self.code


@dataclass(frozen=True)
class TfliteModel:
    """A subgraph of a file; inputs and outputs are indices of tensors.

    `initialisations` are the subgraphs that each CALL_ONCE runs, in the order of the calls.
    """

    file: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    tensors: tuple[Tensor, ...]
    operators: tuple[Operator, ...]
    initialisations: tuple["TfliteModel", ...] = ()

    def location(self, operator: Operator) -> SourceLocation:
        """Say where an operator is: its first result is the name that viewers of a model show.

        An operator without results is where its first operand is.
        """
        edges = (*operator.outputs, *operator.inputs)
        names = [self.tensors[index].name for index in edges if index != ABSENT]
        return SourceLocation(self.file, name=names[0] if names else f"operator {operator.index}")

    def operands(self, operator: Operator) -> tuple[int, ...]:
        """Return the tensors that an operator reads and that are computed, not constant."""
        return tuple(
            index
            for index in operator.inputs
            if index != ABSENT and not self.tensors[index].is_constant
        )
