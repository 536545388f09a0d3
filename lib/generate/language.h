#ifndef LANGUAGE_H
#define LANGUAGE_H

/* The language that a text is written in. */
#include <stdint.h>

#include "phrases.h"
#include "span.h"

/* Bytes that are looked at to find a language or a main sentence. */
#define LANGUAGE_LOOK 8192

/*
 * The language whose script the character belongs to: LANG_EN for all Latin
 * letters, LANG_SCRIPT for scripts without phrases, LANG_NONE for no letter.
 */
enum lang language_script(uint32_t c);

/* The language of a text. */
enum lang language_of(struct span s);

/* 1 for languages that put no space between words or sentences. */
int language_is_dense(enum lang l);

#endif
