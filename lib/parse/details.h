#ifndef DETAILS_H
#define DETAILS_H

/*
 * What an experiment has of a trace beside its row. traces.jsonl: the callback
 * messages, the metadata, what the agent printed. The rows of its folder
 * "evaluation": the verdict, if it was evaluated when it was finished. An index
 * of 24 bytes for each says where.
 */
#include <stddef.h>
#include <stdint.h>

#include "json/json.h"
#include "io/sorter.h"

struct buf;

struct details_file {
	char *name;
	int verdicts;		/* 1: its verdicts replace those of the rows */
};

/* Zeroed memory has none. */
struct details {
	struct sorter index;
	const struct details_file *files;
	int *fds;		/* descriptors of the files */
	size_t n;
};

/*
 * Reads the n files, which are borrowed, using about memory bytes. Lines that
 * are not traces are skipped: they belong to runs that were not finished.
 * Returns 0, or -1 with errno set and *bad the number of the file.
 */
int details_read(struct details *d, const struct details_file *files,
    size_t n, size_t memory, size_t *bad);
void details_release(struct details *d);

/*
 * Appends the row, a checked object, with the fields that it lacks of the trace
 * of that id, and with the newer verdict if there is one. scratch holds the
 * records meanwhile. In any thread. Returns 1; 0 with nothing appended if there
 * is no such trace; or -1 with errno set.
 */
int details_merge(const struct details *d, struct json_span row,
    struct buf *scratch, struct buf *b);

#endif
