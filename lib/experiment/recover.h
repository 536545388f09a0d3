#ifndef RECOVER_H
#define RECOVER_H

/*
 * What of an experiment's files counts when they were left at any moment: the
 * longest beginning of the rows of which each is a whole line and has all its
 * observations, and its trace, in whole lines.
 */
#include <stddef.h>
#include <stdint.h>

#include "json/json.h"
#include "row.h"

struct err;

/* The files, in the order that they are written in. */
enum { RECOVER_OBSERVATIONS, RECOVER_TRACES, RECOVER_ROWS, RECOVER_FILES };
extern const char *const recover_files[RECOVER_FILES];

struct recover {
	uint64_t size[RECOVER_FILES];	/* how many bytes of each count */
	long long runs;		/* rows that count */
	long long torn;		/* runs that something is there of behind it */
};

/*
 * Reads the files from their beginnings and tells each row that counts to
 * take. A line that is cut off, or no JSON, is where a writer was stopped, and
 * ends what counts. Lines that are whole but do not belong together are
 * somebody else's work: then returns -1 with *e filled in, as when a file
 * cannot be read. Else returns 0.
 */
int recover_find(struct recover *c, const int fd[RECOVER_FILES],
    void (*take)(void *arg, const struct json_span row[ROW_FIELDS]), void *arg,
    struct err *e);

#endif
