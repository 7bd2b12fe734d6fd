static void fill_input_@NUMBER@(void) {
  void *const start = @ARENA@.bytes + @PORT@_OFFSET;
  @PORT@_TYPE *const input = (@PORT@_TYPE *)start;
  size_t i;
  for (i = 0; i < @PORT@_BYTES / sizeof *input; ++i) {
    input[i] = @VALUE@;
  }
}
