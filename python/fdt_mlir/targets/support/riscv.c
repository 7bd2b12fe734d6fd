/* Start-up code, traps and instruction counter of a RISC-V core. */
#include "harness.h"
#include "semihost.h"

int main(void);

void fdt_reset(void);
void fdt_start(void);
void fdt_trap(void);

static uint64_t first_instruction;

/* The emulator loads .data and clears .bss; the stack and the trap vector are still unset. */
__attribute__((naked, section(".boot"), used)) void fdt_reset(void) {
  __asm__ volatile(
      ".option push\n.option norelax\nla gp, __global_pointer$\n.option pop\n"
      "la sp, fdt_stack_top\n"
      "la t0, fdt_trap\n"
      "csrw mtvec, t0\n"
      "j fdt_start");
}

__attribute__((used)) void fdt_start(void) { fdt_exit(main()); }

__attribute__((used, aligned(4))) void fdt_trap(void) {
  uint32_t cause, pc, value;
  __asm__ volatile("csrr %0, mcause" : "=r"(cause));
  __asm__ volatile("csrr %0, mepc" : "=r"(pc));
  __asm__ volatile("csrr %0, mtval" : "=r"(value));
  fdt_print("fault:");
  fdt_print_register("exception", cause);
  fdt_print_register("pc", pc);
  fdt_print_register("mtval", value);
  fdt_print("\n");
  fdt_exit(1);
}

/* minstret by number, since older assemblers want an extension named for the CSR. */
static uint64_t instructions(void) {
  uint32_t low, high, high_again;
  do {
    __asm__ volatile("csrr %0, 0xb82" : "=r"(high));
    __asm__ volatile("csrr %0, 0xb02" : "=r"(low));
    __asm__ volatile("csrr %0, 0xb82" : "=r"(high_again));
  } while (high != high_again);
  return (uint64_t)high << 32 | low;
}

void fdt_counter_start(void) { first_instruction = instructions(); }

uint64_t fdt_counter_read(void) { return instructions() - first_instruction; }

uint64_t fdt_counter_stop(void) { return fdt_counter_read(); }
