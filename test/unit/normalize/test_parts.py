"""Where slices and reshapes of tensors lie in memory, held against numpy's strides."""

import numpy as np

from fdt_mlir.bindings import ir, mlir_context
from fdt_mlir.normalize.parts import (
    Place,
    insert_chain,
    last_inserts,
    part_of,
    reshaped,
    slice_place,
    whole,
)


def place_of(array: np.ndarray) -> Place:
    return Place(array.shape, tuple(stride // array.itemsize for stride in array.strides))


def test_whole_tensor_is_contiguous() -> None:
    assert whole((2, 3, 4)) == place_of(np.zeros((2, 3, 4), np.int8))
    assert whole(()) == Place((), ())


def test_expanding_a_strided_slice_splits_its_strides() -> None:
    part = np.zeros((6, 10), np.int8)[:, :4]
    assert place_of(part).expand([[0, 1], [2]], (2, 3, 4)) == place_of(
        np.lib.stride_tricks.as_strided(part, (2, 3, 4), (30, 10, 1))
    )


def test_collapsing_needs_elements_that_follow_each_other() -> None:
    part = place_of(np.zeros((2, 3, 10), np.int8)[:, :, :4])
    assert part.collapse([[0, 1], [2]]) == Place((6, 4), (10, 1))
    assert part.collapse([[0], [1, 2]]) is None


def test_unit_dimensions_collapse_whatever_their_stride() -> None:
    assert Place((1, 5, 1), (99, 7, 3)).collapse([[0, 1, 2]]) == Place((5,), (7,))


def ops(text: str) -> list[ir.Operation]:
    module = ir.Module.parse(text)
    block = next(iter(module.body.operations)).operation.regions[0].blocks[0]
    found = [op.operation for op in block.operations]
    # The operations live as long as their module.
    _keep.append(module)
    return found


_keep: list[ir.Module] = []


def test_rank_reducing_slice_drops_the_right_dimension() -> None:
    with mlir_context():
        (slice_op, _) = ops("""
        func.func @f(%x: tensor<7x5x3xi8>) -> tensor<7x2xi8> {
          %s = tensor.extract_slice %x[0, 1, 1] [7, 1, 2] [1, 1, 1]
              : tensor<7x5x3xi8> to tensor<7x2xi8>
          return %s : tensor<7x2xi8>
        }""")
        assert slice_place(slice_op, whole((7, 5, 3))) == Place((7, 2), (15, 1))
        _keep.clear()


CONCAT = """
func.func @f(%y: tensor<6x2xi8>) -> tensor<6x6xi8> {{
  %dest = tensor.empty() : tensor<6x6xi8>
  %zero = arith.constant 0 : i8
  %made = tensor.empty() : {made}
  %filled = linalg.fill ins(%zero : i8) outs(%made : {made}) -> {made}
  %part = {reshape} : {made} into tensor<6x4xi8>
  %first = tensor.insert_slice %part into %dest[0, 0] [6, 4] [1, 1]
      : tensor<6x4xi8> into tensor<6x6xi8>
  %last = tensor.insert_slice %y into %first[0, 4] [6, 2] [1, 1]
      : tensor<6x2xi8> into tensor<6x6xi8>
  return %last : tensor<6x6xi8>
}}
"""
# Rows of the slice are 6 apart: 2x3 of them can be addressed, 24 elements in a line cannot.
JOINS_ROWS = ("tensor<2x3x4xi8>", "tensor.collapse_shape %filled [[0, 1], [2]]")
SPLITS_LINE = ("tensor<24xi8>", "tensor.expand_shape %filled [[0, 1]] output_shape [6, 4]")


def inserts(made: str, reshape: str) -> list[ir.Operation]:
    text = CONCAT.format(made=made, reshape=reshape)
    return [op for op in ops(text) if op.name == "tensor.insert_slice"]


def test_part_is_written_through_a_reshape_of_its_slice() -> None:
    with mlir_context():
        first, last = inserts(*JOINS_ROWS)
        assert insert_chain(last) == [first, last]
        assert last_inserts(first.block) == [last]
        part = part_of(first)
        assert part is not None
        assert [op.name for op in part.reshapes] == ["tensor.collapse_shape"]
        assert part.source.name == "linalg.fill"
        _keep.clear()


def test_part_whose_reshape_moves_elements_has_no_place() -> None:
    with mlir_context():
        assert part_of(inserts(*SPLITS_LINE)[0]) is None
        _keep.clear()


def test_argument_is_computed_by_nobody() -> None:
    with mlir_context():
        assert part_of(inserts(*JOINS_ROWS)[1]) is None
        _keep.clear()


def test_reshape_forwards_and_backwards_are_inverse() -> None:
    with mlir_context():
        (expand, _) = ops("""
        func.func @f(%x: tensor<6x4xi8>) -> tensor<2x3x4xi8> {
          %e = tensor.expand_shape %x [[0, 1], [2]] output_shape [2, 3, 4]
              : tensor<6x4xi8> into tensor<2x3x4xi8>
          return %e : tensor<2x3x4xi8>
        }""")
        strided = Place((6, 4), (10, 1))
        expanded = reshaped(expand, strided)
        assert expanded == Place((2, 3, 4), (30, 10, 1))
        assert expanded is not None
        assert reshaped(expand, expanded, backwards=True) == strided
        _keep.clear()
