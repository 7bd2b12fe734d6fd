"""Which operations become one kernel: found from uses, indexing maps and iterator types alone."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from fdt_mlir.bindings import ir
from fdt_mlir.normalize.structured import (
    Structured,
    is_constant,
    is_unit_reshape,
    producer,
    shape_of,
    structured,
    tensor_bytes,
    users,
)


@dataclass(frozen=True)
class Layer:
    """Operations that are computed together; only the result of `root` is materialised.

    `members` are in program order and include `root`; `inits` are those that only give a
    reduction its start value.
    """

    root: ir.Operation
    members: tuple[ir.Operation, ...]
    inits: tuple[ir.Operation, ...]


def prepare(block: ir.Block) -> None:
    """Duplicate cheap producers so that each of them belongs to a single layer.

    Cheap are start values of reductions, pads, and maps of one tensor that widen it (int8 to
    int32): materialising them would cost more memory than what they are computed from.
    """
    for operation in reversed(list(block.operations)):
        op = operation.operation
        if not _is_cheap(op):
            continue
        for use in list(op.results[0].uses)[1:]:
            copy = op.clone(ip=ir.InsertionPoint(use.owner.operation))
            use.owner.operation.operands[use.operand_number] = copy.operation.results[0]


def _is_cheap(op: ir.Operation) -> bool:
    if op.name == "tensor.pad":
        return True
    view = structured(op)
    if view is None or view.is_reduction or view.reads_init:
        return False
    tensors = [value for value in view.inputs if not is_constant(value)]
    if not tensors:
        return True
    return len(tensors) == 1 and tensor_bytes(tensors[0]) < tensor_bytes(view.result)


def find_layers(block: ir.Block) -> list[Layer]:
    """Group the structured operations of a block, in program order of their roots.

    First every contraction or pooling takes its pads, its start value, and the elementwise
    operations that follow it; the chain is cut after its smallest tensor. Then what is left is
    grouped backwards from the tensors that must exist.
    """
    grouping = _Grouping(block)
    # Backwards, so that a join of two contractions goes to the later one.
    for op in reversed(grouping.order):
        view = structured(op)
        if view is not None and is_contraction(view):
            grouping.add_contraction(view)
    grouping.grow(reversed([op for op in grouping.order if op in grouping.layer_of]))
    for op in reversed(grouping.order):
        if op not in grouping.layer_of and _is_groupable(op):
            grouping.add_backwards(op)
    return grouping.layers()


def is_contraction(view: Structured) -> bool:
    """Whether a reduction reads more than one tensor, or windows of one (pooling)."""
    if not view.is_reduction:
        return False
    return len(view.inputs) > 1 or not view.maps[0].is_projected_permutation


def _starts_layer(op: ir.Operation) -> bool:
    view = structured(op)
    return op.name == "tensor.pad" or (view is not None and is_contraction(view))


def _is_groupable(op: ir.Operation) -> bool:
    return op.name == "tensor.pad" or structured(op) is not None


class _Grouping:
    """Which layer each operation of a block belongs to; layers are named by their root."""

    def __init__(self, block: ir.Block):
        self.order = [operation.operation for operation in block.operations]
        self.position = {op: index for index, op in enumerate(self.order)}
        self.layer_of: dict[ir.Operation, ir.Operation] = {}
        self.inits: list[ir.Operation] = []

    def layers(self) -> list[Layer]:
        members: dict[ir.Operation, list[ir.Operation]] = {}
        for op in self.order:
            if op in self.layer_of:
                members.setdefault(self.layer_of[op], []).append(op)
        roots = sorted(members, key=lambda root: self.position[root])
        return [self._layer(root, members[root]) for root in roots]

    def _layer(self, root: ir.Operation, members: list[ir.Operation]) -> Layer:
        inits = tuple(op for op in members if op in self.inits)
        return Layer(root, tuple(members), inits)

    def add_contraction(self, view: Structured) -> None:
        chain = self._epilogue_chain(view.op)
        computing = [op for op in chain if not is_unit_reshape(op)]
        # Of equally small tensors the last: `min` of the reversed chain finds it.
        root = min(reversed(computing), key=lambda op: tensor_bytes(op.results[0]))
        members = chain[: chain.index(root) + 1]
        for op in members:
            self.layer_of[op] = root
        self._add_start(view, root)
        for value in view.inputs:
            pad = producer(value)
            if pad is not None and pad.name == "tensor.pad":
                self.layer_of[pad] = root

    def _epilogue_chain(self, op: ir.Operation) -> list[ir.Operation]:
        """`op` and the elementwise operations after it, each its predecessor's only reader."""
        chain = [op]
        while True:
            result = chain[-1].results[0]
            if len(list(result.uses)) != 1:
                return chain
            (user,) = users(result)
            if user in self.layer_of:
                return chain
            if not (is_unit_reshape(user) or _reads_each_element_once(user, result)):
                return chain
            chain.append(user)

    def _add_start(self, view: Structured, root: ir.Operation) -> None:
        init = producer(view.init)
        if init is not None and init.name != "tensor.empty" and structured(init) is not None:
            self.layer_of[init] = root
            self.inits.append(init)

    def add_backwards(self, root: ir.Operation) -> None:
        """Make `root` a layer and add the producers that nobody else reads."""
        self.layer_of[root] = root
        self.grow([root])

    def grow(self, members: Iterable[ir.Operation]) -> None:
        """Add the producers that only the layers of `members` read; contractions stay apart.

        A pad ends the search: it is an access of its operand, which therefore must exist.
        """
        pending = [op for op in members if not _starts_layer(op)]
        while pending:
            op = pending.pop()
            view = structured(op)
            if view is not None and view.is_reduction:
                self._add_start(view, self.layer_of[op])
            for candidate in self._producers(op):
                self.layer_of[candidate] = self.layer_of[op]
                if candidate.name != "tensor.pad":
                    pending.append(candidate)

    def _producers(self, op: ir.Operation) -> Iterator[ir.Operation]:
        """Producers of `op` that can be computed element by element where they are read."""
        view = structured(op)
        inputs = view.inputs if view is not None else tuple(op.operands[:1])
        root = self.layer_of[op]
        for value in dict.fromkeys(inputs):
            candidate = producer(value)
            if candidate is None or candidate in self.layer_of:
                continue
            if not (_is_groupable(candidate) or is_unit_reshape(candidate)):
                continue
            if any(user.name == "tensor.pad" for user in users(value)):
                continue
            # NOTE: Operation.__eq__ rejects None, hence the two steps.
            inside = all(user in self.layer_of for user in users(value)) and all(
                self.layer_of[user] == root for user in users(value)
            )
            if inside and (view is None or _reads_prefix(view, value)):
                yield candidate


def _reads_each_element_once(op: ir.Operation, value: ir.Value) -> bool:
    view = structured(op)
    if view is None or view.is_reduction or view.reads_init or value not in view.inputs:
        return False
    if _volume(value) != _volume(view.result) or not view.maps[-1].is_permutation:
        return False
    dims = [e for e in view.maps[view.inputs.index(value)].results if _position(e) is not None]
    return len({_position(expr) for expr in dims}) == len(dims)


def _reads_prefix(view: Structured, value: ir.Value) -> bool:
    """Whether `value` is read along the leading loops of `view` only, or along all of them.

    Then it can be computed once before the remaining loops begin, and nothing is recomputed.
    """
    affine_map = view.maps[view.inputs.index(value)]
    read = {_position(expr) for expr in affine_map.results}
    loops = [loop for loop, extent in enumerate(view.extents) if extent != 1]
    inside = [loop in read for loop in loops]
    return inside == sorted(inside, reverse=True)


def _position(expr: ir.AffineExpr) -> int | None:
    return expr.position if isinstance(expr, ir.AffineDimExpr) else None


def _volume(value: ir.Value) -> int:
    total = 1
    for extent in shape_of(value):
        total *= extent
    return total
