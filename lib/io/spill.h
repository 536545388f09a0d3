#ifndef SPILL_H
#define SPILL_H

/*
 * A temporary file in $TMPDIR (else /tmp) that has no name, for what does not
 * fit into memory.
 */
#include <stddef.h>
#include <stdint.h>

/* Where: $TMPDIR, or /tmp. */
const char *spill_dir(void);

/* Opens one. Returns the descriptor, or -1 with errno set. */
int spill_open(void);

/* Writes all n bytes at an offset. Returns 0, or -1 with errno set. */
int spill_write(int fd, const void *p, size_t n, uint64_t at);

/*
 * Reads n bytes at an offset. Returns 0, or -1 with errno set; where the file
 * ends before them errno is 0, and NULs stand for what is missing.
 */
int spill_read(int fd, void *p, size_t n, uint64_t at);

#endif
