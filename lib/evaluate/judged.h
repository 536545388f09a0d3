#ifndef JUDGED_H
#define JUDGED_H

/*
 * Assertions that a language model judges. The model is asked by another
 * program: chat requests go out (--prompts), and the same records with replies
 * come back (--judged); fluxloop-records(5) describes both.
 */
#include <stddef.h>

#include "json/json.h"

struct assertion;
struct buf;
struct err;
struct subject;

/* Replies by the ids of their requests. */
struct judged;
struct judged *judged_new(void);
void judged_free(struct judged *j);

/* Adds a record with a reply or an error; a later one replaces it. */
void judged_add(struct judged *j, struct json_span record);

/* The record with that id, or an absent span. */
struct json_span judged_find(struct judged *j, const char *id);

/*
 * Whether models judge the trace: they judge the share limits.sample_rate of
 * the traces, always the same ones.
 */
int judged_is_sampled(const struct subject *s);

/*
 * Appends the requests of an assertion, and of its parts, that a model has to
 * answer: a line each.
 */
void judged_put_requests(struct assertion *a, struct subject *s,
    struct buf *b);

/* A chat request. */
struct judged_question {
	const char *id;
	const struct buf *prompt;
	const char *format;	/* response_format as JSON, or NULL */
	unsigned sample;	/* another answer to the same prompt */
	struct json_span traces;	/* a list of ids, or absent */
};

/* Appends a request of an assertion, with its model and parameters. */
void judged_put_question(const struct assertion *a, const struct subject *s,
    const struct judged_question *q, struct buf *b);

/*
 * Appends data between tags, so that an end tag in the data does not close
 * them.
 */
void judged_put_part(struct buf *b, const char *tag, const char *p, size_t n);

/*
 * Appends the text of a reply, without what a reasoning model thinks aloud.
 * Returns 0, or -1 with the reason why there is none appended instead.
 */
int judged_text(struct json_span record, struct buf *text);

/* Appends why a reply has no verdict: how it begins, or that it was cut off. */
void judged_put_unread(struct json_span record, struct buf *b);

#endif
