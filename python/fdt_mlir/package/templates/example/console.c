/* Runs the model @NAME@ on made-up inputs and prints its outputs. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "@NAME@.h"

static void print_line(const char *line) { puts(line); }

@BODY@
int main(void) {@RESET@
  return run_model_once();
}
