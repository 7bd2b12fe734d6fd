// What the parser, MLIR's passes and ours report is compared with comments, in every part.
// RUN: fdt-opt %s --split-input-file --verify-diagnostics --allow-unregistered-dialect \
// RUN:   --pass-pipeline='builtin.module(one-shot-bufferize,fdt-make-batch-static)'

func.func @parser() -> i32 {
  return %missing : i32 // expected-error {{use of undeclared SSA value name}}
}

// -----

func.func @verifier() -> i32 {
  // expected-error@below {{'func.return' op has 0 operands, but enclosing function (@verifier) returns 1}}
  return
}

// -----

func.func @mlir_pass(%input: tensor<6xf32>) -> tensor<6xf32> {
  %output = "test.unknown"(%input) : (tensor<6xf32>) -> tensor<6xf32>
  return %output : tensor<6xf32>
}
// expected-error@-3 {{op was not bufferized}}

// -----

func.func private @our_pass(tensor<4x?xf32>)
// expected-error@above {{argument 0 of @our_pass is tensor<4x?xf32>: dimension 1 not fixed}}

// -----

// expected-error@unknown {{dimension 1 not fixed}}
func.func private @no_line(tensor<5x?xf32>) loc("tensor"("model.tflite":0:0))
