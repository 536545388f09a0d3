#ifndef OUTDIR_H
#define OUTDIR_H

/*
 * A folder of output that is built beside its place and put there when it is
 * complete, so that nobody ever sees half of it.
 */
#include <stddef.h>

struct err;

struct outdir {
	char *path;		/* its place */
	char *temp;		/* where it is built */
	int fd;			/* of temp */
	int replace;		/* one that is there gives way */
};

/*
 * Starts a folder for path. One that is there is refused, unless overwrite is
 * set and it was made by this module (a file .fluxloop-output in it tells) or
 * is empty. Returns 0, or -1 with *e filled in.
 */
int outdir_begin(struct outdir *d, const char *path, int overwrite,
    struct err *e);

/* Writes a file into it. */
int outdir_write(struct outdir *d, const char *name, const void *p, size_t n,
    struct err *e);

/* Opens a new file in it for writing; -1 with *e filled in. */
int outdir_open(struct outdir *d, const char *name, struct err *e);

/* Puts it in its place. Returns 0, or -1 with *e filled in. */
int outdir_commit(struct outdir *d, struct err *e);

/* Removes what was built, if it was not put in its place, and frees. */
void outdir_release(struct outdir *d);

#endif
