#ifndef EXPDIR_H
#define EXPDIR_H

/*
 * An experiment directory: the files that traces are kept in, as
 * fluxloop-records(5) has them. A trace's observations are written first and
 * its row last, with the place of the observations: the row is what makes it
 * count. json.h, out.h, set.h, environ.h, config.h and summary.h have to
 * be included before.
 */
#include <stddef.h>
#include <stdint.h>

struct err;

struct expdir {
	char *path;
	int fd;			/* of the folder, locked */
	struct out observations;
	struct out traces;
	struct out rows;
	struct set ids;		/* of the traces that are in it */
};

/*
 * Makes a folder (that its parent has to be there for), locks it, and writes
 * its manifest.json: how many runs there will be (-1: not known), hashes of
 * the file with the inputs (NULL: none) and of the configuration. A folder
 * that holds an experiment already is refused. Returns 0, or -1 with *e
 * filled in.
 */
int expdir_make(struct expdir *x, const char *path, const struct config *c,
    const char *inputs, long long runs, struct err *e);

/*
 * Adds a checked trace. Returns 0, 1 when one of that id is there already and
 * nothing was added, or -1 with *e filled in.
 */
int expdir_add(struct expdir *x, struct json_span trace, struct err *e);

/*
 * Brings the files to the disk and writes what can be computed of the rows
 * (summary.h). The configuration and the name (NULL: the configured one) go
 * into the summary. Returns 0, or -1 with *e filled in.
 */
int expdir_finish(struct expdir *x, const struct config *c, const char *name,
    struct summary_totals *t, struct err *e);

/* Closes what is open, and frees. */
void expdir_release(struct expdir *x);

#endif
