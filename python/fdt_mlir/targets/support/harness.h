/* What the harness knows of a model, and what it needs of the platform it runs on. */
#ifndef FDT_HARNESS_H
#define FDT_HARNESS_H

#include <stddef.h>
#include <stdint.h>

/* Bytes before and after an arena that an invoke must leave alone. */
#define FDT_RED_ZONE_BYTES 256

/* Those of a model, and one for an input that is streamed. */
#define FDT_MAX_ARENAS 9

/* Room for the arena, both red zones, and the shift that aligns the arena exactly. */
#define FDT_STORAGE_BYTES(arena_bytes, arena_align) \
  ((arena_bytes) + 2 * FDT_RED_ZONE_BYTES + 4 * ((arena_align) + 8))

/* Of one memory: where it may lie, and what the model needs of it. */
struct fdt_arena {
  uint8_t *storage;
  size_t bytes;
  size_t align;
};

struct fdt_region {
  size_t arena;  /* its number */
  size_t offset; /* bytes from the start of the arena */
  size_t bytes;
};

struct fdt_model {
  int (*invoke)(void *const *arenas); /* one place for each arena */
  void (*reset)(void *const *arenas); /* of a model with state: each sample begins anew */
  const struct fdt_arena *arenas;
  size_t arena_count; /* FDT_MAX_ARENAS at most */
  const struct fdt_region *inputs;
  size_t input_count;
  const struct fdt_region *outputs;
  size_t output_count;
  const uint64_t *step_ticks; /* of a profiled model: ticks of each step, else none */
  size_t step_count;
};

/* Of a profiled model, defined beside its main. */
extern uint64_t fdt_step_ticks[];
extern const size_t fdt_step_count;

/* Reads `inputs.bin`, invokes the model on each sample, writes `outputs.bin`. 0 on success. */
int fdt_harness_run(const struct fdt_model *model);

/* The platform: files (one open for reading, one for writing), and an instruction counter. */
int fdt_open_files(const char *input_path, const char *output_path); /* 0 on success */
int fdt_read(void *bytes, size_t count);                             /* 0 when all were read */
int fdt_write(const void *bytes, size_t count);                      /* 0 when all were written */
int fdt_close_files(void);                                           /* 0 when all is on disk */
void fdt_counter_start(void);
uint64_t fdt_counter_read(void); /* ticks since the start; 0 where nothing counts */
uint64_t fdt_counter_stop(void); /* the same, and counts no more */

#endif
