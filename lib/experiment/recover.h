#ifndef RECOVER_H
#define RECOVER_H

/*
 * The valid prefix of an experiment's files after an interruption: the longest
 * run of whole rows from the start whose traces and observations are whole too.
 */
#include <stddef.h>
#include <stdint.h>

#include "json/json.h"
#include "row.h"

struct err;

/* The files, in the order in which a trace is written to them. */
enum { RECOVER_OBSERVATIONS, RECOVER_TRACES, RECOVER_ROWS, RECOVER_FILES };
extern const char *const recover_files[RECOVER_FILES];

struct recover {
	uint64_t size[RECOVER_FILES];	/* bytes of each file's prefix */
	long long runs;		/* rows in the prefix */
	long long torn;		/* runs with partial data after it */
};

/*
 * Reads the files and calls take with each row of the valid prefix. The prefix
 * ends at a line that is cut off or not JSON. Whole lines that do not belong
 * together are an error, since no writer of ours leaves them. Returns 0, or -1
 * with *e filled in.
 */
int recover_find(struct recover *c, const int fd[RECOVER_FILES],
    void (*take)(void *arg, const struct json_span row[ROW_FIELDS]), void *arg,
    struct err *e);

#endif
