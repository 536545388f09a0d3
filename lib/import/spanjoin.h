#ifndef SPANJOIN_H
#define SPANJOIN_H

/*
 * Notes which spans were read, and joins log records to them, which come before
 * or after them in the input. A span takes 16 to 32 bytes; one that waits for
 * records, or has some, about 50 more.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/set.h"
#include "spool.h"

struct buf;

/* A span that waits for records, or for which some wait. */
struct joined {
	int seen;		/* 1: the span was read */
	int late;		/* 1: a record came after the span */
	uint64_t held;		/* place of the span's text, or 0 */
	struct chain events;	/* the records as events */
	size_t nevents;
};

/* Zeroed memory, with the spool set, is an empty one. */
struct spanjoin {
	struct spool *spool;
	struct set ids;		/* hash of ids: 1 + index in spans, or 0 */
	struct joined *spans;
	size_t n;
	size_t cap;
};

void spanjoin_release(struct spanjoin *j);

/* The key of a span: ids as JSON strings; 0 if it has none. */
uint64_t spanjoin_key(const struct buf *trace_id, const struct buf *span_id);

/*
 * Notes that a span was read. Returns 0 if it was already, else 1. *number is
 * set to its index in j->spans, or to SIZE_MAX if it has none.
 */
int spanjoin_see(struct spanjoin *j, uint64_t key, size_t *number);

/* The index in j->spans of a span that may not have been read yet. */
size_t spanjoin_number(struct spanjoin *j, uint64_t key);

/*
 * Stores a record's event for a span. Returns 1, 0 if it comes too late because
 * the span was read and is not held, or -1 with j->spool->error set.
 */
int spanjoin_put(struct spanjoin *j, uint64_t key, const struct buf *event);

/*
 * Appends the events of a span with commas. Returns 0, or -1 as spanjoin_put.
 */
int spanjoin_get(struct spanjoin *j, size_t number, struct buf *b);

#endif
