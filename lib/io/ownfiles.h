#ifndef OWNFILES_H
#define OWNFILES_H

/*
 * The files of a folder that a program made with outdir.h, which lists the
 * files that it opens in a marker file; index.jsonl names those of traces.
 */

/* The marker file, with the name of a file in each line. */
#define OWNFILES_MARKER ".fluxloop-output"

/*
 * Finds the first file or folder, in alphabetical order, in the folder at path
 * that was not made with outdir.h. Returns its path in the folder, which the
 * caller frees, or NULL if there is none or the folder cannot be read.
 */
char *ownfiles_foreign(const char *path);

/* Whether name, in such a folder, is that of a folder for some of the files. */
int ownfiles_is_shard(const char *name);

#endif
