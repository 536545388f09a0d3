#ifndef KEYMAP_H
#define KEYMAP_H

/*
 * A map from 64-bit hashes to numbers in bounded memory. What does not fit is in
 * sorted runs, each in a temporary file (spill.h). Runs of about one size are
 * merged, so that there are few (O'Neil et al., "The log-structured merge-tree",
 * 1996), and a filter in memory says of nearly all hashes that are not in a run
 * that they are not (Bloom, "Space/time trade-offs in hash coding with allowable
 * errors", 1970). Takes about 1.6 bytes for each hash in the files.
 *
 * The hashes must be evenly distributed, as those of hash.h are.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/set.h"

struct keymap_entry {
	uint64_t key, value;
};

struct keymap_run {
	int fd;
	uint64_t n;		/* number of entries */
	uint64_t *filter;	/* each key sets some bits of one word */
	uint64_t words;		/* of the filter */
	uint64_t *first;	/* the first key of each block of entries */
};

/* The most runs: each is at least twice as large as the next. */
#define KEYMAP_RUNS 48

struct keymap {
	int dir;		/* folder of the temporary files (spill.h) */
	size_t most;		/* limit of hashes in memory */
	struct set recent;	/* those in memory */
	struct keymap_run runs[KEYMAP_RUNS];	/* the largest first */
	size_t nruns;
};

/* memory is the size of the table in memory, in bytes. */
void keymap_init(struct keymap *m, int dir, size_t memory);
void keymap_release(struct keymap *m);

/*
 * Finds the number of a hash. Returns 1, or 0 if the hash is missing, or -1 with
 * errno set.
 */
int keymap_find(const struct keymap *m, uint64_t key, uint64_t *value);

/*
 * Finds the number of a hash, or adds the hash with the number *value. Returns 1
 * if it was found, with *value set, 0 if it was added, or -1 with errno set.
 */
int keymap_add(struct keymap *m, uint64_t key, uint64_t *value);

#endif
