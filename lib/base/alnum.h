#ifndef ALNUM_H
#define ALNUM_H

/*
 * Letters and digits of any script, as Python's str.isalnum has them, and
 * names of files made of them.
 */
#include <stdint.h>

/* 1 when the character is a letter or a digit. */
int alnum_is(uint32_t c);

#endif
