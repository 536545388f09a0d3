#ifndef OUTPUT_H
#define OUTPUT_H

/*
 * Where rendered traces go: to a stream, or into a folder with an index.
 * Several threads render batches of traces; batches are written in the order
 * of their tickets.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "io/out.h"
#include "io/outdir.h"
#include "trace/trace.h"
#include "format/filter.h"
#include "format/options.h"

struct buf;
struct format;
struct listing;
struct pool;

/* A list of the traces in a folder. */
#define OUTPUT_LISTS 3
struct output_list {
	const struct listing *listing;
	struct out out;		/* those that failed, so far */
	struct out rest;	/* the others, in a temporary file */
};

struct output {
	const struct format *format;
	struct format_options options;
	struct pool *pool;
	const char *path;	/* path of the folder; NULL: stdout */
	int shard;		/* 1: spread the files over 256 folders */
	size_t enough;		/* bytes to render before writing them */
	/* set by output_begin */
	enum outdir_old old;
	int apart;		/* 1: each trace has a file of its own */
	int waits;		/* 1: out is temporary; see format.alone */
	struct outdir dir;
	struct filter filter;
	struct out out;		/* the stream, or the one file of a folder */
	struct out index;	/* index.jsonl */
	struct output_list lists[OUTPUT_LISTS];	/* index.md, then the format's */
	uint64_t traces;	/* traces written so far */
	uint64_t outcomes[OUTCOMES];	/* how many of each outcome */
	unsigned char made[256];	/* 1: that shard folder exists */
	struct err error;
	int filter_closed;	/* 1: the filter has closed its input */
};

/* What a thread has rendered but not written. */
struct batch {
	struct output *output;
	struct buf *text;
	struct buf *facts;	/* entries for the indexes */
	struct rendered *parts;	/* one for each trace */
	size_t nparts;
	size_t parts_cap;
	size_t put;		/* number of parts already placed */
	uint64_t ticket;
	int held;		/* 1: it has its turn */
	int failed;		/* 1: something could not be written */
	void (*load)(void *arg, struct trace *t, size_t i);
	void *load_arg;
};

/*
 * Starts the output; format, pool, path, shard and enough are set. old: what
 * becomes of an existing folder. Returns 0, or -1 with error set.
 */
int output_begin(struct output *k, enum outdir_old old);

/*
 * Whether what was written can be discarded: files in a folder. output_restart
 * does it and begins again, when no batch is in use. Returns as output_begin.
 */
int output_can_restart(const struct output *k);
int output_restart(struct output *k);

/*
 * Completes the output. If whole is 0, a folder is removed, and a page for the
 * standard output, which is written only here, is dropped. Output to a filter
 * that closed its input is whole. Returns 0, or -1 with error set.
 */
int output_end(struct output *k, int whole);

/* Zeroed memory with output set is an empty batch. */
void batch_release(struct batch *h);

/* Starts a batch for the ticket. */
void batch_begin(struct batch *h, uint64_t ticket);

/*
 * Renders a trace. If more than output.enough bytes are waiting, waits for the
 * turn and writes them. Returns 0, or -1 if the pool was stopped.
 */
int batch_add(struct batch *h, struct trace *t);

/* Waits for the turn, for other work to be done in it. Returns 0 or -1. */
int batch_wait(struct batch *h);

/*
 * Waits for the turn, writes the batch and ends the turn. Stops the pool on
 * failure. Returns 0 or -1.
 */
int batch_end(struct batch *h);

#endif
