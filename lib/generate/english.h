#ifndef ENGLISH_H
#define ENGLISH_H

/*
 * English sentences taken apart and turned around. Functions that write into
 * slot return 0, with slot unchanged, when they are unsure.
 */
#include "span.h"

struct buf;

/* Words, in lower case; each list ends in NULL. */
extern const char *const english_wh_words[];
extern const char *const english_aux_words[];
extern const char *const english_pronouns[];
extern const char *const english_determiners[];

/* "where is my order" as the clause "where my order is". */
int english_wh_clause(struct span s, struct buf *slot);

/* "can I cancel" as "I can cancel". */
int english_yesno_clause(struct span s, struct buf *slot);

/* 1 for a noun phrase that "what ... is" may go around. */
int english_is_thing(struct span s);

/* 1 for a sentence that begins with a verb as a command does. */
int english_is_command(struct span s);

/* 1 for a few words without a verb, such as a user types into a search box. */
int english_is_topic(struct span s);

/* 1 when what follows "I want" and the like is a thing. */
int english_is_object(struct span s);

#endif
