/* A quantised tensor stores a real number as round(real / scale) + zero_point. */
static int32_t quantize(float real, float scale, int32_t zero_point, int32_t least, int32_t most) {
  const float stored = real / scale + (float)zero_point;
  if (!(stored > (float)least)) return least;
  if (!(stored < (float)most)) return most;
  return (int32_t)(stored < 0.0f ? stored - 0.5f : stored + 0.5f);
}
