#ifndef EXPDIR_H
#define EXPDIR_H

/*
 * An experiment directory (fluxloop-records(5)). A trace's observations are
 * written first and its row last, with the extent of the observations: the row
 * commits the trace.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "json/json.h"
#include "io/keymap.h"
#include "io/out.h"
#include "recover.h"
#include "summary.h"

struct err;
struct manifest;

/* Flags of expdir_open. */
enum {
	EXPDIR_CONTINUE = 1,	/* continue an existing experiment */
	EXPDIR_ANYWAY = 2	/* even if it was run with other settings */
};

struct expdir {
	char *path;
	int fd;			/* the directory, locked */
	int continued;		/* 1: an existing experiment is continued */
	struct out files[RECOVER_FILES];
	struct out cancelled;	/* opened for the first cancelled trace */
	struct keymap ids;	/* its run ids, and its trace ids */
	struct summary summary;
	struct buf manifest;	/* contents of manifest.json */
	struct buf next;	/* contents of manifest.json once a run is
				   added */
	long long lacking;	/* traces that came without the observations
				   that they count */
	long long cancels;	/* traces in cancelled.jsonl: of runs that are
				   not there, once it is finished */
};

/*
 * Opens and locks a directory, creating it if its parent exists, and writes
 * manifest.json for a new experiment. An existing experiment is refused unless
 * how has EXPDIR_CONTINUE; it is then mended (mend.h) and continued. lock is
 * -1, or a descriptor of the directory that already holds the lock, which then
 * lasts until that descriptor is closed, too. report is called with differences
 * of settings and runs that are not whole. Returns 0, or -1 with *e filled in;
 * then no run is lost.
 */
int expdir_open(struct expdir *x, const char *path, const struct manifest *m,
    int how, int lock, void (*report)(const char *msg), struct err *e);

/* What was done with a trace. */
enum expdir_fate {
	EXPDIR_KEPT,
	EXPDIR_CANCELLED,	/* run cancelled: kept in cancelled.jsonl */
	EXPDIR_TWICE,		/* dropped: its trace_id exists already */
	EXPDIR_THERE		/* dropped: its run exists already */
};

/*
 * Adds a checked trace, v being its row_fields. It is in the files after expdir_commit, which is due
 * before the caller waits for the next one. Each returns 0, or -1 with *e filled
 * in.
 */
int expdir_add(struct expdir *x, struct json_span trace,
    const struct json_span v[ROW_FIELDS], enum expdir_fate *fate,
    struct err *e);
int expdir_commit(struct expdir *x, struct err *e);

/*
 * Syncs the files to disk and writes what is computed from the rows
 * (summary.h). Returns 0, or -1 with *e filled in.
 */
int expdir_finish(struct expdir *x, struct summary_totals *t, struct err *e);

/* The manifest as it will be once a run is added. */
struct json_span expdir_manifest(const struct expdir *x);

/* The planned number of runs; -1 if it is unknown. */
long long expdir_planned(const struct expdir *x);

/* Closes and frees everything. */
void expdir_release(struct expdir *x);

#endif
