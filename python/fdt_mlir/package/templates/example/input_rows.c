/* Replace this by rows of what a sensor measured: the input never exists whole. */
static void fill_input_@NUMBER@(void) {
  @PORT@_TYPE row[@PORT@_ROW_BYTES / sizeof(@PORT@_TYPE)];
  size_t i = 0;
  @NAME@_reset(@ARENA@.bytes);
  for (int r = 0; r < @PORT@_ROWS; ++r) {
    for (size_t k = 0; k < sizeof row / sizeof *row; ++k) {
      row[k] = @VALUE@;
      ++i;
    }
    (void)@NAME@_push_rows(@ARENA@.bytes, row, 1);
  }
}
