#ifndef OUT_H
#define OUT_H

/*
 * Buffered output of whole records. The buffer is written out only between
 * records, so that a process which is stopped, or shares its pipe or file with
 * others, does not cut a record.
 */
#include <stddef.h>
#include <stdint.h>

struct buf;

struct out {
	int fd;
	int each;		/* 1: write out after every record */
	int error;		/* errno of the first failed write, or 0 */
	uint64_t written;	/* bytes written out so far */
	size_t done;		/* bytes of b that out_try has written */
	int free;		/* 1: writes of any size do not block */
	int plain;		/* 1: a terminal; escapes are due (visible.h) */
	size_t shown;		/* bytes of b that have their escapes */
	struct buf *b;		/* buffered records */
};

/*
 * Starts writing to fd. Every record is written out at once if each is 1 or fd
 * is a terminal, else when 64 KiB are buffered. A terminal gets escapes in
 * place of commands (VISIBLE_LINES); the caller that writes commands on
 * purpose, and escapes everything else, sets plain to 0.
 */
void out_init(struct out *o, int fd, int each);

/* Returns the buffer to append a record to. Call out_end after the record. */
struct buf *out_begin(struct out *o);

/* Ends a record. Returns 0, or -1 with o->error set. */
int out_end(struct out *o);

/* Writes a record of n bytes. Returns 0, or -1 with o->error set. */
int out_put(struct out *o, const void *p, size_t n);

/* Writes out the buffer. Returns 0, or -1 with o->error set. */
int out_flush(struct out *o);

/*
 * Makes writes by out_try cheaper, where the system allows it: reopens fd as a
 * file description of its own that does not block, so that other processes
 * which share fd are not affected. To be called once.
 */
void out_unblock(struct out *o);

/*
 * Writes out as much of the buffer as is possible without blocking. Returns 0,
 * or -1 with o->error set.
 */
int out_try(struct out *o);

/* The number of buffered bytes. */
size_t out_pending(const struct out *o);

/* Discards the buffer. */
void out_discard(struct out *o);

/*
 * Writes out the buffer, closes fd and frees the buffer. Returns 0, or -1 with
 * o->error set if any write since out_init failed.
 */
int out_close(struct out *o);

/*
 * Writes text to the standard output, which stays open. Returns 0, or -1 with
 * errno.
 */
int out_print(const struct buf *text);

/* Writes n bytes, and waits while fd is full. Returns 0, or -1 with errno. */
int out_write_all(int fd, const void *p, size_t n);

#endif
