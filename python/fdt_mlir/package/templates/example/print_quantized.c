static void print_quantized(size_t index, long stored, float scale, long zero_point) {
  char real[48], line[96];
  format_real(real, sizeof real, ((float)stored - (float)zero_point) * scale);
  snprintf(line, sizeof line, "  [%u] %s, stored as %ld", (unsigned)index, real, stored);
  print_line(line);
}
