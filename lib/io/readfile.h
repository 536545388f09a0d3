#ifndef READFILE_H
#define READFILE_H

/*
 * Reads whole files into memory.
 */
struct buf;

/* Appends the rest of a file. Returns 0, or -1 with errno set. */
int readfile_fd(int fd, struct buf *b);

/*
 * Appends the file of that name in the folder dir, or AT_FDCWD. Returns 0, or
 * -1 with errno set.
 */
int readfile_at(int dir, const char *name, struct buf *b);

#endif
