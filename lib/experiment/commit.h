#ifndef COMMIT_H
#define COMMIT_H

/*
 * What of an experiment's files counts when they were left at any moment: the
 * longest beginning of the rows of which each is a whole line and has all its
 * observations, and its trace, in whole lines. json.h and row.h have to be
 * included before.
 */
#include <stddef.h>
#include <stdint.h>

struct err;

/* The files, in the order that they are written in. */
enum { COMMIT_OBSERVATIONS, COMMIT_TRACES, COMMIT_ROWS, COMMIT_FILES };
extern const char *const commit_files[COMMIT_FILES];

struct commit {
	uint64_t size[COMMIT_FILES];	/* how many bytes of each count */
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
int commit_find(struct commit *c, const int fd[COMMIT_FILES],
    void (*take)(void *arg, const struct json_span row[ROW_FIELDS]), void *arg,
    struct err *e);

#endif
