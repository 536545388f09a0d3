#ifndef ANALYSIS_H
#define ANALYSIS_H

/* A text to vary, taken apart once for all of its variations. */
#include "kept.h"
#include "message.h"

struct analysis {
	struct span text;
	struct kept kept;
	struct user_text whole;		/* analysis of text */
	struct user_text hidden;	/* analysis of kept.text */
	struct buf brief[2];		/* short forms that the strategy concise
				   has made */
	int briefed;			/* 1: brief is filled in */
	unsigned known;			/* bits: whole, hidden are filled in */
};

/* Starts; borrows text, which is UTF-8. Text is analysed when needed. */
void analysis_init(struct analysis *a, struct span text);
void analysis_release(struct analysis *a);

/*
 * The text taken apart: as it is, or, after finding a->kept, with the pieces
 * hidden that no strategy may alter. Code is a block of its own, in the
 * language of the text beside it.
 */
const struct user_text *analysis_whole(struct analysis *a);
const struct user_text *analysis_hidden(struct analysis *a);

#endif
