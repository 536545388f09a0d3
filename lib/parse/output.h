#ifndef OUTPUT_H
#define OUTPUT_H

/*
 * Where rendered traces go: to a stream, or into a folder, with an index of
 * them. Several threads render; what they made is put out in the order of
 * their tickets.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "io/out.h"
#include "io/outdir.h"
#include "trace/trace.h"
#include "format/filter.h"

struct buf;
struct format;
struct listing;
struct pool;

/* A list of the traces in a folder. */
#define OUTPUT_LISTS 2
struct output_list {
	const struct listing *listing;
	struct out out;
};

struct output {
	const struct format *format;
	struct pool *pool;
	const char *path;	/* of the folder; NULL: the standard output */
	int shard;		/* spread the files over 256 folders */
	size_t enough;		/* bytes to render before they are written */
	/* what output_begin sets up */
	int apart;		/* each trace has a file of its own */
	int waits;		/* out is a temporary file: see format.alone */
	struct outdir dir;
	struct filter filter;
	struct out out;		/* the stream, or the one file of a folder */
	struct out index;	/* index.jsonl */
	struct output_list lists[OUTPUT_LISTS];	/* index.md, and another */
	uint64_t traces;
	uint64_t outcomes[OUTCOMES];	/* of those in the lists */
	unsigned char made[256];	/* the folders that are there */
	struct err error;
	int sated;		/* the filter has read enough */
};

/* What one thread has rendered and not put out yet. */
struct batch {
	struct output *output;
	struct buf *text;
	struct buf *facts;	/* what the indexes say */
	struct rendered *parts;	/* a part for each trace */
	size_t nparts;
	size_t parts_cap;
	size_t put;		/* how many of them have their place */
	uint64_t ticket;
	int held;		/* it is its turn */
	int failed;
	void (*load)(void *arg, struct trace *t, size_t i);
	void *load_arg;
};

/*
 * Starts the output; format, pool, path, shard and enough are set. overwrite:
 * replace a folder that is there (outdir.h). Returns 0, or -1 with error set.
 */
int output_begin(struct output *k, int overwrite);

/*
 * Completes it; whole: if not, a folder is thrown away, and so is a page for
 * the standard output, which is written only here. If sated is set and
 * there is no folder, the pool was stopped because nobody wanted the rest, and
 * it is whole. Returns 0, or -1 with error set.
 */
int output_end(struct output *k, int whole);

/* Zeroed memory with output set is a batch. */
void batch_release(struct batch *h);

/* Starts on the work that the ticket is for. */
void batch_begin(struct batch *h, uint64_t ticket);

/*
 * Renders a trace. Where more than enough waits, this waits for the turn and
 * writes. Returns 0, or -1 when the pool was stopped.
 */
int batch_add(struct batch *h, struct trace *t);

/* Waits for the turn, for who has something else to do in it. 0 or -1. */
int batch_wait(struct batch *h);

/*
 * Waits for the turn, gives what was rendered its place and ends the turn. On
 * failure the pool is stopped. Returns 0 or -1.
 */
int batch_end(struct batch *h);

#endif
