#ifndef PLAIN_H
#define PLAIN_H

/*
 * Files in a folder that may have come from other people: a symbolic link in it
 * may lead anywhere, and opening a pipe blocks.
 */

/*
 * Opens a regular file in the open folder dir as openat(2) does, with O_CLOEXEC
 * and, for a new file, mode 0600. The name must have one component: then
 * O_NOFOLLOW keeps out of other folders as RESOLVE_BENEATH of openat2(2) would.
 * Returns a descriptor, or -1 with errno set: PLAIN_NOT if it is not a regular
 * file, PLAIN_LINKED if a file to be written has another name, which may be
 * anywhere. Both are left alone.
 */
#define PLAIN_NOT ELOOP
#define PLAIN_LINKED EMLINK
int plain_open(int dir, const char *name, int flags);

/* The text of an errno, also of PLAIN_NOT and PLAIN_LINKED. */
const char *plain_error(int error);

/*
 * Opens a folder in the open folder dir, not through a symbolic link. Returns
 * a descriptor, or -1 with errno set.
 */
int plain_open_folder(int dir, const char *name);

/*
 * Open the folder that a path is in. plain_lock_parent also locks it, once no
 * other process has it locked, if the file system has locks; closing the
 * descriptor unlocks it. Return a descriptor, or -1 with errno set.
 */
int plain_open_parent(const char *path);
int plain_lock_parent(const char *path);

/*
 * Syncs a file, or a folder so that its new names survive a loss of power. A
 * file system that does not support this is not a fault. Returns 0, or -1 with
 * errno set.
 */
int plain_sync(int fd);

#endif
