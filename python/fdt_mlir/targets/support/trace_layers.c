/* Writes the result of each step to outputs.bin, as it is when the step ends.
 *
 * A `struct fdt_layer_record`, the values that the step announced, the bytes of its result.
 */
#include "harness.h"
#include "trace_silent.h"

#define LAYER_MAGIC 0x4C544446u /* "FDTL" */

enum { MAX_VALUES = 64 };

struct fdt_layer_record {
  uint32_t magic;
  int32_t step;
  uint32_t value_count;
  uint32_t result_bytes;
};

static int32_t values[MAX_VALUES];
static uint32_t value_count;

void fdt_trace_start(int32_t arena_count, int32_t most_bytes, int32_t buffer_count) {
  (void)arena_count, (void)most_bytes, (void)buffer_count;
  value_count = 0;
}

void fdt_trace_value(int32_t value) {
  if (value_count < MAX_VALUES) values[value_count++] = value;
}

void fdt_trace_begin(int32_t step) { (void)step; }

void fdt_trace_end(int32_t step, const void *result, int32_t bytes) {
  struct fdt_layer_record record = {LAYER_MAGIC, step, value_count, (uint32_t)bytes};
  /* What is not written is missing in the file, and found there. */
  fdt_write(&record, sizeof record);
  fdt_write(values, value_count * sizeof values[0]);
  fdt_write(result, record.result_bytes);
  value_count = 0;
}

void fdt_trace_finish(void) {}
