/* Writes a real number with three decimals, by integers: few boards can print a float. */
static void format_real(char *text, size_t size, float real) {
  const float magnitude = real < 0.0f ? -real : real;
  long whole, thousandths;
  if (!(magnitude < 2e9f)) {
    snprintf(text, size, "out of range");
    return;
  }
  whole = (long)magnitude;
  thousandths = (long)((magnitude - (float)whole) * 1000.0f + 0.5f);
  if (thousandths == 1000) {
    ++whole;
    thousandths = 0;
  }
  snprintf(text, size, "%s%ld.%03ld", real < 0.0f ? "-" : "", whole, thousandths);
}
