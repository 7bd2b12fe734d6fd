/* What a traced model (NAME_traced.inc) tells of itself. Buffers and steps are known by their
 * numbers in report.json. One of trace_*.c listens. */
#ifndef FDT_TRACE_H
#define FDT_TRACE_H

#include <stdint.h>

/* An inference begins; no arena has more than `most_bytes`. */
void fdt_trace_start(int32_t arena_count, int32_t most_bytes, int32_t buffer_count);

/* An arena, with the inputs in it. */
void fdt_trace_arena(int32_t arena, int8_t *base, int32_t bytes);

/* The place of the arena for whoever accesses this buffer: `bytes` bytes at `offset` in the arena
 * at `base`. Each function of a model whose input is streamed asks again. */
int8_t *fdt_trace_buffer(int8_t *base, int32_t arena, int32_t buffer, int32_t offset,
                         int32_t bytes);

void fdt_trace_input(int32_t buffer);    /* the caller has filled this buffer */
void fdt_trace_allocate(int32_t buffer); /* what it held before is not to be read any more */

void fdt_trace_value(int32_t value); /* of the coming step: loop indices, then its bounds */
void fdt_trace_begin(int32_t step);
void fdt_trace_end(int32_t step, const void *result, int32_t bytes);

/* The caller is about to read `bytes` bytes at `offset` of its arena as a part of this buffer. */
void fdt_trace_output(int32_t buffer, int32_t offset, int32_t bytes);
void fdt_trace_finish(void);

#endif
