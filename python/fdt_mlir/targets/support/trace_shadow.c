/* Checks every access of a model to its arena, byte by byte: what is read must be what the very
 * same buffer was last written with.
 *
 * Two means, none of which knows the plan or how it was made:
 * - Every buffer gets an address of its own for the arena: the same memory, mapped once more. An
 *   address thus says through which buffer an access goes, however the buffers overlap.
 * - The model is compiled with -fsanitize=thread, which calls a function before each access. Here
 *   these functions are ours, and ask who wrote the bytes last. (The kernel of Linux looks for races
 *   the same way: KCSAN.)
 */
#define _GNU_SOURCE
#include "fdt_trace.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { GUARD_BYTES = 65536, NOTHING = -1, CALLER = -1, VIOLATION_STATUS = 66 };

/* A buffer, and where its slot begins: a guard, its arena, a guard. */
struct extent {
  int32_t arena, offset, bytes;
};

/* Who wrote a byte of an arena last: as a part of which buffer, in which step. */
struct cell {
  int32_t buffer, step;
};

struct arena {
  int8_t *original; /* what the caller knows */
  int8_t *place;    /* the same memory, in the slot of any buffer */
  size_t bytes;
  size_t lead; /* from the start of a slot to the arena: aligned as `original`, and no better */
  struct cell *cells;
  int file;
};

static struct arena *arenas;
static size_t arena_count;
static struct extent *extents;
static int32_t current_step;

static uint8_t *slots;
static size_t slot_bytes; /* a power of two */
static size_t all_bytes;  /* of the slots together */

static void *checked(void *memory) {
  if (memory == NULL || memory == MAP_FAILED) {
    perror("shadow memory");
    exit(1);
  }
  return memory;
}

void fdt_trace_start(int32_t arenas_given, int32_t most_bytes, int32_t buffer_count) {
  const size_t page = (size_t)sysconf(_SC_PAGESIZE);
  slot_bytes = 2 * GUARD_BYTES;
  while (slot_bytes < (size_t)most_bytes + page + 2 * GUARD_BYTES) slot_bytes *= 2;
  all_bytes = slot_bytes * ((size_t)buffer_count + 1);
  slots = checked(mmap(NULL, all_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
                       0));
  arena_count = (size_t)arenas_given;
  arenas = checked(calloc(arena_count, sizeof *arenas));
  extents = checked(calloc((size_t)buffer_count + 1, sizeof *extents));
  current_step = CALLER;
}

void fdt_trace_arena(int32_t number, int8_t *base, int32_t bytes) {
  struct arena *arena = &arenas[number];
  const size_t page = (size_t)sysconf(_SC_PAGESIZE);
  arena->original = base;
  arena->bytes = (size_t)bytes;
  arena->lead = GUARD_BYTES + (uintptr_t)base % page;
  arena->cells = checked(malloc(sizeof *arena->cells * (arena->bytes + 1)));
  for (size_t i = 0; i < arena->bytes; ++i) arena->cells[i] = (struct cell){NOTHING, CALLER};
  arena->file = memfd_create("arena", 0);
  if (arena->file < 0 || ftruncate(arena->file, (off_t)(slot_bytes - 2 * GUARD_BYTES)) != 0) {
    checked(NULL);
  }
}

int8_t *fdt_trace_buffer(int8_t *base, int32_t number, int32_t buffer, int32_t offset,
                         int32_t bytes) {
  struct arena *arena = &arenas[number];
  uint8_t *const slot = slots + slot_bytes * (size_t)buffer;
  if (extents[buffer].bytes == 0) { /* else another function asks again */
    checked(mmap(slot + GUARD_BYTES, slot_bytes - 2 * GUARD_BYTES, PROT_READ | PROT_WRITE,
                 MAP_SHARED | MAP_FIXED, arena->file, 0));
  }
  if (arena->place == NULL) {
    arena->place = (int8_t *)slot + arena->lead;
    memcpy(arena->place, base, arena->bytes);
  }
  extents[buffer] = (struct extent){number, offset, bytes};
  return (int8_t *)slot + arena->lead;
}

/* The runner finds this line and puts names for the numbers. */
static void violated(const char *how, bool write, int32_t buffer, ptrdiff_t place) {
  const struct arena *arena = &arenas[extents[buffer].arena];
  struct cell last = {NOTHING, CALLER};
  if (place >= 0 && (size_t)place < arena->bytes) last = arena->cells[place];
  const long owner_start = last.buffer == NOTHING ? 0 : extents[last.buffer].offset;
  fprintf(stderr, "shadow: %s %s step=%d buffer=%d byte=%ld owner=%d owner_step=%d owner_byte=%ld\n",
          how, write ? "write" : "read", (int)current_step, (int)buffer,
          (long)place - extents[buffer].offset, (int)last.buffer, (int)last.step,
          (long)place - owner_start);
  fflush(stderr);
  _exit(VIOLATION_STATUS);
}

static void access_bytes(int32_t buffer, ptrdiff_t place, size_t count, bool write) {
  const struct extent extent = extents[buffer];
  struct cell *const cells = arenas[extent.arena].cells;
  for (size_t i = 0; i < count; ++i, ++place) {
    if (place < extent.offset || place >= (ptrdiff_t)extent.offset + extent.bytes) {
      violated("outside", write, buffer, place);
    }
    if (write) {
      cells[place] = (struct cell){buffer, current_step};
    } else if (cells[place].buffer != buffer) {
      violated(cells[place].buffer == NOTHING ? "unwritten" : "overwritten", false, buffer, place);
    }
  }
}

static void access_address(const void *address, size_t count, bool write) {
  const size_t distance = (size_t)((uintptr_t)address - (uintptr_t)slots);
  if (distance >= all_bytes) return; /* constants and locals */
  const int32_t buffer = (int32_t)(distance / slot_bytes);
  const size_t lead = arenas[extents[buffer].arena].lead;
  const ptrdiff_t place = (ptrdiff_t)(distance & (slot_bytes - 1)) - (ptrdiff_t)lead;
  access_bytes(buffer, place, count, write);
}

void fdt_trace_input(int32_t buffer) {
  access_bytes(buffer, extents[buffer].offset, (size_t)extents[buffer].bytes, true);
}

void fdt_trace_allocate(int32_t buffer) {
  const struct extent extent = extents[buffer];
  struct cell *const cells = arenas[extent.arena].cells;
  for (int32_t i = extent.offset; i < extent.offset + extent.bytes; ++i) {
    if (cells[i].buffer == buffer) cells[i].buffer = NOTHING;
  }
}

void fdt_trace_value(int32_t value) { (void)value; }

void fdt_trace_begin(int32_t step) { current_step = step; }

void fdt_trace_end(int32_t step, const void *result, int32_t bytes) {
  (void)step, (void)result, (void)bytes;
  current_step = CALLER;
}

void fdt_trace_output(int32_t buffer, int32_t offset, int32_t bytes) {
  current_step = CALLER;
  access_bytes(buffer, offset, (size_t)bytes, false);
}

void fdt_trace_finish(void) {
  for (size_t i = 0; i < arena_count; ++i) {
    if (arenas[i].place) memcpy(arenas[i].original, arenas[i].place, arenas[i].bytes);
    free(arenas[i].cells);
    close(arenas[i].file);
  }
  munmap(slots, all_bytes);
  free(arenas);
  free(extents);
}

/* What the compiler calls before an access, by its size. */
#define ON_ACCESS(bytes)                                                                     \
  void __tsan_read##bytes(void *address);                                                    \
  void __tsan_write##bytes(void *address);                                                   \
  void __tsan_unaligned_read##bytes(void *address);                                          \
  void __tsan_unaligned_write##bytes(void *address);                                         \
  void __tsan_read##bytes(void *address) { access_address(address, bytes, false); }           \
  void __tsan_write##bytes(void *address) { access_address(address, bytes, true); }           \
  void __tsan_unaligned_read##bytes(void *address) { access_address(address, bytes, false); } \
  void __tsan_unaligned_write##bytes(void *address) { access_address(address, bytes, true); }

ON_ACCESS(1)
ON_ACCESS(2)
ON_ACCESS(4)
ON_ACCESS(8)
ON_ACCESS(16)

void __tsan_read_range(void *address, size_t bytes);
void __tsan_write_range(void *address, size_t bytes);
void __tsan_init(void);
void __tsan_func_entry(void *caller);
void __tsan_func_exit(void);
void __tsan_read_range(void *address, size_t bytes) { access_address(address, bytes, false); }
void __tsan_write_range(void *address, size_t bytes) { access_address(address, bytes, true); }
void __tsan_init(void) {}
void __tsan_func_entry(void *caller) { (void)caller; }
void __tsan_func_exit(void) {}
