// The `fdt` attributes that the stages of the compiler hand to each other, as a definition that
// tools can load: iree-opt --irdl-file=dialects/fdt.irdl.mlir. They are discardable attributes
// with builtin values; docs/architecture.md says what each of them means.
irdl.dialect @fdt {
  // Layer form. The layer an operation belongs to, and its part in it.
  irdl.attribute @layer {
    %name = irdl.base "#builtin.string"
    irdl.parameters(name: %name)
  }
  irdl.attribute @role {
    %role = irdl.base "#builtin.string"
    irdl.parameters(role: %role)
  }

  // Paths. What the layers of a path are, which loops of the last are tiled, by what sizes.
  irdl.attribute @path {
    %family = irdl.base "#builtin.string"
    %layers = irdl.base "#builtin.array"
    %dims = irdl.base "#builtin.dense_array"
    %tiles = irdl.base "#builtin.dense_array"
    %glyph = irdl.base "#builtin.string"
    irdl.parameters(family: %family, layers: %layers, dims: %dims, tiles: %tiles, glyph: %glyph)
  }

  // Kernel form. One computation of a kernel call: a scalar function and what it is called with.
  irdl.attribute @stage {
    %body = irdl.base "#builtin.symbol_ref"
    %args = irdl.base "#builtin.array"
    %over = irdl.base "#builtin.dense_array"
    irdl.parameters(body: %body, args: %args, over: %over)
  }
  // What an operand reads as beyond its border, and whether that leaves a reduction as it is.
  irdl.attribute @pad {
    %operand = irdl.base "#builtin.integer"
    %value = irdl.any
    %neutral = irdl.any
    irdl.parameters(operand: %operand, value: %value, neutral: %neutral)
  }
}
