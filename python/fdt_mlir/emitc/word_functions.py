"""C functions on words that hold several numbers: Arm's DSP extension, and C99 in its place."""

from __future__ import annotations

from fdt_mlir.emitc.micro_function import MicroFunction

_PAIR = MicroFunction(
    common="""\
/* Twice the same 16 bits. */
static inline int32_t pair_s16(int32_t x) {
  return (int32_t)(((uint32_t)x & 0xffffu) * 0x10001u);
}"""
)
_LOAD = MicroFunction(
    dsp="""\
static inline int32_t load_s8x4(const int8_t *p) {
  int32_t x;
  memcpy(&x, p, sizeof x); /* one load, aligned or not */
  return x;
}""",
    portable="""\
static inline int32_t load_s8x4(const int8_t *p) {
  uint32_t x = 0;
  for (int n = 3; n >= 0; --n) x = (x << 8) | (uint8_t)p[n];
  return (int32_t)x;
}""",
    common="typedef const int8_t *s8_run; /* elements side by side */",
)
_BYTE_WITHIN = MicroFunction(
    common="""\
/* Element k of a run; `pad` stands for those outside of begin to end. */
static inline uint32_t byte_within(const int8_t *run, int32_t k, int32_t begin, int32_t end,
    int32_t pad) {
  return (uint8_t)(k >= begin && k < end ? run[k] : pad);
}"""
)
_LOAD_WITHIN = MicroFunction(
    common="""\
static inline int32_t load_s8x4_within(const int8_t *run, int32_t k, int32_t begin, int32_t end,
    int32_t pad) {
  const uint32_t low = byte_within(run, k + 1, begin, end, pad) << 8;
  const uint32_t high = byte_within(run, k + 3, begin, end, pad) << 8;
  const uint32_t upper = high | byte_within(run, k + 2, begin, end, pad);
  return (int32_t)((upper << 16) | low | byte_within(run, k, begin, end, pad));
}""",
    calls=("byte_within",),
)
_EVEN = MicroFunction(
    dsp="""\
static inline int32_t add_even_s8(int32_t pair, int32_t x) { return __sxtab16(pair, x); }""",
    portable="""\
/* Elements 0 and 2 of x, as 16 bits, added to a pair. */
static inline int32_t add_even_s8(int32_t pair, int32_t x) {
  const int32_t low = (int16_t)pair + (int8_t)x;
  const int32_t high = (pair >> 16) + (int8_t)(x >> 16);
  return (int32_t)(((uint32_t)high << 16) | ((uint32_t)low & 0xffffu));
}""",
)
_ODD = MicroFunction(
    dsp="""\
static inline int32_t add_odd_s8(int32_t pair, int32_t x) {
  int32_t sum; /* no intrinsic rotates */
  __asm__("sxtab16 %0, %1, %2, ror #8" : "=r"(sum) : "r"(pair), "r"(x));
  return sum;
}""",
    portable="""\
/* Elements 1 and 3 of x, as 16 bits, added to a pair. */
static inline int32_t add_odd_s8(int32_t pair, int32_t x) {
  return add_even_s8(pair, x >> 8);
}""",
    calls=("add_even_s8",),
)
_EXTEND_EVEN = MicroFunction(
    dsp="""\
static inline int32_t even_s8(int32_t x) { return __sxtb16(x); }""",
    portable="""\
/* Elements 0 and 2 of x, as 16 bits. */
static inline int32_t even_s8(int32_t x) { return add_even_s8(0, x); }""",
    calls=("add_even_s8",),
)
_EXTEND_ODD = MicroFunction(
    dsp="""\
static inline int32_t odd_s8(int32_t x) {
  int32_t pair; /* no intrinsic rotates */
  __asm__("sxtb16 %0, %1, ror #8" : "=r"(pair) : "r"(x));
  return pair;
}""",
    portable="""\
/* Elements 1 and 3 of x, as 16 bits. */
static inline int32_t odd_s8(int32_t x) { return add_even_s8(0, x >> 8); }""",
    calls=("add_even_s8",),
)
_MULTIPLY = MicroFunction(
    dsp="""\
static inline int32_t multiply_add_s16x2(int32_t sum, int32_t x, int32_t w) {
  return __smlad(x, w, sum);
}""",
    portable="""\
/* Two products of 16 bits, added to a sum that wraps around. */
static inline int32_t multiply_add_s16x2(int32_t sum, int32_t x, int32_t w) {
  const int32_t low = (int16_t)x * (int16_t)w;
  const int32_t high = (x >> 16) * (w >> 16);
  return (int32_t)((uint32_t)sum + (uint32_t)low + (uint32_t)high);
}""",
)
_DOT_NARROW = MicroFunction(
    common="""\
/* Four products: x holds elements 0 and 2, 1 and 3 of a quad. Returns the next weights. */
static inline const int8_t *dot_s8x4(int32_t *sum, int32_t x_even, int32_t x_odd,
    const int8_t *w) {
  const int32_t quad = load_s8x4(w);
  *sum = multiply_add_s16x2(*sum, x_even, even_s8(quad));
  *sum = multiply_add_s16x2(*sum, x_odd, odd_s8(quad));
  return w + 4;
}""",
    calls=("load_s8x4", "even_s8", "odd_s8", "multiply_add_s16x2"),
)
_DOT_TWO = MicroFunction(
    dsp="""\
static inline const int8_t *dot_two_s8x4(int32_t *sum, int32_t *other, int32_t x_even,
    int32_t x_odd, const int8_t *w) {
  int32_t quad, next; /* compilers split a load of two registers */
  __asm__("ldrd %0, %1, [%2], #8" : "=&r"(quad), "=&r"(next), "+r"(w) : "m"(*(const char(*)[8])w));
  *sum = __smlad(x_odd, odd_s8(quad), __smlad(x_even, even_s8(quad), *sum));
  *other = __smlad(x_odd, odd_s8(next), __smlad(x_even, even_s8(next), *other));
  return w;
}""",
    portable="""\
/* The same quad with the weights of two sums. */
static inline const int8_t *dot_two_s8x4(int32_t *sum, int32_t *other, int32_t x_even,
    int32_t x_odd, const int8_t *w) {
  for (int n = 0; n < 2; ++n, w += 4) {
    int32_t *total = n == 0 ? sum : other;
    *total = multiply_add_s16x2(*total, x_even, even_s8(load_s8x4(w)));
    *total = multiply_add_s16x2(*total, x_odd, odd_s8(load_s8x4(w)));
  }
  return w;
}""",
    calls=("load_s8x4", "even_s8", "odd_s8", "multiply_add_s16x2"),
)
_LOAD_PAIR = MicroFunction(
    dsp="""\
static inline int32_t load_s16x2(const int16_t *p) {
  int32_t x;
  memcpy(&x, __builtin_assume_aligned(p, 4), sizeof x);
  return x;
}""",
    portable="""\
static inline int32_t load_s16x2(const int16_t *p) {
  return (int32_t)(((uint32_t)p[1] << 16) | (uint16_t)p[0]);
}""",
)
_DOT_WIDE = MicroFunction(
    dsp="""\
static inline const int16_t *dot_s16x4(int32_t *sum, int32_t x_even, int32_t x_odd,
    const int16_t *w) {
  int32_t even, odd; /* compilers split a load of two registers */
  __asm__("ldrd %0, %1, [%2], #8" : "=&r"(even), "=&r"(odd), "+r"(w) : "m"(*(const char(*)[8])w));
  *sum = __smlad(x_odd, odd, __smlad(x_even, even, *sum));
  return w;
}""",
    portable="""\
/* Four products: x and w hold elements 0 and 2, then 1 and 3 of a quad. Returns the next quad. */
static inline const int16_t *dot_s16x4(int32_t *sum, int32_t x_even, int32_t x_odd,
    const int16_t *w) {
  *sum = multiply_add_s16x2(*sum, x_even, load_s16x2(w));
  *sum = multiply_add_s16x2(*sum, x_odd, load_s16x2(w + 2));
  return w + 4;
}""",
    calls=("load_s16x2", "multiply_add_s16x2"),
)
_LOW_HALVES = MicroFunction(
    dsp="""\
static inline int32_t low_halves(int32_t x, int32_t y) {
  int32_t pair;
  __asm__("pkhbt %0, %1, %2, lsl #16" : "=r"(pair) : "r"(x), "r"(y));
  return pair;
}""",
    portable="""\
/* The lower half of x below that of y. */
static inline int32_t low_halves(int32_t x, int32_t y) {
  return (int32_t)(((uint32_t)y << 16) | ((uint32_t)x & 0xffffu));
}""",
)
_HIGH_HALVES = MicroFunction(
    dsp="""\
static inline int32_t high_halves(int32_t x, int32_t y) {
  int32_t pair;
  __asm__("pkhtb %0, %1, %2, asr #16" : "=r"(pair) : "r"(y), "r"(x));
  return pair;
}""",
    portable="""\
/* The upper half of x below that of y. */
static inline int32_t high_halves(int32_t x, int32_t y) {
  return (int32_t)(((uint32_t)y & 0xffff0000u) | ((uint32_t)x >> 16));
}""",
)
_SATURATE = MicroFunction(
    dsp="""\
static inline int8_t saturate_s8(int32_t x) {
  int32_t y; /* __ssat warns inside of GCC's own header */
  __asm__("ssat %0, #8, %1" : "=r"(y) : "r"(x) : "cc");
  return (int8_t)y;
}""",
    portable="""\
static inline int8_t saturate_s8(int32_t x) {
  return (int8_t)(x < -128 ? -128 : x > 127 ? 127 : x);
}""",
)
_SATURATE_HALF = MicroFunction(
    dsp="""\
static inline int8_t saturate_half_s8(int32_t x) {
  int32_t y;
  __asm__("ssat %0, #8, %1, asr #1" : "=r"(y) : "r"(x) : "cc");
  return (int8_t)y;
}""",
    portable="""\
static inline int8_t saturate_half_s8(int32_t x) { return saturate_s8(x >> 1); }""",
    calls=("saturate_s8",),
)
_SMMULR = MicroFunction(
    dsp="""\
static inline int32_t multiply_high_s32(int32_t x, int32_t y) {
  int32_t high;
  __asm__("smmulr %0, %1, %2" : "=r"(high) : "r"(x), "r"(y));
  return high;
}""",
    portable="""\
/* The upper word of the product, rounded. */
static inline int32_t multiply_high_s32(int32_t x, int32_t y) {
  return (int32_t)(((int64_t)x * y + INT64_C(0x80000000)) >> 32);
}""",
)
_SPLAT_BYTES = MicroFunction(
    common="""\
/* Four times the same byte. */
static inline int32_t splat_s8x4(int32_t x) {
  return (int32_t)(((uint32_t)x & 0xffu) * 0x1010101u);
}"""
)
_MAX = MicroFunction(
    dsp="""\
static inline int32_t max_s8x4(int32_t x, int32_t y) {
  __ssub8(x, y); /* says where x is at least y */
  return (int32_t)__sel((uint8x4_t)x, (uint8x4_t)y);
}""",
    portable="""\
/* The larger of each of four bytes. */
static inline int32_t max_s8x4(int32_t x, int32_t y) {
  uint32_t larger = 0;
  for (int n = 24; n >= 0; n -= 8) {
    const int8_t a = (int8_t)(x >> n);
    const int8_t b = (int8_t)(y >> n);
    larger = (larger << 8) | (uint8_t)(a > b ? a : b);
  }
  return (int32_t)larger;
}""",
)
_STORE = MicroFunction(
    dsp="""\
static inline void store_s8x4(int8_t *p, int32_t x) {
  memcpy(p, &x, sizeof x); /* one store, aligned or not */
}""",
    portable="""\
static inline void store_s8x4(int8_t *p, int32_t x) {
  for (int n = 0; n < 4; ++n) p[n] = (int8_t)(x >> (8 * n));
}""",
)


def _add_byte(lane: int) -> MicroFunction:
    """A number plus byte `lane` of a word."""
    head = f"static inline int32_t add_byte{lane}_s8(int32_t x, int32_t bytes) {{"
    byte = f"(int8_t)(bytes >> {8 * lane})" if lane else "(int8_t)bytes"
    rotated = f"""\
  int32_t sum; /* no intrinsic rotates */
  __asm__("sxtab %0, %1, %2, ror #{8 * lane}" : "=r"(sum) : "r"(x), "r"(bytes));
  return sum;"""
    inner = lane in (1, 2)  # the others are one instruction in C
    plain = f"{head} return x + {byte}; }}"
    return MicroFunction(dsp=f"{head}\n{rotated}\n}}" if inner else plain, portable=plain)


# Each calls only functions that stand before it.
WORD_FUNCTIONS = {
    "pair_s16": _PAIR,
    "load_s8x4": _LOAD,
    "byte_within": _BYTE_WITHIN,
    "load_s8x4_within": _LOAD_WITHIN,
    "load_s16x2": _LOAD_PAIR,
    "add_even_s8": _EVEN,
    "add_odd_s8": _ODD,
    "even_s8": _EXTEND_EVEN,
    "odd_s8": _EXTEND_ODD,
    "multiply_add_s16x2": _MULTIPLY,
    "low_halves": _LOW_HALVES,
    "high_halves": _HIGH_HALVES,
    "multiply_high_s32": _SMMULR,
    "saturate_s8": _SATURATE,
    "saturate_half_s8": _SATURATE_HALF,
    "dot_s8x4": _DOT_NARROW,
    "dot_two_s8x4": _DOT_TWO,
    "dot_s16x4": _DOT_WIDE,
    "splat_s8x4": _SPLAT_BYTES,
    "max_s8x4": _MAX,
    "store_s8x4": _STORE,
    **{f"add_byte{lane}_s8": _add_byte(lane) for lane in range(4)},
}
