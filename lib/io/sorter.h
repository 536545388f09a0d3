#ifndef SORTER_H
#define SORTER_H

/*
 * Sorts any number of records of one size in bounded memory: records that do
 * not fit are written in sorted runs to a temporary file and merged at the end.
 */
#include <stddef.h>
#include <stdint.h>

struct sorter {
	size_t size;		/* bytes of a record */
	int (*compare)(const void *, const void *);
	size_t most;		/* limit of records in memory */
	char *records;
	size_t n;		/* number of records in memory */
	size_t cap;
	uint64_t total;
	int fd;			/* temporary file; -1: none */
	uint64_t *runs;		/* number of records in each run */
	size_t nruns;
	size_t runs_cap;
};

/* memory is in bytes. No two records may compare equal. */
void sorter_init(struct sorter *s, size_t size,
    int (*compare)(const void *, const void *), size_t memory);
void sorter_release(struct sorter *s);

/* Adds a record. Returns 0, or -1 with errno set. */
int sorter_add(struct sorter *s, const void *record);

/* Sorts the s->total records added. Returns 0, or -1 with errno set. */
int sorter_sort(struct sorter *s);

/*
 * Reads n records from number i on, which must exist; after sorter_sort, in any
 * thread. Returns 0, or -1 with errno set.
 */
int sorter_read(const struct sorter *s, uint64_t i, size_t n, void *records);

#endif
