static void print_whole(size_t index, long value) {
  char line[96];
  snprintf(line, sizeof line, "  [%u] %ld", (unsigned)index, value);
  print_line(line);
}
