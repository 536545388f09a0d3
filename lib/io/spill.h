#ifndef SPILL_H
#define SPILL_H

/*
 * Temporary files without a name, for data that does not fit into memory.
 */
#include <stddef.h>
#include <stdint.h>

/* The folder of temporary files: $TMPDIR, or /tmp. */
const char *spill_dir(void);

/* Creates a file. Returns its descriptor, or -1 with errno set. */
int spill_open(void);

/*
 * Creates one in the open folder dir, which no other process creates one in at
 * the same time; in spill_dir() if dir is negative. SPILL_NAME is its name for a
 * moment, and that of all such files in messages.
 */
#define SPILL_NAME ".spill"
int spill_open_in(int dir);

/* Writes n bytes at an offset. Returns 0, or -1 with errno set. */
int spill_write(int fd, const void *p, size_t n, uint64_t at);

/*
 * Reads n bytes at an offset. Returns 0, or -1 with errno set. If the file ends
 * before, errno is 0 and the missing bytes are zeroed.
 */
int spill_read(int fd, void *p, size_t n, uint64_t at);

#endif
