#ifndef CHUNKS_H
#define CHUNKS_H

/*
 * Files and pipes, read one after the other in blocks of whole lines. Of a
 * plain file the bytes can be read again later.
 */
#include <stddef.h>
#include <stdint.h>

struct buf;

struct chunks {
	char *const *files;	/* operands; "-" is the standard input */
	size_t nfiles;
	size_t next;		/* the file to open next */
	size_t size;		/* how much is read at a time, in bytes */
	const char *file;	/* the name of what is being read */
	int fd;			/* -1: none is open */
	int again;		/* it can be read again */
	uint64_t offset;	/* of what is read next */
	struct buf *carry;	/* the beginning of a line */
};

struct chunk {
	struct buf *text;	/* its lines; the caller's */
	const char *file;
	size_t number;		/* of the file, from 0 */
	int fd;			/* of a file that can be read again, or -1 */
	uint64_t offset;	/* of the first byte in the file */
	int first;		/* the file begins with it */
	int last;		/* and ends; it may be empty then */
	int error;		/* errno: the file could not be read (on) */
};

/* No files at all mean the standard input. */
void chunks_init(struct chunks *bs, char *const *files, size_t nfiles,
    size_t size);
void chunks_release(struct chunks *bs);

/*
 * Reads the next block. What comes from a pipe is not waited for once there is
 * a whole line. Every file ends in a block that is marked last; its descriptor,
 * if it can be read again, is the caller's from then on. Returns 1, or 0 at
 * the end of the last file.
 */
int chunks_next(struct chunks *bs, struct chunk *b);

#endif
