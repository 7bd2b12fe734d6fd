/* Start-up code for an emulated board: printf and exit reach the computer by semihosting. */
#include <stdint.h>
#include <stdlib.h>

#define CPACR (*(volatile uint32_t *)0xE000ED88u)

extern uint32_t stack_top[];              /* from memory.ld */
extern void initialise_monitor_handles(void); /* from librdimon */
int main(void);
void reset(void);

/* The emulator has loaded .data and cleared .bss. */
void reset(void) {
#if defined(__ARM_FP)
  CPACR |= 0xFu << 20; /* switch the FPU on */
  __asm__ volatile("dsb\nisb" ::: "memory");
#endif
  initialise_monitor_handles();
  exit(main());
}

static void fault(void) { _Exit(1); }

struct vectors {
  uint32_t *stack;
  void (*reset)(void);
  void (*faults[14])(void);
};

__attribute__((section(".vectors"), used)) static const struct vectors vectors = {
    stack_top, reset, {fault, fault, fault, fault, fault}};
