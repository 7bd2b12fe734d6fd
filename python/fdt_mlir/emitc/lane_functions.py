"""C functions on four numbers of 32 bits: Helium, and C99 in its place."""

from __future__ import annotations

from fdt_mlir.emitc.micro_function import MicroFunction

_WORDS = MicroFunction(
    mve="typedef int32x4_t s32x4;",
    portable="""\
/* Four numbers of 32 bits. */
typedef struct {
  int32_t at[4];
} s32x4;""",
)


def _lanes(signature: str, intrinsic: str, lane: str) -> MicroFunction:
    """A function on vectors of 32 bits: as an intrinsic, and as what it does to lane n."""
    return MicroFunction(
        mve=f"static inline s32x4 {signature} {{ return {intrinsic}; }}",
        portable=f"""\
static inline s32x4 {signature} {{
  s32x4 z;
  for (int n = 0; n < 4; ++n) z.at[n] = (int32_t)({lane});
  return z;
}}""",
        calls=("s32x4",),
    )


def _operation(name: str, intrinsic: str, lane: str, number: str = "") -> dict[str, MicroFunction]:
    """An operation of vectors x and y, and with `_n` of a vector and a number y.

    `lane` has `{y}` where the second operand stands; `number` is the intrinsic that takes a number.
    """
    splat = intrinsic.replace("y", "vdupq_n_s32(y)")
    return {
        f"{name}_s32x4": _lanes(
            f"{name}_s32x4(s32x4 x, s32x4 y)", intrinsic, lane.format(y="y.at[n]")
        ),
        f"{name}_n_s32x4": _lanes(
            f"{name}_n_s32x4(s32x4 x, int32_t y)", number or splat, lane.format(y="y")
        ),
    }


# Each calls only functions that stand before it.
LANE_FUNCTIONS = {
    "s32x4": _WORDS,
    "splat_s32x4": _lanes("splat_s32x4(int32_t x)", "vdupq_n_s32(x)", "x"),
    "load_s32x4": _lanes("load_s32x4(const int32_t *p)", "vldrwq_s32(p)", "p[n]"),
    "load_bytes_s32x4": _lanes("load_bytes_s32x4(const int8_t *p)", "vldrbq_s32(p)", "p[n]"),
    **_operation(
        "add", "vaddq_s32(x, y)", "(uint32_t)x.at[n] + (uint32_t){y}", "vaddq_n_s32(x, y)"
    ),
    **_operation(
        "sub", "vsubq_s32(x, y)", "(uint32_t)x.at[n] - (uint32_t){y}", "vsubq_n_s32(x, y)"
    ),
    **_operation(
        "multiply", "vmulq_s32(x, y)", "(uint32_t)x.at[n] * (uint32_t){y}", "vmulq_n_s32(x, y)"
    ),
    **_operation("max", "vmaxq_s32(x, y)", "x.at[n] > {y} ? x.at[n] : {y}"),
    **_operation("min", "vminq_s32(x, y)", "x.at[n] < {y} ? x.at[n] : {y}"),
    **_operation(
        "multiply_high", "vrmulhq_s32(x, y)", "((int64_t)x.at[n] * {y} + INT64_C(0x80000000)) >> 32"
    ),
    **_operation(
        "multiply_doubled",
        "vqrdmulhq_s32(x, y)",
        "((int64_t)x.at[n] * {y} + INT64_C(0x40000000)) >> 31",
        "vqrdmulhq_n_s32(x, y)",
    ),
    **_operation("multiply_upper", "vmulhq_s32(x, y)", "((int64_t)x.at[n] * {y}) >> 32"),
    **_operation("shift_right", "vshlq_s32(x, vnegq_s32(y))", "x.at[n] >> {y}", "x >> y"),
    "saturate_s32x4": _lanes(
        "saturate_s32x4(s32x4 x)",
        "vmaxq_s32(vminq_s32(x, vdupq_n_s32(127)), vdupq_n_s32(-128))",
        "x.at[n] < -128 ? -128 : x.at[n] > 127 ? 127 : x.at[n]",
    ),
    "saturate_half_s32x4": MicroFunction(
        common="""\
static inline s32x4 saturate_half_s32x4(s32x4 x) {
  return saturate_s32x4(shift_right_n_s32x4(x, 1));
}""",
        calls=("saturate_s32x4", "shift_right_n_s32x4"),
    ),
    "pack_s32x4": MicroFunction(
        mve="""\
static inline s32x4 pack_s32x4(int32_t a, int32_t b, int32_t c, int32_t d) {
  return (s32x4){a, b, c, d};
}""",
        portable="""\
static inline s32x4 pack_s32x4(int32_t a, int32_t b, int32_t c, int32_t d) {
  const s32x4 z = {{a, b, c, d}};
  return z;
}""",
        calls=("s32x4",),
    ),
    "store_saturated_s32x4": MicroFunction(
        mve="""\
static inline void store_saturated_s32x4(int8_t *p, s32x4 x) {
  const int16x8_t halves = vqmovnbq_s32(vreinterpretq_s16_s32(x), x);
  const int8x16_t bytes = vqmovnbq_s16(vreinterpretq_s8_s16(halves), halves);
  vstrbq_s32(p, vreinterpretq_s32_s8(bytes));
}""",
        portable="""\
/* The nearest bytes to four numbers. */
static inline void store_saturated_s32x4(int8_t *p, s32x4 x) {
  for (int n = 0; n < 4; ++n) {
    p[n] = (int8_t)(x.at[n] < -128 ? -128 : x.at[n] > 127 ? 127 : x.at[n]);
  }
}""",
        calls=("s32x4",),
    ),
    "store_bytes_s32x4": MicroFunction(
        mve="static inline void store_bytes_s32x4(int8_t *p, s32x4 x) { vstrbq_s32(p, x); }",
        portable="""\
/* The lower bytes of four numbers. */
static inline void store_bytes_s32x4(int8_t *p, s32x4 x) {
  for (int n = 0; n < 4; ++n) p[n] = (int8_t)x.at[n];
}""",
        calls=("s32x4",),
    ),
}
