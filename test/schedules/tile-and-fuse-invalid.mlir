// RUN: fdt-opt %s --split-input-file --verify-diagnostics --fdt-tile-and-fuse

#element = affine_map<(c) -> (c)>

// A layer that does not exist.
// expected-error@+1 {{fdt.paths names layer 'b', which the function does not have}}
func.func @layer(%input: tensor<6xf32>) -> tensor<6xf32> attributes {fdt.paths = [
    {family = "fdt", layers = ["b"], dims = array<i64: 0>, tiles = array<i64: 3>}]} {
  %empty = tensor.empty() : tensor<6xf32>
  %a = linalg.generic {indexing_maps = [#element, #element], iterator_types = ["parallel"]}
      ins(%input : tensor<6xf32>) outs(%empty : tensor<6xf32>)
      attrs = {fdt.layer = "a", fdt.role = "map"} {
    ^bb0(%x: f32, %old: f32):
      linalg.yield %x : f32
  } -> tensor<6xf32>
  return %a : tensor<6xf32>
}

// -----

#element = affine_map<(c) -> (c)>

// No layer at all.
// expected-error@+1 {{fdt.paths cannot be carried out: a path of 0 layers of family 'fdt'}}
func.func @no_layer(%input: tensor<6xf32>) -> tensor<6xf32> attributes {fdt.paths = [
    {family = "fdt", layers = [], dims = array<i64: 0>, tiles = array<i64: 3>}]} {
  %empty = tensor.empty() : tensor<6xf32>
  %c = linalg.generic {indexing_maps = [#element, #element], iterator_types = ["parallel"]}
      ins(%input : tensor<6xf32>) outs(%empty : tensor<6xf32>)
      attrs = {fdt.layer = "c", fdt.role = "map"} {
    ^bb0(%x: f32, %old: f32):
      linalg.yield %x : f32
  } -> tensor<6xf32>
  return %c : tensor<6xf32>
}

// -----

#element = affine_map<(c) -> (c)>

// As many sizes as loops.
// expected-error@+1 {{fdt.paths cannot be carried out: a path tiles 2 loops by 1 sizes}}
func.func @sizes(%input: tensor<6xf32>) -> tensor<6xf32> attributes {fdt.paths = [
    {family = "fdt", layers = ["d"], dims = array<i64: 0, 1>, tiles = array<i64: 3>}]} {
  %empty = tensor.empty() : tensor<6xf32>
  %d = linalg.generic {indexing_maps = [#element, #element], iterator_types = ["parallel"]}
      ins(%input : tensor<6xf32>) outs(%empty : tensor<6xf32>)
      attrs = {fdt.layer = "d", fdt.role = "map"} {
    ^bb0(%x: f32, %old: f32):
      linalg.yield %x : f32
  } -> tensor<6xf32>
  return %d : tensor<6xf32>
}

// -----

#element = affine_map<(c) -> (c)>

// The layer has one loop, number 0.
// expected-error@+1 {{fdt.paths cannot be carried out: layer 'e' has 1 loops, a path tiles loop 1}}
func.func @loop(%input: tensor<6xf32>) -> tensor<6xf32> attributes {fdt.paths = [
    {family = "fdt", layers = ["e"], dims = array<i64: 1>, tiles = array<i64: 3>}]} {
  %empty = tensor.empty() : tensor<6xf32>
  %e = linalg.generic {indexing_maps = [#element, #element], iterator_types = ["parallel"]}
      ins(%input : tensor<6xf32>) outs(%empty : tensor<6xf32>)
      attrs = {fdt.layer = "e", fdt.role = "map"} {
    ^bb0(%x: f32, %old: f32):
      linalg.yield %x : f32
  } -> tensor<6xf32>
  return %e : tensor<6xf32>
}

// -----

#element = affine_map<(c) -> (c)>

// The last tile would be smaller than the others.
// expected-error@+1 {{fdt.paths cannot be carried out: tiles of 4 do not divide the 6 of loop 0 of f}}
func.func @tile(%input: tensor<6xf32>) -> tensor<6xf32> attributes {fdt.paths = [
    {family = "fdt", layers = ["f"], dims = array<i64: 0>, tiles = array<i64: 4>}]} {
  %empty = tensor.empty() : tensor<6xf32>
  %f = linalg.generic {indexing_maps = [#element, #element], iterator_types = ["parallel"]}
      ins(%input : tensor<6xf32>) outs(%empty : tensor<6xf32>)
      attrs = {fdt.layer = "f", fdt.role = "map"} {
    ^bb0(%x: f32, %old: f32):
      linalg.yield %x : f32
  } -> tensor<6xf32>
  return %f : tensor<6xf32>
}

// -----

#element = affine_map<(c) -> (c)>

// A row path needs a layer that says what is tiled.
func.func @row_end(%input: tensor<6xf32>) -> tensor<6xf32> {
  %empty = tensor.empty() : tensor<6xf32>
  // expected-error@+1 {{row path 2 has 0 layers that say what is tiled}}
  %g = linalg.generic {indexing_maps = [#element, #element], iterator_types = ["parallel"]}
      ins(%input : tensor<6xf32>) outs(%empty : tensor<6xf32>)
      attrs = {fdt.layer = "g", fdt.role = "map", fdt.row_path = 2 : i64} {
    ^bb0(%x: f32, %old: f32):
      linalg.yield %x : f32
  } -> tensor<6xf32>
  return %g : tensor<6xf32>
}

// -----

#element = affine_map<(c) -> (c)>

// A row path of a loop that does not exist.
func.func @row_loop(%input: tensor<6xf32>) -> tensor<6xf32> {
  %empty = tensor.empty() : tensor<6xf32>
  // expected-error@+1 {{row path 5 tiles loops [1] of layer 'h' by [2]}}
  %h = linalg.generic {indexing_maps = [#element, #element], iterator_types = ["parallel"]}
      ins(%input : tensor<6xf32>) outs(%empty : tensor<6xf32>)
      attrs = {fdt.layer = "h", fdt.role = "map",
               fdt.row_path = 5 : i64, fdt.row_dims = array<i64: 1>, fdt.row_tiles = array<i64: 2>} {
    ^bb0(%x: f32, %old: f32):
      linalg.yield %x : f32
  } -> tensor<6xf32>
  return %h : tensor<6xf32>
}

// -----

#element = affine_map<(c) -> (c)>
#vector_in = affine_map<(o, i) -> (i)>
#matrix = affine_map<(o, i) -> (o, i)>
#vector_out = affine_map<(o, i) -> (o)>

// The sum is complete after the loop over the reduction; only then its tiles could be rescaled.
// expected-error@+1 {{fdt.paths cannot be carried out: loops of the result and of the reduction are tiled together}}
func.func @mixed(%input: tensor<4xf32>, %weights: tensor<6x4xf32>) -> tensor<6xf32>
    attributes {fdt.paths = [{family = "fdt", layers = ["i"], dims = array<i64: 0, 1>,
                              tiles = array<i64: 3, 2>}]} {
  %start = arith.constant dense<0.5> : tensor<6xf32>
  %empty = tensor.empty() : tensor<6xf32>
  %sum = linalg.generic {indexing_maps = [#vector_in, #matrix, #vector_out],
      iterator_types = ["parallel", "reduction"]}
      ins(%input, %weights : tensor<4xf32>, tensor<6x4xf32>) outs(%start : tensor<6xf32>)
      attrs = {fdt.layer = "i", fdt.role = "reduce"} {
    ^bb0(%x: f32, %w: f32, %sum: f32):
      %product = arith.mulf %x, %w : f32
      %next = arith.addf %sum, %product : f32
      linalg.yield %next : f32
  } -> tensor<6xf32>
  %i = linalg.generic {indexing_maps = [#element, #element], iterator_types = ["parallel"]}
      ins(%sum : tensor<6xf32>) outs(%empty : tensor<6xf32>)
      attrs = {fdt.layer = "i", fdt.role = "map"} {
    ^bb0(%x: f32, %old: f32):
      linalg.yield %x : f32
  } -> tensor<6xf32>
  return %i : tensor<6xf32>
}

// -----

#element = affine_map<(c) -> (c)>

// Tiles of all of it are no tiles.
// expected-error@+1 {{fdt.paths cannot be carried out: tiles of [6] are all of layer 'j'}}
func.func @whole(%input: tensor<6xf32>) -> tensor<6xf32>
    attributes {fdt.paths = [
      {family = "fdt", layers = ["j"], dims = array<i64: 0>, tiles = array<i64: 6>}]} {
  %empty = tensor.empty() : tensor<6xf32>
  %j = linalg.generic {indexing_maps = [#element, #element], iterator_types = ["parallel"]}
      ins(%input : tensor<6xf32>) outs(%empty : tensor<6xf32>)
      attrs = {fdt.layer = "j", fdt.role = "map"} {
    ^bb0(%x: f32, %old: f32):
      linalg.yield %x : f32
  } -> tensor<6xf32>
  return %j : tensor<6xf32>
}

// -----

#element = affine_map<(c) -> (c)>

// A kernel on a tile does not know which tile it is.
func.func @position(%table: tensor<6xf32>) -> tensor<6xf32>
    attributes {fdt.paths = [
      {family = "fdt", layers = ["k"], dims = array<i64: 0>, tiles = array<i64: 2>}]} {
  %empty = tensor.empty() : tensor<6xf32>
  // expected-error@+1 {{layer 'k' computes with the index of a tiled loop}}
  %k = linalg.generic {indexing_maps = [#element], iterator_types = ["parallel"]}
      outs(%empty : tensor<6xf32>) attrs = {fdt.layer = "k", fdt.role = "map"} {
    ^bb0(%old: f32):
      %position = linalg.index 0 : index
      %value = tensor.extract %table[%position] : tensor<6xf32>
      linalg.yield %value : f32
  } -> tensor<6xf32>
  return %k : tensor<6xf32>
}

// -----

#element = affine_map<(c) -> (c)>

// A tensor that is read elsewhere cannot disappear in a merged layer.
func.func @read_twice(%input: tensor<6xf32>) -> (tensor<6xf32>, tensor<6xf32>) attributes {
    fdt.paths = [{family = "merge", layers = ["m", "n"], dims = array<i64>, tiles = array<i64>}]} {
  %empty = tensor.empty() : tensor<6xf32>
  %m = linalg.generic {indexing_maps = [#element, #element], iterator_types = ["parallel"]}
      ins(%input : tensor<6xf32>) outs(%empty : tensor<6xf32>)
      attrs = {fdt.layer = "m", fdt.role = "map"} {
    ^bb0(%x: f32, %old: f32):
      linalg.yield %x : f32
  } -> tensor<6xf32>
  %n = linalg.generic {indexing_maps = [#element, #element], iterator_types = ["parallel"]}
      ins(%m : tensor<6xf32>) outs(%empty : tensor<6xf32>)
      attrs = {fdt.layer = "n", fdt.role = "map"} {
    ^bb0(%x: f32, %old: f32):
      linalg.yield %x : f32
  } -> tensor<6xf32>
  // expected-error@+1 {{layers 'm' and 'n' cannot be one: 'func.return' reads the tensor between them as well}}
  return %m, %n : tensor<6xf32>, tensor<6xf32>
}
