#ifndef OUT_H
#define OUT_H

/*
 * Buffered output of whole records. The buffer is written out only between
 * records, so that what another process reads of a pipe or file that several
 * write to is cut where a record ends.
 */
#include <stddef.h>
#include <stdint.h>

struct buf;

struct out {
	int fd;
	int each;		/* write out after every record */
	int error;		/* errno of the first write that failed, or 0 */
	uint64_t written;	/* bytes that were written out */
	size_t done;		/* of what waits, written by out_try */
	int free;		/* a write does not wait, whatever its size */
	struct buf *b;		/* the records that wait */
};

/*
 * Starts writing to fd. Every record is written at once when each is set or
 * fd is a terminal, else when 64 KiB wait.
 */
void out_init(struct out *o, int fd, int each);

/* Where to append a record; out_end says that it is whole. -1 on failure. */
struct buf *out_begin(struct out *o);
int out_end(struct out *o);

/* Writes a record of n bytes. */
int out_put(struct out *o, const void *p, size_t n);

/* Writes out what waits. Returns 0, or -1 with o->error set. */
int out_flush(struct out *o);

/*
 * Writes out as much of what waits as can be without waiting. Returns 0, or
 * -1 with o->error set. out_pending tells how many bytes wait still. It takes
 * fewer system calls after out_unblock, to be called once: where the system
 * lets us (Linux), fd then is ours alone, and can be made not to block without
 * others that have it noticing.
 */
void out_unblock(struct out *o);
int out_try(struct out *o);
size_t out_pending(const struct out *o);

/* Forgets what waits, for who cannot wait any longer. */
void out_forget(struct out *o);

/*
 * Flushes, closes fd and frees the buffer. Returns 0, or -1 with o->error set
 * when anything at all went wrong since out_init.
 */
int out_close(struct out *o);

/* write(2) until all n bytes are written. Returns 0 or -1 with errno set. */
int out_write_all(int fd, const void *p, size_t n);

#endif
