#ifndef OWNFILES_H
#define OWNFILES_H

/*
 * Which files of a folder this module's user has made: outdir.h lists in a file
 * of the folder those it opens, and index.jsonl names those of traces.
 */

/* The file in a folder of ours, with the name of a file in each line. */
#define OWNFILES_MARKER ".fluxloop-output"

/*
 * Finds a file or folder in the folder at path that is not one of ours, the
 * first in alphabetical order. Returns its path in the folder, which the caller
 * frees, or NULL if there is none or the folder cannot be read.
 */
char *ownfiles_foreign(const char *path);

/* Whether name, in a folder of ours, is that of a folder for a part of them. */
int ownfiles_is_shard(const char *name);

#endif
