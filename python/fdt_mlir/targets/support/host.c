/* The host: files by stdio. Nothing counts instructions here. */
#include "harness.h"

#include <stdio.h>

static FILE *input_file;
static FILE *output_file;

int fdt_open_files(const char *input_path, const char *output_path) {
  input_file = fopen(input_path, "rb");
  output_file = fopen(output_path, "wb");
  return input_file == NULL || output_file == NULL;
}

int fdt_read(void *bytes, size_t count) { return fread(bytes, 1, count, input_file) != count; }

int fdt_write(const void *bytes, size_t count) {
  return fwrite(bytes, 1, count, output_file) != count;
}

int fdt_close_files(void) {
  const int unread = fclose(input_file);
  return fclose(output_file) || unread;
}

void fdt_counter_start(void) {}

uint64_t fdt_counter_read(void) { return 0; }

uint64_t fdt_counter_stop(void) { return 0; }
