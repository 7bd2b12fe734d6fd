"""C functions on vectors: Helium, and C99 in its place."""

from __future__ import annotations

from fdt_mlir.emitc.micro_function import MicroFunction

_VECTOR = MicroFunction(
    mve="typedef int16x8_t s16x8;",
    portable="""\
/* Eight numbers of 16 bits. */
typedef struct {
  int16_t at[8];
} s16x8;""",
)
_LOAD_VECTOR = MicroFunction(
    mve="""\
static inline s16x8 load_s8x8(const int8_t *p, int32_t offset) {
  return vaddq_n_s16(vldrbq_s16(p), (int16_t)offset);
}""",
    portable="""\
/* Eight bytes, each plus an offset. */
static inline s16x8 load_s8x8(const int8_t *p, int32_t offset) {
  s16x8 x;
  for (int n = 0; n < 8; ++n) x.at[n] = (int16_t)(p[n] + offset);
  return x;
}""",
    calls=("s16x8",),
)
_LOAD_PART = MicroFunction(
    mve="""\
static inline s16x8 load_s8x8_part(const int8_t *p, int32_t count, int32_t offset) {
  return vaddq_n_s16(vldrbq_z_s16(p, vctp16q((uint32_t)count)), (int16_t)offset);
}""",
    portable="""\
/* The same, of which only the first `count` are there. */
static inline s16x8 load_s8x8_part(const int8_t *p, int32_t count, int32_t offset) {
  s16x8 x;
  for (int n = 0; n < 8; ++n) x.at[n] = (int16_t)((n < count ? p[n] : 0) + offset);
  return x;
}""",
    calls=("s16x8",),
)
_DOT_VECTOR = MicroFunction(
    mve="""\
static inline int32_t dot_s8x8(int32_t sum, s16x8 x, const int8_t *w) {
  return vmladavaq_s16(sum, x, vldrbq_s16(w));
}""",
    portable="""\
/* Eight products, added to a sum that wraps around. */
static inline int32_t dot_s8x8(int32_t sum, s16x8 x, const int8_t *w) {
  uint32_t total = (uint32_t)sum;
  for (int n = 0; n < 8; ++n) total += (uint32_t)(x.at[n] * w[n]);
  return (int32_t)total;
}""",
    calls=("s16x8",),
)
_BYTE_VECTOR = MicroFunction(
    mve="typedef int8x16_t s8x16;",
    portable="""\
/* Sixteen bytes. */
typedef struct {
  int8_t at[16];
} s8x16;""",
)
_SPLAT_BYTE_VECTOR = MicroFunction(
    mve="static inline s8x16 splat_s8x16(int32_t x) { return vdupq_n_s8((int8_t)x); }",
    portable="""\
static inline s8x16 splat_s8x16(int32_t x) {
  s8x16 all;
  for (int n = 0; n < 16; ++n) all.at[n] = (int8_t)x;
  return all;
}""",
    calls=("s8x16",),
)
_MAX_VECTOR = MicroFunction(
    mve="""\
static inline s8x16 max_s8x16(s8x16 x, const int8_t *p) { return vmaxq_s8(x, vldrbq_s8(p)); }""",
    portable="""\
/* The larger of each of sixteen bytes and those in memory. */
static inline s8x16 max_s8x16(s8x16 x, const int8_t *p) {
  for (int n = 0; n < 16; ++n) x.at[n] = p[n] > x.at[n] ? p[n] : x.at[n];
  return x;
}""",
    calls=("s8x16",),
)
_MAX_PART = MicroFunction(
    mve="""\
static inline s8x16 max_s8x16_part(s8x16 x, const int8_t *p, int32_t count) {
  return vmaxq_s8(x, vldrbq_z_s8(p, vctp8q((uint32_t)count)));
}""",
    portable="""\
/* The same, of which only the first `count` are in memory, and count. */
static inline s8x16 max_s8x16_part(s8x16 x, const int8_t *p, int32_t count) {
  for (int n = 0; n < count; ++n) x.at[n] = p[n] > x.at[n] ? p[n] : x.at[n];
  return x;
}""",
    calls=("s8x16",),
)
_STORE_BYTE_VECTOR = MicroFunction(
    mve="static inline void store_s8x16(int8_t *p, s8x16 x) { vstrbq_s8(p, x); }",
    portable="""\
static inline void store_s8x16(int8_t *p, s8x16 x) {
  for (int n = 0; n < 16; ++n) p[n] = x.at[n];
}""",
    calls=("s8x16",),
)
_STORE_PART = MicroFunction(
    mve="""\
static inline void store_s8x16_part(int8_t *p, s8x16 x, int32_t count) {
  vstrbq_p_s8(p, x, vctp8q((uint32_t)count));
}""",
    portable="""\
static inline void store_s8x16_part(int8_t *p, s8x16 x, int32_t count) {
  for (int n = 0; n < count; ++n) p[n] = x.at[n];
}""",
    calls=("s8x16",),
)
_SPLAT_VECTOR = MicroFunction(
    mve="static inline s16x8 splat_s16x8(int32_t x) { return vdupq_n_s16((int16_t)x); }",
    portable="""\
static inline s16x8 splat_s16x8(int32_t x) {
  s16x8 all;
  for (int n = 0; n < 8; ++n) all.at[n] = (int16_t)x;
  return all;
}""",
    calls=("s16x8",),
)
_ADD_VECTOR = MicroFunction(
    mve="""\
static inline s16x8 add_s16x8(s16x8 x, const int8_t *p) { return vaddq_s16(x, vldrbq_s16(p)); }""",
    portable="""\
/* Eight bytes in memory added to eight sums. */
static inline s16x8 add_s16x8(s16x8 x, const int8_t *p) {
  for (int n = 0; n < 8; ++n) x.at[n] = (int16_t)(x.at[n] + p[n]);
  return x;
}""",
    calls=("s16x8",),
)
_ADD_PART = MicroFunction(
    mve="""\
static inline s16x8 add_s16x8_part(s16x8 x, const int8_t *p, int32_t count) {
  return vaddq_s16(x, vldrbq_z_s16(p, vctp16q((uint32_t)count)));
}""",
    portable="""\
/* The same, of which only the first `count` are there. */
static inline s16x8 add_s16x8_part(s16x8 x, const int8_t *p, int32_t count) {
  for (int n = 0; n < count; ++n) x.at[n] = (int16_t)(x.at[n] + p[n]);
  return x;
}""",
    calls=("s16x8",),
)
_LANE = MicroFunction(
    mve="static inline int32_t lane_s16x8(s16x8 x, int32_t lane) { return x[lane]; }",
    portable="static inline int32_t lane_s16x8(s16x8 x, int32_t lane) { return x.at[lane]; }",
    calls=("s16x8",),
)

# Each calls only functions that stand before it.
VECTOR_FUNCTIONS = {
    "s16x8": _VECTOR,
    "load_s8x8": _LOAD_VECTOR,
    "load_s8x8_part": _LOAD_PART,
    "dot_s8x8": _DOT_VECTOR,
    "splat_s16x8": _SPLAT_VECTOR,
    "add_s16x8": _ADD_VECTOR,
    "add_s16x8_part": _ADD_PART,
    "lane_s16x8": _LANE,
    "s8x16": _BYTE_VECTOR,
    "splat_s8x16": _SPLAT_BYTE_VECTOR,
    "max_s8x16": _MAX_VECTOR,
    "max_s8x16_part": _MAX_PART,
    "store_s8x16": _STORE_BYTE_VECTOR,
    "store_s8x16_part": _STORE_PART,
}
