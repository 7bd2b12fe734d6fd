/* Hands over the rows of input @NUMBER@ one by one, as a sensor delivers them. Returns 0 on success. */
static int push_input_@NUMBER@(void) {
  @PORT@_TYPE row[@PORT@_ROW_BYTES / sizeof(@PORT@_TYPE)];
  const size_t width = sizeof row / sizeof *row;
  size_t first, i;
  for (first = 0; first < @PORT@_ROWS * width; first += width) {
    for (i = 0; i < width; ++i) {
      row[i] = @VALUE@;
    }
    if (@NAME@_push_rows(@PLACES@, row, 1) != 0) return 1;
  }
  return 0;
}
