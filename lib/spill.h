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

/* Write or read all n bytes at an offset. Return 0 or -1 with errno set. */
int spill_write(int fd, const void *p, size_t n, uint64_t at);
int spill_read(int fd, void *p, size_t n, uint64_t at);

#endif
