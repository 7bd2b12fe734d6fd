/* The last words of a program on an emulated core. */
#ifndef FDT_SEMIHOST_H
#define FDT_SEMIHOST_H

#include <stdint.h>

void fdt_print(const char *text);
void fdt_print_register(const char *name, uint32_t value); /* " name=0x01234567" */
__attribute__((noreturn)) void fdt_exit(int status);

#endif
