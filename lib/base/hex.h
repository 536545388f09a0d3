#ifndef HEX_H
#define HEX_H

/*
 * Hexadecimal digits in lower case.
 */
#include <stdint.h>

/* Writes the last width digits of n to text, without a NUL. */
void hex_write(char *text, uint64_t n, unsigned width);

#endif
