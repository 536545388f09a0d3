#ifndef EVENTLOG_H
#define EVENTLOG_H

/*
 * The event log (--log): a JSON object for each event, with "t", the
 * microseconds of a monotonic clock since the log was opened, "event", its
 * name, and fields of its own. Without a file nothing is logged.
 */
#include <stdint.h>

#include "io/out.h"

struct buf;
struct err;

struct eventlog {
	struct out out;
	int open;		/* 0: nothing is logged */
	int64_t start;		/* isotime_monotonic() at opening */
};

/* A field of an event. */
struct eventlog_field {
	enum {
		EVENTLOG_END,	/* end of a list of fields */
		EVENTLOG_INT, EVENTLOG_BOOL,
		EVENTLOG_STR	/* left out if text is NULL */
	} type;
	const char *name;
	const char *text;
	long long number;
};

/* Initialisers of the fields of a list; { 0 } ends it. */
#define EVENTLOG_INT(name, number) { EVENTLOG_INT, name, NULL, number }
#define EVENTLOG_BOOL(name, number) { EVENTLOG_BOOL, name, NULL, number }
#define EVENTLOG_STR(name, text) { EVENTLOG_STR, name, text, 0 }

/* Opens a file to append to. Returns 0, or -1 with *e filled in. */
int eventlog_open(struct eventlog *l, const char *file, struct err *e);

/*
 * Begins an event. Returns the buffer to append fields to (json_add and its
 * like) until eventlog_end, or NULL if nothing is logged.
 */
struct buf *eventlog_begin(struct eventlog *l, const char *event);
void eventlog_end(struct eventlog *l);

/* Appends the fields of a list that { 0 } ends. */
void eventlog_add(struct buf *b, const struct eventlog_field *fields);

/*
 * Writes the log out. Returns 0, or an errno if that failed; the log is closed
 * then, and later calls return 0.
 */
int eventlog_flush(struct eventlog *l);
void eventlog_close(struct eventlog *l);

#endif
