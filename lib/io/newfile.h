#ifndef NEWFILE_H
#define NEWFILE_H

/*
 * A file that is whole or not there: it is written beside its place, as
 * NAME.new, and gets its name when all of it is on the disk.
 */
#include <stddef.h>

#include "out.h"

struct newfile {
	int dir;		/* the folder, which stays the caller's */
	const char *name;
	char *temp;		/* what it is called meanwhile */
	struct out out;		/* for what is to be in it */
};

/* Starts a file in a folder. Returns 0, or -1 with errno set. */
int newfile_begin(struct newfile *f, int dir, const char *name);

/*
 * Puts it, synced, in the place of the one that was there. Returns 0, or -1
 * with errno set; then it is gone, and the one that was there stays.
 */
int newfile_commit(struct newfile *f);

/* Removes it, if it was not put in its place; zeroed memory is none. */
void newfile_release(struct newfile *f);

#endif
