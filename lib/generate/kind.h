#ifndef KIND_H
#define KIND_H

/* The purpose of a sentence: the kinds of phrases.h. */
#include "base/buf.h"
#include "phrases.h"
#include "span.h"

/* A sentence of more bytes is not taken apart. */
#define KIND_LONG 400

/* A text taken apart; the spans are parts of it. */
struct user_text {
	enum lang lang;
	enum kind kind;		/* kind of the main sentence */
	struct span all;	/* the text without the white space around it */
	struct span hello;	/* the greeting; may be empty */
	struct span body;	/* between hello and bye */
	struct span bye;	/* the closing words; may be empty */
	struct span main;	/* the sentence of the body that matters */
	struct buf slot;	/* words of main for the frames of its kind */
	int query;		/* 1: the main sentence is a question */
	char purpose;		/* purpose of the message, see purpose.h */
};

/* The sentence without optional words at its start and end ("please"). */
struct span kind_strip(struct span s);

/*
 * Finds the sentence of the body that matters most: sets main, kind, slot and
 * query.
 */
void kind_find_main(struct user_text *t);

#endif
