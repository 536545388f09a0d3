#ifndef SORTER_H
#define SORTER_H

/*
 * Sorts any number of records of one size within a bounded memory: what does
 * not fit is put, in sorted runs, into a temporary file and merged at the end.
 */
#include <stddef.h>
#include <stdint.h>

struct sorter {
	size_t size;		/* of a record, in bytes */
	int (*compare)(const void *, const void *);
	size_t most;		/* how many are held in memory */
	char *records;
	size_t n;		/* of those in memory */
	size_t cap;
	uint64_t total;
	int fd;			/* of the runs, then of all; -1: none */
	uint64_t *runs;		/* how many records are in each */
	size_t nruns;
	size_t runs_cap;
};

/* memory: how many bytes it may use. No two records may compare equal. */
void sorter_init(struct sorter *s, size_t size,
    int (*compare)(const void *, const void *), size_t memory);
void sorter_release(struct sorter *s);

/* Adds a record. Returns 0, or -1 with errno set. */
int sorter_add(struct sorter *s, const void *record);

/* Sorts all that were added: s->total. Returns 0, or -1 with errno set. */
int sorter_sort(struct sorter *s);

/*
 * After that, in any thread: reads n records from number i on (they have to be
 * there). Returns 0, or -1 with errno set.
 */
int sorter_read(const struct sorter *s, uint64_t i, size_t n, void *records);

#endif
