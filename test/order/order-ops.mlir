// RUN: fdt-opt %s --pass-pipeline='builtin.module(fdt-order-ops)' --split-input-file \
// RUN:   | FileCheck %s
// RUN: fdt-opt %s --split-input-file \
// RUN:   --pass-pipeline='builtin.module(fdt-form-kernels,fdt-place-parts,canonicalize,cse,fdt-order-ops)' \
// RUN:   | FileCheck %s --check-prefix=KERNELS
// RUN: fdt-opt %s --pass-pipeline='builtin.module(fdt-order-ops{reorder=0})' --split-input-file \
// RUN:   | FileCheck %s --check-prefix=KEPT

#row = affine_map<(d0, d1) -> (d0)>
#each = affine_map<(d0, d1) -> (d0, d1)>

// Both wide tensors at once need 45 + 35 bytes and more; the wider branch first needs 5 + 45.
// CHECK-LABEL: func.func @branches(
// CHECK-SAME: fdt.order_gap_bytes = 0 : i64
// CHECK-SAME: fdt.order_proved_optimal = true
// CHECK: fdt.layer = "wide_a"
// CHECK: fdt.layer = "narrow_a"
// CHECK: fdt.layer = "wide_b"
// CHECK: fdt.layer = "narrow_b"
// CHECK: fdt.layer = "join"
// Without reordering, both stay as they are, and the attributes say what that costs.
// KEPT-LABEL: func.func @branches(
// KEPT-SAME: fdt.order_gap_bytes = 30 : i64
// KEPT-SAME: fdt.order_proved_optimal = false
// KEPT: fdt.layer = "wide_a"
// KEPT: fdt.layer = "wide_b"
// KERNELS-LABEL: func.func @branches(
// KERNELS: fdt.layer = "wide_a"
// KERNELS: fdt.layer = "narrow_a"
// KERNELS: fdt.layer = "wide_b"
// KERNELS: fdt.layer = "narrow_b"
// KERNELS: fdt.layer = "join"
#same = affine_map<(d0) -> (d0)>
func.func @branches(%x: tensor<5xi8>) -> tensor<5xi8> {
  %low = arith.constant dense<-128> : tensor<5xi8>
  %space_a = tensor.empty() : tensor<5x9xi8>
  %wide_a = linalg.generic {indexing_maps = [#row, #each], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<5xi8>) outs(%space_a : tensor<5x9xi8>)
      attrs = {fdt.layer = "wide_a", fdt.role = "map"} {
  ^bb0(%e: i8, %out: i8):
    linalg.yield %e : i8
  } -> tensor<5x9xi8>
  %space_b = tensor.empty() : tensor<5x7xi8>
  %wide_b = linalg.generic {indexing_maps = [#row, #each], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<5xi8>) outs(%space_b : tensor<5x7xi8>)
      attrs = {fdt.layer = "wide_b", fdt.role = "map"} {
  ^bb0(%e: i8, %out: i8):
    linalg.yield %e : i8
  } -> tensor<5x7xi8>
  %narrow_a = linalg.generic {indexing_maps = [#each, #row], iterator_types = ["parallel", "reduction"]}
      ins(%wide_a : tensor<5x9xi8>) outs(%low : tensor<5xi8>)
      attrs = {fdt.layer = "narrow_a", fdt.role = "reduce"} {
  ^bb0(%e: i8, %acc: i8):
    %m = arith.maxsi %e, %acc : i8
    linalg.yield %m : i8
  } -> tensor<5xi8>
  %narrow_b = linalg.generic {indexing_maps = [#each, #row], iterator_types = ["parallel", "reduction"]}
      ins(%wide_b : tensor<5x7xi8>) outs(%low : tensor<5xi8>)
      attrs = {fdt.layer = "narrow_b", fdt.role = "reduce"} {
  ^bb0(%e: i8, %acc: i8):
    %m = arith.maxsi %e, %acc : i8
    linalg.yield %m : i8
  } -> tensor<5xi8>
  %space = tensor.empty() : tensor<5xi8>
  %join = linalg.generic {indexing_maps = [#same, #same, #same], iterator_types = ["parallel"]}
      ins(%narrow_a, %narrow_b : tensor<5xi8>, tensor<5xi8>) outs(%space : tensor<5xi8>)
      attrs = {fdt.layer = "join", fdt.role = "map"} {
  ^bb0(%e: i8, %f: i8, %out: i8):
    %s = arith.addi %e, %f : i8
    linalg.yield %s : i8
  } -> tensor<5xi8>
  return %join : tensor<5xi8>
}

// -----

#element = affine_map<(d0) -> (d0)>

// Either order needs as much: the file's is kept.
// CHECK-LABEL: func.func @stable(
// CHECK: fdt.layer = "second"
// CHECK: fdt.layer = "first"
func.func @stable(%x: tensor<6xi8>) -> (tensor<6xi8>, tensor<6xi8>) {
  %space = tensor.empty() : tensor<6xi8>
  %second = linalg.generic {indexing_maps = [#element, #element], iterator_types = ["parallel"]}
      ins(%x : tensor<6xi8>) outs(%space : tensor<6xi8>)
      attrs = {fdt.layer = "second", fdt.role = "map"} {
  ^bb0(%e: i8, %out: i8):
    %s = arith.addi %e, %e : i8
    linalg.yield %s : i8
  } -> tensor<6xi8>
  %first = linalg.generic {indexing_maps = [#element, #element], iterator_types = ["parallel"]}
      ins(%x : tensor<6xi8>) outs(%space : tensor<6xi8>)
      attrs = {fdt.layer = "first", fdt.role = "map"} {
  ^bb0(%e: i8, %out: i8):
    %m = arith.muli %e, %e : i8
    linalg.yield %m : i8
  } -> tensor<6xi8>
  return %second, %first : tensor<6xi8>, tensor<6xi8>
}
