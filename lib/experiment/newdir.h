#ifndef NEWDIR_H
#define NEWDIR_H

/*
 * Makes a folder for a new experiment, named as status.h finds it.
 */
struct buf;
struct err;

/*
 * Makes FOLDER/NAME_YYYYMMDD_HHMMSS, in local time, or with -2, -3... after it
 * if there is one; NAME is the slug of name, or "experiment" if that is empty.
 * Makes folder and those above it, too. New folders have mode 0700. Appends the
 * path. Returns 0, or -1 with *e filled in.
 */
int newdir_make(struct buf *path, const char *folder, const char *name,
    struct err *e);

#endif
