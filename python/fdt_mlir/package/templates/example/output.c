/* Prints the first values of output @NUMBER@. */
static void print_output_@NUMBER@(void) {
  const void *const start = @ARENA@.bytes + @PORT@_OFFSET;
  const @PORT@_TYPE *const output = (const @PORT@_TYPE *)start;
  const size_t count = @PORT@_BYTES / sizeof *output;
  size_t i;
  print_line("output @NUMBER@: " @PORT@_NAME);
  for (i = 0; i < count && i < 16; ++i) {
    @PRINT@;
  }
}
