#ifndef FRAME_H
#define FRAME_H

/* Putting text into frames: phrases with a place for the user's words. */
#include <stddef.h>

#include "strategy.h"

/* Further values of query: no stop; neither a stop nor a change of case. */
enum { FRAME_NO_STOP = -1, FRAME_AS_IS = -2 };

/* Whether the text ends with its main sentence, and that is a question. */
int frame_ends_query(const struct user_text *t);

/* Replaces the character at offset at of b. */
void frame_set_char(struct buf *b, size_t at, uint32_t c);

/*
 * Makes the letter at offset at one that begins a sentence; one within a
 * sentence, when it is sure that it is not a name.
 */
void frame_capitalise(struct buf *b, size_t at);
void frame_decapitalise(struct buf *b, size_t at);

/* Appends a full stop, or with query a question mark, of the language. */
void frame_put_stop(struct buf *b, enum lang l, int query);

/* Ends the sentence that begins at offset from, unless it has a stop. */
void frame_end_sentence(struct buf *b, size_t from, enum lang l, int query);

/*
 * Appends the frame with s in its slot, its first letter in the case that it
 * needs there, and the stop, unless query is negative. Quoted text stays as it
 * is.
 */
void frame_put(struct buf *b, const char *frame, struct span s, enum lang l,
    int query);

/* The frames of the kind in a table of n rows, or in frames; NULL: none. */
const char *const *frame_find(const struct frames *table, size_t n, enum lang
    l, enum kind kind);
const char *const *frame_list(enum lang l, enum kind kind);

/* Notes which frame was used, in ASCII. */
void frame_note(struct work *w, const char *what, const char *frame);

/* The kind of the frames that take the whole text. */
enum kind frame_whole_kind(const struct user_text *t);

/* Append the text with its main sentence, or its body, put into a frame. */
void frame_put_main(struct buf *b, const struct user_text *t, const char
    *frame);
void frame_put_whole(struct buf *b, const struct user_text *t, const char
    *frame);

#endif
