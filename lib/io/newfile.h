#ifndef NEWFILE_H
#define NEWFILE_H

/*
 * Writes a file that is complete or absent: as NAME.new, which is renamed to
 * NAME when everything is on the disk.
 */
#include <stddef.h>

#include "out.h"

/* Zeroed memory is a file that has not been begun. */
struct newfile {
	int dir;		/* descriptor of the folder */
	int owned;		/* 1: dir is closed with the file */
	const char *name;	/* borrowed */
	char *temp;		/* NAME.new; NULL when there is none */
	struct out out;		/* output to write the contents to */
};

/* Begins a file in a folder. Returns 0, or -1 with errno set. */
int newfile_begin(struct newfile *f, int dir, const char *name);

/* Begins a file at a path, which is borrowed, in the same way. */
int newfile_begin_path(struct newfile *f, const char *path);

/*
 * Syncs the file and renames it, replacing an earlier one. Returns 0, or -1
 * with errno set; then the new file is removed and the earlier one is kept.
 */
int newfile_commit(struct newfile *f);

/* Removes the file unless it was committed. */
void newfile_release(struct newfile *f);

#endif
