#ifndef OUTDIR_H
#define OUTDIR_H

/*
 * Writes a folder that is complete or absent: as a temporary folder next to its
 * path, which is renamed when all files are written.
 */
#include <stddef.h>

struct err;

/*
 * What becomes of an existing folder: it is an error; it is replaced if it is
 * empty or made by this module (it has .fluxloop-output) and has no other files
 * (ownfiles.h); or also if it has.
 */
enum outdir_old { OUTDIR_KEEP, OUTDIR_REPLACE, OUTDIR_FORCE };

struct outdir {
	char *path;		/* final path */
	char *temp;		/* path of the temporary folder, or NULL */
	int fd;			/* descriptor of the temporary folder */
	int marker;		/* descriptor of the list of its files */
	int replace;		/* 1: an existing folder is replaced */
	enum outdir_old old;
};

/*
 * Begins a folder at path; d is zeroed memory. Returns 0, or -1 with *e
 * filled in; d is to be released either way.
 */
int outdir_begin(struct outdir *d, const char *path, enum outdir_old old,
    struct err *e);

/*
 * Creates a file in the folder that no line of index.jsonl need name. Returns a
 * descriptor for writing, or -1 with *e filled in.
 */
int outdir_open(struct outdir *d, const char *name, struct err *e);

/* Creates a file as outdir_open does, but returns -1 with errno set. */
int outdir_try(struct outdir *d, const char *name);

/* Makes a folder in the folder. Returns 0, or -1 with errno set. */
int outdir_mkdir(struct outdir *d, const char *name);

/* Whether the folder has a file of that name. */
int outdir_has(struct outdir *d, const char *name);

/*
 * Removes a folder with its files and its folders 00 to ff. If it has other
 * folders, these and the folder itself are kept.
 */
void outdir_remove(const char *path);

/* Moves the folder to its path. Returns 0, or -1 with *e filled in. */
int outdir_commit(struct outdir *d, struct err *e);

/*
 * Removes the temporary folder when the process is about to end. May be called
 * from another thread than the one that uses d, at any time, also before
 * outdir_begin. That thread may continue meanwhile, but does not make a folder
 * any more, and never returns from outdir_commit or outdir_release.
 */
void outdir_abandon(const struct outdir *d);

/* Removes the folder unless it was committed, and frees the memory. */
void outdir_release(struct outdir *d);

#endif
