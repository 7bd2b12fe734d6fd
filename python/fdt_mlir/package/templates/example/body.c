@ARENAS@

@FUNCTIONS@
/* Fills the inputs, runs the model and prints its outputs. Returns 0 on success. */
static int run_model_once(void) {
@FILL_INPUTS@
  if (@NAME@_invoke(@PLACES@) != 0) {
    print_line("@NAME@ failed");
    return 1;
  }
@PRINT_OUTPUTS@
  return 0;
}
