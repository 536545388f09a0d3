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

/* Replies by the ids of their requests. Zeroed memory has none. */
struct judged;
struct judged *judged_new(void);
void judged_free(struct judged *j);

/* Adds a record with a reply or an error; a later one replaces it. */
void judged_add(struct judged *j, struct json_span record);

/* The record with that id, or an absent span. */
struct json_span judged_find(struct judged *j, const char *id);

/*
 * Whether models judge the trace: limits.sample_rate is the share of those that
 * they do, the same ones each time.
 */
int judged_is_sampled(const struct subject *s);

/*
 * Appends the requests of an assertion, and of its parts, that a model has to
 * answer: a line each.
 */
void judged_put_requests(struct assertion *a, struct subject *s,
    struct buf *b);

#endif
