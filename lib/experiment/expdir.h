#ifndef EXPDIR_H
#define EXPDIR_H

/*
 * An experiment directory: the files that traces are kept in, as fluxloop-
 * records(5) has them. A trace's observations are written first and its row
 * last, with the place of the observations: the row is what makes it count.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/set.h"
#include "json/json.h"
#include "io/out.h"
#include "recover.h"

struct err;
struct manifest;
struct summary_totals;

/* What expdir_open may do. */
enum {
	EXPDIR_CONTINUE = 1,	/* go on with an experiment that is there */
	EXPDIR_ANYWAY = 2	/* even if it was run with something else */
};

struct expdir {
	char *path;
	int fd;			/* of the folder, locked */
	int continued;		/* what is there already is not run again */
	struct out files[RECOVER_FILES];
	struct out cancelled;	/* open once there is one */
	struct set ids;		/* of the traces that are in it, and of their
				   runs if it is continued */
	struct buf manifest;	/* what is in manifest.json */
	struct buf next;	/* what will be, once a run is added */
	long long lacking;	/* traces that count observations, and had none */
};

/*
 * Opens a folder (that its parent has to be there for) and locks it. A new
 * experiment gets its manifest.json; one that is there already is refused, or,
 * if how says so, cut off behind the last run that is whole and gone on with.
 * What has changed since, and what is cut off, is told to say. Returns 0, or
 * -1 with *e filled in, and then what is there is as it was.
 */
int expdir_open(struct expdir *x, const char *path, const struct manifest *m,
    int how, void (*say)(const char *msg), struct err *e);

/* What became of a trace. */
enum expdir_fate {
	EXPDIR_KEPT,
	EXPDIR_CANCELLED,	/* its run was not through: it is put aside */
	EXPDIR_TWICE,		/* there is one of its trace_id: not kept */
	EXPDIR_THERE		/* it is continued, and its run is there */
};

/* Adds a checked trace. Returns 0, or -1 with *e filled in. */
int expdir_add(struct expdir *x, struct json_span trace,
    enum expdir_fate *fate, struct err *e);

/*
 * Brings the files to the disk and writes what can be computed of the rows
 * (summary.h). Returns 0, or -1 with *e filled in.
 */
int expdir_finish(struct expdir *x, struct summary_totals *t, struct err *e);

/* Closes what is open, and frees. */
void expdir_release(struct expdir *x);

#endif
