#ifndef EVENTLOG_H
#define EVENTLOG_H

/*
 * A log of what was done, one JSON object for each event: "t", the
 * microseconds on a clock that only goes forward since it was opened, "event",
 * and what else belongs to it. Without a file nothing is kept.
 */
#include <stdint.h>

#include "io/out.h"

struct buf;
struct err;

struct eventlog {
	struct out out;
	int open;
	int64_t began;
};

/* Opens or continues the file. Returns 0, or -1 with *e filled in. */
int eventlog_open(struct eventlog *l, const char *file, struct err *e);

/*
 * Where to add what belongs to an event (json_add and its like), or NULL when
 * there is no journal; eventlog_end says that it is whole.
 */
struct buf *eventlog_begin(struct eventlog *l, const char *event);
void eventlog_end(struct eventlog *l);

/*
 * Writes out what waits, so that it is there whatever happens next. Returns 0,
 * or, once, an errno: then the journal is closed.
 */
int eventlog_flush(struct eventlog *l);
void eventlog_close(struct eventlog *l);

#endif
