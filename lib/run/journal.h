#ifndef JOURNAL_H
#define JOURNAL_H

/*
 * A log of what was done, one JSON object for each event: "t", the
 * microseconds on a clock that only goes forward since it was opened, "event",
 * and what else belongs to it. Without a file nothing is kept. out.h has to be
 * included before.
 */
#include <stdint.h>

struct buf;
struct err;

struct journal {
	struct out out;
	int open;
	int64_t began;
};

/* Opens or continues the file. Returns 0, or -1 with *e filled in. */
int journal_open(struct journal *j, const char *file, struct err *e);

/*
 * Where to add what belongs to an event (json_add and its like), or NULL when
 * there is no journal; journal_end says that it is whole.
 */
struct buf *journal_begin(struct journal *j, const char *event);
void journal_end(struct journal *j);

/*
 * Writes out what waits, so that it is there whatever happens next. Returns 0,
 * or, once, an errno: then the journal is closed.
 */
int journal_flush(struct journal *j);
void journal_close(struct journal *j);

#endif
