#ifndef STORY_H
#define STORY_H

/*
 * What is known of a trace beside its row and its steps, in the order in which
 * a person wants it. Formats write each piece in their way.
 */
#include "json/json.h"
#include "trace.h"

struct buf;

/* Takes a piece: what it is, and its text. */
typedef void story_take(void *arg, const char *label, const struct buf *text);

/*
 * The verdict and the checks that did not hold, the strategy and the variation
 * of the input, attempts beyond the first, calls of the error callback.
 */
void story_facts(const struct trace *t, story_take *take, void *arg);

/* 1 if there are callback messages. */
int story_has_messages(const struct trace *t);

/* The callback messages: "send" or "error", and the message's text or JSON. */
void story_messages(const struct trace *t, story_take *take, void *arg);

/* A turn of the conversation. Fields that it lacks are empty. */
struct story_turn {
	struct buf *role, *content;
	struct buf *source;	/* origin of the turn: "source=... ; ..." */
};

/* 1 if there is a conversation. */
int story_has_turns(const struct trace *t);
void story_turns(const struct trace *t,
    void (*take)(void *arg, const struct story_turn *turn), void *arg);

/* What the agent printed; empty if it did not. */
struct story_output {
	const char *title;	/* "Standard output", "Standard error" */
	size_t field;		/* TRACE_STDOUT, TRACE_STDERR */
};
#define STORY_OUTPUTS 2
extern const struct story_output story_outputs[STORY_OUTPUTS];

#endif
