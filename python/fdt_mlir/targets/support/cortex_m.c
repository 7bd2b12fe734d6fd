/* Start-up code, faults and instruction counter of a Cortex-M core. */
#include "harness.h"
#include "semihost.h"

#define CPACR (*(volatile uint32_t *)0xE000ED88u)
#define CFSR (*(volatile uint32_t *)0xE000ED28u)
#define BFAR (*(volatile uint32_t *)0xE000ED38u)
#define SYSTICK_CONTROL (*(volatile uint32_t *)0xE000E010u)
#define SYSTICK_RELOAD (*(volatile uint32_t *)0xE000E014u)
#define SYSTICK_VALUE (*(volatile uint32_t *)0xE000E018u)

#define SYSTICK_PERIOD 0x1000000u /* it counts 24 bits down */

enum { SYSTICK_ENABLE = 1, SYSTICK_INTERRUPT = 2, SYSTICK_CORE_CLOCK = 4 };

extern uint32_t fdt_stack_top[]; /* from the linker script */
int main(void);

void fdt_reset(void);
void fdt_fault(void);
void fdt_systick(void);
void fdt_report_fault(const uint32_t *frame);

static volatile uint32_t periods;

/* The emulator loads .data and clears .bss; only the FPU is still off. */
void fdt_reset(void) {
#if defined(__ARM_FP)
  CPACR |= 0xFu << 20;
  __asm__ volatile("dsb\nisb" ::: "memory");
#endif
  fdt_exit(main());
}

__attribute__((naked)) void fdt_fault(void) {
  __asm__ volatile("mov r0, sp\nldr r1, =fdt_report_fault\nbx r1");
}

/* `frame` is what the core pushed: r0 to r3, r12, lr, pc, xpsr. */
__attribute__((used)) void fdt_report_fault(const uint32_t *frame) {
  uint32_t exception;
  __asm__ volatile("mrs %0, ipsr" : "=r"(exception));
  fdt_print("fault:");
  fdt_print_register("exception", exception);
  fdt_print_register("pc", frame[6]);
  fdt_print_register("lr", frame[5]);
  fdt_print_register("r0", frame[0]);
  fdt_print_register("r1", frame[1]);
  fdt_print_register("r2", frame[2]);
  fdt_print_register("r3", frame[3]);
  fdt_print_register("r12", frame[4]);
  fdt_print_register("xpsr", frame[7]);
#if !defined(__ARM_ARCH_6M__)
  fdt_print_register("cfsr", CFSR);
  fdt_print_register("bfar", BFAR);
#endif
  fdt_print("\n");
  fdt_exit(1);
}

void fdt_systick(void) { ++periods; }

/* A period begins when the counter reaches 0, which is also when the interrupt comes. */
void fdt_counter_start(void) {
  SYSTICK_CONTROL = 0;
  periods = 0;
  SYSTICK_RELOAD = SYSTICK_PERIOD - 1;
  SYSTICK_VALUE = 0; /* any write clears it */
  SYSTICK_CONTROL = SYSTICK_ENABLE | SYSTICK_INTERRUPT | SYSTICK_CORE_CLOCK;
}

uint64_t fdt_counter_read(void) {
  uint32_t whole, value;
  do {
    whole = periods;
    value = SYSTICK_VALUE;
  } while (whole != periods);
  return (uint64_t)whole * SYSTICK_PERIOD + ((SYSTICK_PERIOD - value) & (SYSTICK_PERIOD - 1));
}

uint64_t fdt_counter_stop(void) {
  const uint64_t ticks = fdt_counter_read();
  SYSTICK_CONTROL = 0;
  return ticks;
}

struct vectors {
  uint32_t *stack_top;
  void (*handlers[15])(void);
};

__attribute__((section(".boot"), used)) static const struct vectors vectors = {
    fdt_stack_top,
    {
        fdt_reset,
        fdt_fault, /* NMI */
        fdt_fault, /* HardFault */
        fdt_fault, /* MemManage */
        fdt_fault, /* BusFault */
        fdt_fault, /* UsageFault */
        fdt_fault, /* SecureFault */
        fdt_fault,
        fdt_fault,
        fdt_fault,
        fdt_fault, /* SVCall */
        fdt_fault, /* DebugMonitor */
        fdt_fault,
        fdt_fault, /* PendSV */
        fdt_systick,
    },
};
