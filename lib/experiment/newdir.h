#ifndef NEWDIR_H
#define NEWDIR_H

/*
 * Makes a folder for a new experiment, with a name that status.h finds.
 */
struct buf;
struct err;

/*
 * Makes FOLDER/NAME_YYYYMMDD_HHMMSS, in local time, with -2, -3... appended if
 * that exists; NAME is the slug of name, or "experiment" if that is empty.
 * Makes folder and those above it, too. New folders have mode 0700. Appends the
 * path. Returns 0, or -1 with *e filled in.
 */
int newdir_make(struct buf *path, const char *folder, const char *name,
    struct err *e);

#endif
