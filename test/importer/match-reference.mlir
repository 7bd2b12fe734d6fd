// RUN: fdt-opt %s --pass-pipeline='builtin.module(fdt-match-reference)' | FileCheck %s
// RUN: fdt-opt %s --pass-pipeline='builtin.module(fdt-match-reference{numerics=tflm})' \
// RUN:   | FileCheck --check-prefix=MICRO %s

// LiteRT rounds a fully connected layer once, a convolution twice. The multiplier of the layer, 2^-4,
// gets the least mantissa above 2^30, since LiteRT rounds ties of negative sums down.
// CHECK-LABEL: func.func @rescales(
// CHECK: %[[ABOVE:.*]] = tosa.const values(dense<1073741825>
// CHECK: %[[SHIFT:.*]] = tosa.const values(dense<34>
// CHECK: tosa.rescale %{{.*}}, %[[ABOVE]], %[[SHIFT]], {{.*}} rounding_mode<SINGLE_ROUND>
// CHECK: %[[NEAREST:.*]] = tosa.const values(dense<1073741824>
// CHECK: tosa.rescale %{{.*}}, %[[NEAREST]], {{.*}} rounding_mode<DOUBLE_ROUND>
// CHECK: tosa.rescale %{{.*}}, %{{.*}} rounding_mode<DOUBLE_ROUND>
// MICRO-LABEL: func.func @rescales(
// MICRO-NOT: SINGLE_ROUND
// MICRO-LABEL: func.func @average(
func.func @rescales(%sums: tensor<2x3xi32>, %factor: tensor<1xi32>, %shift: tensor<1xi8>)
    -> (tensor<2x3xi8>, tensor<2x3xi8>, tensor<2x3xi8>) {
  %zero = "tosa.const"() {values = dense<0> : tensor<1xi32>} : () -> tensor<1xi32>
  %offset = "tosa.const"() {values = dense<7> : tensor<1xi8>} : () -> tensor<1xi8>
  %dense = tosa.rescale %sums, %factor, %shift, %zero, %offset scale32(true)
      rounding_mode<DOUBLE_ROUND> per_channel(false) input_unsigned(false) output_unsigned(false)
      {fdt.source = "FULLY_CONNECTED", fdt.real_multipliers = array<f64: 0.0625>}
      : (tensor<2x3xi32>, tensor<1xi32>, tensor<1xi8>, tensor<1xi32>, tensor<1xi8>)
      -> tensor<2x3xi8>
  %conv = tosa.rescale %sums, %factor, %shift, %zero, %offset scale32(true)
      rounding_mode<DOUBLE_ROUND> per_channel(false) input_unsigned(false) output_unsigned(false)
      {fdt.source = "CONV_2D", fdt.real_multipliers = array<f64: 0.0625>}
      : (tensor<2x3xi32>, tensor<1xi32>, tensor<1xi8>, tensor<1xi32>, tensor<1xi8>)
      -> tensor<2x3xi8>
  %unknown = tosa.rescale %sums, %factor, %shift, %zero, %offset scale32(true)
      rounding_mode<DOUBLE_ROUND> per_channel(false) input_unsigned(false) output_unsigned(false)
      : (tensor<2x3xi32>, tensor<1xi32>, tensor<1xi8>, tensor<1xi32>, tensor<1xi8>)
      -> tensor<2x3xi8>
  return %dense, %conv, %unknown : tensor<2x3xi8>, tensor<2x3xi8>, tensor<2x3xi8>
}

// Without padding all windows have 2x3 elements: the division is by a constant, half away from 0.
// CHECK-LABEL: func.func @average(
// CHECK-NOT: tosa.avg_pool2d
// CHECK: %[[PADDED:.*]] = tensor.pad %{{.*}} low[0, 0, 0, 0] high[0, 0, 0, 0]
// CHECK: %[[SUM:.*]] = linalg.generic {{.*}} ins(%[[PADDED]], %{{.*}} : tensor<1x4x6x5xi8>
// CHECK: arith.addi %{{.*}}, %{{.*}} : i32
// CHECK: linalg.generic {{.*}} ins(%[[SUM]] : tensor<1x2x2x5xi32>)
// CHECK-NOT: linalg.index
// CHECK: %[[COUNT:.*]] = arith.constant 6 : i32
// CHECK: arith.divsi %{{.*}}, %[[COUNT]] : i32
// CHECK: arith.trunci {{.*}} i32 to i8
func.func @average(%image: tensor<1x4x6x5xi8>, %zero: tensor<1xi8>) -> tensor<1x2x2x5xi8> {
  %mean = tosa.avg_pool2d %image, %zero, %zero kernel([2, 3]) stride([2, 3]) pad([0, 0, 0, 0])
      acc_type(i32) {fdt.source = "AVERAGE_POOL_2D"}
      : (tensor<1x4x6x5xi8>, tensor<1xi8>, tensor<1xi8>) -> tensor<1x2x2x5xi8>
  return %mean : tensor<1x2x2x5xi8>
}

// At a border the divisor is the number of elements inside the image, counted along each axis.
// CHECK-LABEL: func.func @border(
// CHECK: tensor.pad %{{.*}} low[0, 1, 0, 0] high[0, 0, 1, 0]
// CHECK: %[[Y:.*]] = linalg.index 1
// CHECK: arith.minsi
// CHECK: %[[ROWS:.*]] = arith.subi
// CHECK: linalg.index 2
// CHECK: arith.minsi
// CHECK: %[[COLUMNS:.*]] = arith.subi
// CHECK: %[[COUNT:.*]] = arith.muli %[[ROWS]], %[[COLUMNS]]
// CHECK: arith.divsi %{{.*}}, %[[COUNT]]
func.func @border(%image: tensor<1x3x5x7xi8>, %zero: tensor<1xi8>) -> tensor<1x2x3x7xi8> {
  %mean = tosa.avg_pool2d %image, %zero, %zero kernel([2, 2]) stride([2, 2]) pad([1, 0, 0, 1])
      acc_type(i32) {fdt.source = "AVERAGE_POOL_2D"}
      : (tensor<1x3x5x7xi8>, tensor<1xi8>, tensor<1xi8>) -> tensor<1x2x3x7xi8>
  return %mean : tensor<1x2x3x7xi8>
}

// Float pools, and pools that are no TFLite operator, mean the same in TOSA: they stay.
// CHECK-LABEL: func.func @kept(
// CHECK: tosa.avg_pool2d {{.*}}(tensor<1x2x3x4xf32>
// CHECK: tosa.avg_pool2d {{.*}}(tensor<1x2x3x4xi8>
func.func @kept(%real: tensor<1x2x3x4xf32>, %zero: tensor<1xf32>, %image: tensor<1x2x3x4xi8>,
                %offset: tensor<1xi8>) -> (tensor<1x1x1x4xf32>, tensor<1x1x1x4xi8>) {
  %float = tosa.avg_pool2d %real, %zero, %zero kernel([2, 3]) stride([1, 1]) pad([0, 0, 0, 0])
      acc_type(f32) {fdt.source = "AVERAGE_POOL_2D"}
      : (tensor<1x2x3x4xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x1x1x4xf32>
  %plain = tosa.avg_pool2d %image, %offset, %offset kernel([2, 3]) stride([1, 1]) pad([0, 0, 0, 0])
      acc_type(i32)
      : (tensor<1x2x3x4xi8>, tensor<1xi8>, tensor<1xi8>) -> tensor<1x1x1x4xi8>
  return %float, %plain : tensor<1x1x1x4xf32>, tensor<1x1x1x4xi8>
}

// Quantisation divides by the scale, rounds half away from zero, and saturates before it converts.
// CHECK-LABEL: func.func @quantize(
// CHECK-SAME: %[[REALS:.*]]: tensor<2x3xf32>
// CHECK: %[[STORED:.*]] = linalg.generic {{.*}} ins(%[[REALS]] : tensor<2x3xf32>)
// CHECK: %[[SCALE:.*]] = arith.constant 3.000000e-01 : f32
// CHECK: %[[SCALED:.*]] = arith.divf %{{.*}}, %[[SCALE]] : f32
// CHECK: math.round %[[SCALED]] : f32
// CHECK: arith.constant -1.330000e+02 : f32
// CHECK: arith.constant 1.220000e+02 : f32
// CHECK: arith.constant 5 : i32
// CHECK: return %[[STORED]]
func.func @quantize(%reals: tensor<2x3xf32>) -> tensor<2x3xi8> {
  %whole = tosa.cast %reals : (tensor<2x3xf32>) -> tensor<2x3xi32> loc("stored")
  %stored = tosa.cast %whole {fdt.source = "QUANTIZE", fdt.scale = 0.3 : f64, fdt.zero_point = 5}
      : (tensor<2x3xi32>) -> tensor<2x3xi8> loc("stored")
  return %stored : tensor<2x3xi8>
}

// Division by a power of two is a multiplication.
// CHECK-LABEL: func.func @quantize_by_a_shift(
// CHECK: %[[INVERSE:.*]] = arith.constant 4.000000e+00 : f32
// CHECK: arith.mulf %{{.*}}, %[[INVERSE]] : f32
func.func @quantize_by_a_shift(%reals: tensor<2x3xf32>) -> tensor<2x3xi8> {
  %stored = tosa.cast %reals {fdt.source = "QUANTIZE", fdt.scale = 0.25 : f64, fdt.zero_point = 5}
      : (tensor<2x3xf32>) -> tensor<2x3xi8> loc("stored")
  return %stored : tensor<2x3xi8>
}

// A cast to integers truncates.
// CHECK-LABEL: func.func @cast(
// CHECK-NOT: round
// CHECK: arith.fptosi %{{.*}} : f32 to i32
// CHECK-NOT: tosa.cast
func.func @cast(%reals: tensor<2x3xf32>) -> tensor<2x3xi32> {
  %whole = tosa.cast %reals {fdt.source = "CAST"} : (tensor<2x3xf32>) -> tensor<2x3xi32>
  return %whole : tensor<2x3xi32>
}

// 1 / 0.02352941222 is 42.49999998 in doubles and 42.5 in floats, in which the reference divides.
// CHECK-LABEL: func.func @activations(
// CHECK: tosa.clamp {{.*}} min_val(-128 : i8) max_val(-85 : i8)
// CHECK: tosa.clamp {{.*}} min_val(-127 : i8) max_val(-86 : i8)
// CHECK: tosa.clamp {{.*}} min_val(-128 : i8) max_val(127 : i8)
func.func @activations(%x: tensor<2x3xi8>) -> (tensor<2x3xi8>, tensor<2x3xi8>, tensor<2x3xi8>) {
  %relu_n1_to_1 = "tosa.clamp"(%x) <{min_val = -128 : i8, max_val = -86 : i8}> {fdt.source = "RELU_N1_TO_1", fdt.scale = 0.0235294122248888 : f64, fdt.zero_point = -128 : i64} : (tensor<2x3xi8>) -> tensor<2x3xi8>
  %other_bounds = "tosa.clamp"(%x) <{min_val = -127 : i8, max_val = -86 : i8}> {fdt.source = "MAXIMUM", fdt.scale = 0.0235294122248888 : f64, fdt.zero_point = -128 : i64} : (tensor<2x3xi8>) -> tensor<2x3xi8>
  %relu6 = "tosa.clamp"(%x) <{min_val = -128 : i8, max_val = 127 : i8}> {fdt.source = "RELU6", fdt.scale = 0.0235294122248888 : f64, fdt.zero_point = -128 : i64} : (tensor<2x3xi8>) -> tensor<2x3xi8>
  return %relu_n1_to_1, %other_bounds, %relu6 : tensor<2x3xi8>, tensor<2x3xi8>, tensor<2x3xi8>
}
