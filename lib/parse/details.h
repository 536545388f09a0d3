#ifndef DETAILS_H
#define DETAILS_H

/*
 * What traces.jsonl of an experiment has of a trace beside its row: the callback
 * messages, the metadata, what the agent printed. An index of 24 bytes a trace
 * says where.
 */
#include <stddef.h>
#include <stdint.h>

#include "json/json.h"
#include "sorter.h"

struct buf;

/* Zeroed memory has none. */
struct details {
	struct sorter index;
	int *fds;		/* the files, which are open */
	size_t n;
};

/*
 * Reads the n files, in about that much memory. Lines that are no traces are
 * skipped: they belong to runs that were not finished. Returns 0, or -1 with
 * errno set and *bad the number of the file.
 */
int details_read(struct details *d, char *const *files, size_t n,
    size_t memory, size_t *bad);
void details_release(struct details *d);

/*
 * Appends the row, a checked object, with the fields that it lacks of the trace
 * of that id. scratch holds the record meanwhile. In any thread. Returns 1; 0
 * with nothing appended if there is no such trace; or -1 with errno set.
 */
int details_merge(const struct details *d, struct json_span row,
    struct buf *scratch, struct buf *b);

#endif
