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

/* Opens a new file in it for writing; -1 with *e filled in. */
int outdir_open(struct outdir *d, const char *name, struct err *e);

/* The same, and makes a folder in it; -1 with errno set. */
int outdir_try(struct outdir *d, const char *name);
int outdir_mkdir(struct outdir *d, const char *name);

/* Whether there is something of that name in it. */
int outdir_has(struct outdir *d, const char *name);

/*
 * Removes a folder and the files in it and in folders 00 to ff. Other folders
 * in it are not ours: they stay, and so does it then.
 */
void outdir_remove(const char *path);

/* Puts it in its place. Returns 0, or -1 with *e filled in. */
int outdir_commit(struct outdir *d, struct err *e);

/*
 * Removes what was built, when the process is about to end: from another
 * thread than the one that builds, which may go on meanwhile, but does not
 * come back from outdir_commit or outdir_release any more.
 */
void outdir_abandon(const struct outdir *d);

/* Removes what was built, if it was not put in its place, and frees. */
void outdir_release(struct outdir *d);

#endif
