// The named sequences that schedules call. `fdt-tile-and-fuse` makes them known to every schedule,
// which declares those it calls.
//
// A caller asserts how many operations a handle holds before it passes it on: a message of a
// sequence below then names the caller's line, and says what it lacked.

!op = !transform.any_op
!number = !transform.param<i64>
!numbers = !transform.any_param
!text = !transform.any_param

module attributes {transform.with_named_sequence} {
  // Simplify every function of the model. A tile of an empty tensor is an empty tensor, a slice of
  // a slice is a slice, and equal slices become one: what fuses next finds a single use.
  transform.named_sequence @clean_up(%model: !op {transform.readonly}) {
    %functions = transform.structured.match ops{["func.func"]} in %model : (!op) -> !op
    transform.apply_patterns to %functions {
      transform.apply_patterns.canonicalization
      transform.apply_patterns.tensor.fold_tensor_empty
      transform.apply_patterns.tensor.merge_consecutive_insert_extract_slice
    } : !op
    transform.apply_cse to %functions : !op
    transform.yield
  }

  // Compute `producer` tile by tile inside `loop`, where its result is used; gives the loop that
  // takes the place of `loop`.
  transform.named_sequence @fuse(
      %model: !op {transform.readonly}, %producer: !op {transform.consumed},
      %loop: !op {transform.readonly}) -> !op {
    %fused, %loop_around_it = transform.structured.fuse_into_containing_op %producer into %loop
      : (!op, !op) -> (!op, !op)
    transform.include @clean_up failures(propagate) (%model) : (!op) -> ()
    transform.yield %loop_around_it : !op
  }

  // Make `op` the operation `role` of layer `layer`.
  transform.named_sequence @become(
      %op: !op {transform.readonly}, %layer: !text {transform.readonly},
      %role: !text {transform.readonly}) {
    transform.annotate %op "fdt.layer" = %layer : !op, !text
    transform.annotate %op "fdt.role" = %role : !op, !text
    transform.yield
  }

  // Make the layer of `root` a member of row path number `path`.
  transform.named_sequence @join_row_path(
      %root: !op {transform.readonly}, %path: !number {transform.readonly}) {
    transform.annotate %root "fdt.row_path" = %path : !op, !number
    transform.yield
  }

  // Make the layer of `root` the end of row path number `path`, and tile its loops `dims` by
  // `tiles`: result dimensions count first, then those of the reduction.
  transform.named_sequence @end_row_path(
      %root: !op {transform.readonly}, %path: !number {transform.readonly},
      %dims: !numbers {transform.readonly}, %tiles: !numbers {transform.readonly}) {
    transform.include @join_row_path failures(propagate) (%root, %path) : (!op, !number) -> ()
    transform.annotate %root "fdt.row_dims" = %dims : !op, !numbers
    transform.annotate %root "fdt.row_tiles" = %tiles : !op, !numbers
    transform.yield
  }

  // The same for a stream: rows stay in memory from tile to tile of the last of the loops `dims`.
  transform.named_sequence @end_stream(
      %root: !op {transform.readonly}, %path: !number {transform.readonly},
      %dims: !numbers {transform.readonly}, %tiles: !numbers {transform.readonly}) {
    transform.include @end_row_path failures(propagate) (%root, %path, %dims, %tiles)
      : (!op, !number, !numbers, !numbers) -> ()
    transform.annotate %root "fdt.row_stream" : !op
    transform.yield
  }

  // The same for a stream whose rows are computed pixel by pixel: of the last two of the loops
  // `dims`, over rows and columns.
  transform.named_sequence @end_pixel_stream(
      %root: !op {transform.readonly}, %path: !number {transform.readonly},
      %dims: !numbers {transform.readonly}, %tiles: !numbers {transform.readonly}) {
    transform.include @end_stream failures(propagate) (%root, %path, %dims, %tiles)
      : (!op, !number, !numbers, !numbers) -> ()
    transform.annotate %root "fdt.pixel_stream" : !op
    transform.yield
  }
}
