#ifndef UNICODE_H
#define UNICODE_H

/*
 * Properties of characters, from the Unicode Character Database of the version
 * that unicode_tables.h names. A character is its number; no property holds
 * for numbers from 0x110000 on.
 */
#include <stdint.h>

/* 1 for letters and digits of any script, as Python's str.isalnum has them. */
int unicode_is_alnum(uint32_t c);

/* 1 for letters and for the marks that are written on them. */
int unicode_is_letter(uint32_t c);

/* 1 for what a reader takes for a part of the character before it. */
int unicode_is_extending(uint32_t c);

/*
 * 1 for invisible characters that affect others: control characters, and those
 * that change the direction of text or have no width; not for the joiners of
 * Arabic and Indic scripts and of emoji.
 */
int unicode_is_hidden(uint32_t c);

/*
 * The number of cells that a character takes on a terminal: 0 for marks on the
 * one before, 2 for wide ones (East Asian Width W and F), else 1, also where
 * the width is ambiguous. Meaningless for hidden characters.
 */
unsigned unicode_width(uint32_t c);

/* The character in the other case, by the simple mappings, or c itself. */
uint32_t unicode_lower(uint32_t c);
uint32_t unicode_upper(uint32_t c);

#endif
