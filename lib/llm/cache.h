#ifndef CACHE_H
#define CACHE_H

/*
 * A file of replies, one JSON object on each line. Lines are only appended,
 * each by one write, so that several programs may use the file at once. A
 * program that is killed leaves at most an incomplete line, which is skipped.
 *
 * {"key":"32 hexadecimal digits","version":1,"reply":{...}}
 *
 * Only the keys are kept in memory.
 */
#include <stddef.h>

#include "base/set.h"

struct buf;
struct err;

#define CACHE_KEY 33		/* characters of a key, with the NUL */

struct cache {
	char *path;
	int fd;
	int torn;		/* 1: the file does not end in a newline */
	struct set keys;	/* the numbers of places */
	struct cache_place *places;
	size_t n, cap;
	size_t skipped;		/* lines that are torn or of another version */
	struct buf *line;	/* the record that is read or added */
};

/*
 * Opens the file, which is created with mode 0600 if writing is 1, and reads
 * its keys. Without writing it may be missing. A symbolic link is refused.
 * Returns 0, or -1 with *e filled in.
 */
int cache_open(struct cache *c, const char *path, int writing, struct err *e);
void cache_close(struct cache *c);

/*
 * Appends the reply of a key, a checked JSON object, to b. Returns 1, or 0 if
 * there is none.
 */
int cache_find(struct cache *c, const char *key, struct buf *b);

/* Adds a reply, JSON text. Returns 0, or -1 with *e filled in. */
int cache_add(struct cache *c, const char *key, const struct buf *reply,
    struct err *e);

#endif
