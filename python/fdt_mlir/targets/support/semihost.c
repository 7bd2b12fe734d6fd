/* Files, console and exit of an emulated core, by Arm semihosting (RISC-V uses the same calls).
 *
 * Operation numbers and argument blocks: "Semihosting for AArch32 and AArch64", Arm.
 */
#include "semihost.h"

#include <string.h>

#include "harness.h"

enum {
  SYS_OPEN = 0x01,
  SYS_CLOSE = 0x02,
  SYS_WRITE0 = 0x04,
  SYS_WRITE = 0x05,
  SYS_READ = 0x06,
  SYS_EXIT_EXTENDED = 0x20
};
enum { MODE_READ_BINARY = 1, MODE_WRITE_BINARY = 5 };
enum { APPLICATION_EXIT = 0x20026 };

static uintptr_t input_file;
static uintptr_t output_file;

static uintptr_t call(uintptr_t operation, const void *arguments) {
#if defined(__arm__)
  register uintptr_t r0 __asm__("r0") = operation;
  register const void *r1 __asm__("r1") = arguments;
  __asm__ volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
  return r0;
#else
  /* The three instructions are a mark that must not be compressed nor cross a page. */
  register uintptr_t a0 __asm__("a0") = operation;
  register const void *a1 __asm__("a1") = arguments;
  __asm__ volatile(
      ".option push\n.balign 16\n.option norvc\n"
      "slli zero, zero, 0x1f\nebreak\nsrai zero, zero, 7\n"
      ".option pop"
      : "+r"(a0)
      : "r"(a1)
      : "memory");
  return a0;
#endif
}

static uintptr_t open_file(const char *path, uintptr_t mode) {
  const uintptr_t arguments[] = {(uintptr_t)path, mode, strlen(path)};
  return call(SYS_OPEN, arguments);
}

/* Reads or writes; answers 0 when nothing was left over. */
static int transfer(uintptr_t operation, uintptr_t file, uintptr_t bytes, size_t count) {
  const uintptr_t arguments[] = {file, bytes, count};
  return count != 0 && call(operation, arguments) != 0;
}

int fdt_open_files(const char *input_path, const char *output_path) {
  input_file = open_file(input_path, MODE_READ_BINARY);
  output_file = open_file(output_path, MODE_WRITE_BINARY);
  return input_file == UINTPTR_MAX || output_file == UINTPTR_MAX;
}

int fdt_read(void *bytes, size_t count) {
  return transfer(SYS_READ, input_file, (uintptr_t)bytes, count);
}

int fdt_write(const void *bytes, size_t count) {
  return transfer(SYS_WRITE, output_file, (uintptr_t)bytes, count);
}

int fdt_close_files(void) {
  const uintptr_t unread = call(SYS_CLOSE, &input_file);
  return call(SYS_CLOSE, &output_file) != 0 || unread != 0;
}

void fdt_print(const char *text) { call(SYS_WRITE0, text); }

void fdt_print_register(const char *name, uint32_t value) {
  char digits[] = "=0x00000000";
  for (size_t i = 0; i < 8; ++i) digits[10 - i] = "0123456789abcdef"[(value >> (4 * i)) & 15u];
  fdt_print(" ");
  fdt_print(name);
  fdt_print(digits);
}

void fdt_exit(int status) {
  const uintptr_t arguments[] = {APPLICATION_EXIT, (uintptr_t)status};
  call(SYS_EXIT_EXTENDED, arguments);
  for (;;) {
  }
}
