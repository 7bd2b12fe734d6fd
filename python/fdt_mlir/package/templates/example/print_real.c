static void print_real(size_t index, float value) {
  char real[48], line[96];
  format_real(real, sizeof real, value);
  snprintf(line, sizeof line, "  [%u] %s", (unsigned)index, real);
  print_line(line);
}
