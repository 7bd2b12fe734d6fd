/* Runs a model on samples from a file, and watches what it does outside its arenas.
 *
 * inputs.bin:  the number of samples (u32), then the inputs of each sample back to back.
 * outputs.bin: for each sample a `struct fdt_record`, then the outputs back to back, then the ticks
 *              of each step (u64) where they are counted. A sample that failed has a record and
 *              nothing else, and is the last. Everything is little endian.
 */
#include "harness.h"

#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(address, bytes) ((void)(address), (void)(bytes))
#define ASAN_UNPOISON_MEMORY_REGION(address, bytes) ((void)(address), (void)(bytes))
#endif

#define RECORD_MAGIC 0x52544446u /* "FDTR" */
#define STACK_PAINT 0x5AC3A53Cu

enum { VIOLATED_BEFORE = 1, VIOLATED_AFTER = 2, VIOLATED_STACK = 4 };

struct fdt_record {
  uint32_t magic;
  int32_t invoke_status;
  uint32_t violations;
  uint32_t stack_bytes;
  uint32_t ticks_low, ticks_high;
};

static size_t round_up(size_t value, size_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

/* Aligns the arena to exactly what the header promises and no better, so that a reliance on more
 * shows. ASan can only poison up to an address that is a multiple of 8: there, every other sample
 * gets such an arena, guarded to the byte, and the others the exact alignment. */
static uint8_t *place_arena(const struct fdt_arena *arena, uint32_t sample) {
  const size_t align = arena->align;
  const size_t coarse = align < 8 ? 8 : align;
  const uintptr_t start = (uintptr_t)arena->storage + FDT_RED_ZONE_BYTES;
  size_t shift = round_up((size_t)start, 2 * coarse) - (size_t)start + align;
#if defined(__SANITIZE_ADDRESS__)
  if (sample % 2 == 0) shift += coarse - align;
#else
  (void)sample;
#endif
  return arena->storage + FDT_RED_ZONE_BYTES + shift;
}

/* Differs from byte to byte and sample to sample: no constant fill can be mistaken for it. */
static uint8_t canary(size_t index, uint32_t sample) {
  return (uint8_t)(index * 37u + sample * 101u + 0x5Bu);
}

static void fill_red_zone(uint8_t *zone, uint32_t sample) {
  for (size_t i = 0; i < FDT_RED_ZONE_BYTES; ++i) zone[i] = canary(i, sample);
  ASAN_POISON_MEMORY_REGION(zone, FDT_RED_ZONE_BYTES);
}

static int red_zone_violated(uint8_t *zone, uint32_t sample) {
  ASAN_UNPOISON_MEMORY_REGION(zone, FDT_RED_ZONE_BYTES);
  for (size_t i = 0; i < FDT_RED_ZONE_BYTES; ++i) {
    if (zone[i] != canary(i, sample)) return 1;
  }
  return 0;
}

#if defined(FDT_BARE_METAL)
extern uint32_t fdt_stack_limit[]; /* lowest word of the stack, from the linker script */

static inline uintptr_t stack_pointer(void) {
  uintptr_t pointer;
#if defined(__arm__)
  __asm__ volatile("mov %0, sp" : "=r"(pointer));
#else
  __asm__ volatile("mv %0, sp" : "=r"(pointer));
#endif
  return pointer;
}
#endif

/* Invokes the model between two reads of the counter, on a painted stack where there is one. */
static __attribute__((noinline)) void invoke_measured(const struct fdt_model *model,
                                                      void *const *arenas,
                                                      struct fdt_record *record) {
#if defined(FDT_BARE_METAL)
  /* The stack pointer here is the one at the call: what lies below belongs to the model. The
   * pointer is volatile lest the loop become a call of memset, on the very stack it paints. */
  const uintptr_t call_stack = stack_pointer();
  for (volatile uint32_t *word = fdt_stack_limit; (uintptr_t)word < call_stack; ++word) {
    *word = STACK_PAINT;
  }
#endif
  fdt_counter_start();
  record->invoke_status = (int32_t)model->invoke(arenas);
  const uint64_t ticks = fdt_counter_stop();
  record->ticks_low = (uint32_t)ticks;
  record->ticks_high = (uint32_t)(ticks >> 32);
#if defined(FDT_BARE_METAL)
  if (fdt_stack_limit[0] != STACK_PAINT) record->violations |= VIOLATED_STACK;
  const volatile uint32_t *used = fdt_stack_limit;
  while ((uintptr_t)used < call_stack && *used == STACK_PAINT) ++used;
  record->stack_bytes = (uint32_t)(call_stack - (uintptr_t)used);
#endif
}

static uint8_t *region_start(void *const *arenas, const struct fdt_region *region) {
  return (uint8_t *)arenas[region->arena] + region->offset;
}

static int read_inputs(const struct fdt_model *model, void *const *arenas) {
  for (size_t i = 0; i < model->input_count; ++i) {
    const struct fdt_region *const input = &model->inputs[i];
    if (fdt_read(region_start(arenas, input), input->bytes)) return 1;
  }
  return 0;
}

static int write_outputs(const struct fdt_model *model, void *const *arenas) {
  for (size_t i = 0; i < model->output_count; ++i) {
    const struct fdt_region *const output = &model->outputs[i];
    if (fdt_write(region_start(arenas, output), output->bytes)) return 1;
  }
  return 0;
}

static int write_ticks(const struct fdt_model *model) {
  if (model->step_count == 0) return 0;
  return fdt_write(model->step_ticks, model->step_count * sizeof *model->step_ticks);
}

static int run_sample(const struct fdt_model *model, uint32_t sample) {
  void *arenas[FDT_MAX_ARENAS];
  struct fdt_record record = {.magic = RECORD_MAGIC};

  for (size_t i = 0; i < model->arena_count; ++i) {
    arenas[i] = place_arena(&model->arenas[i], sample);
    /* Never zero, and another value each time: a model that relies on a cleared arena, or on what
     * the sample before it left there, gives wrong or changing results. */
    memset(arenas[i], (int)(0xA5u ^ (sample & 0x0Fu)), model->arenas[i].bytes);
  }
  if (model->reset) model->reset(arenas);
  if (read_inputs(model, arenas)) return 1;
  for (size_t i = 0; i < model->arena_count; ++i) {
    fill_red_zone((uint8_t *)arenas[i] - FDT_RED_ZONE_BYTES, sample);
    fill_red_zone((uint8_t *)arenas[i] + model->arenas[i].bytes, sample);
  }
  invoke_measured(model, arenas, &record);
  for (size_t i = 0; i < model->arena_count; ++i) {
    uint8_t *const before = (uint8_t *)arenas[i] - FDT_RED_ZONE_BYTES;
    uint8_t *const after = (uint8_t *)arenas[i] + model->arenas[i].bytes;
    if (red_zone_violated(before, sample)) record.violations |= VIOLATED_BEFORE;
    if (red_zone_violated(after, sample)) record.violations |= VIOLATED_AFTER;
  }

  if (fdt_write(&record, sizeof record)) return 1;
  if (record.invoke_status != 0 || record.violations != 0) return 1;
  return write_outputs(model, arenas) || write_ticks(model);
}

int fdt_harness_run(const struct fdt_model *model) {
  uint32_t sample_count = 0;
  if (fdt_open_files("inputs.bin", "outputs.bin")) return 1;
  int failed = fdt_read(&sample_count, sizeof sample_count);
  for (uint32_t sample = 0; !failed && sample < sample_count; ++sample) {
    failed = run_sample(model, sample);
  }
  return fdt_close_files() || failed;
}
