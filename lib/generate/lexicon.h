#ifndef LEXICON_H
#define LEXICON_H

/*
 * Words and letters that distinguish languages. Lists of words are one string
 * each, in small letters, with a space between two words.
 */
#include <stddef.h>

#include "phrases.h"

/* Languages in Latin letters: LANG_EN to LANG_IT, and one row for the rest. */
enum { LEXICON_OTHER = LANG_IT + 1, LEXICON_LATIN };

/*
 * Words that are frequent in messages to a service; words that several
 * languages have stand in each of their lists.
 */
extern const char *const lexicon_words[LEXICON_LATIN];

/* The letters beyond ASCII that a language has. */
extern const char *const lexicon_letters[LANG_KO];

/* Letters that languages of the row for others have as well. */
extern const char lexicon_nordic[];

/* Parts of words that tell a language; one of head and tail is empty. */
struct lexicon_clue {
	size_t lang;
	const char *head, *tail;
	unsigned weight;
};
extern const struct lexicon_clue lexicon_clues[];
extern const size_t lexicon_nclues;

/*
 * For a language whose script others use as well: letters that it does not
 * have, and frequent words, its own and those of the others.
 */
struct lexicon_script {
	enum lang lang;
	const char *foreign_letters;
	const char *own_words, *foreign_words;
};
extern const struct lexicon_script lexicon_scripts[];
extern const size_t lexicon_nscripts;

/* Characters that Japanese writes in another form than Chinese does. */
extern const char lexicon_japanese[];

#endif
