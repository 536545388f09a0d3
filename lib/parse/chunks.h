#ifndef CHUNKS_H
#define CHUNKS_H

/*
 * Files and pipes, read one after another in chunks of whole lines. The bytes
 * of a regular file can be read again later.
 */
#include <stddef.h>
#include <stdint.h>

struct buf;
struct store;

struct chunks {
	char *const *files;	/* operands; "-" is the standard input */
	size_t nfiles;
	size_t next;		/* the file to open next */
	size_t size;		/* bytes to read at a time */
	const char *file;	/* name of the open file */
	int fd;			/* descriptor of the open file; -1: none is
				   open */
	int again;		/* 1: it can be read again */
	uint64_t offset;	/* offset of the next byte to read */
	const struct store *kept;	/* the bytes of the only file, or NULL */
	uint64_t end;		/* number of these */
	int error;		/* errno of the read after them, or 0 */
	struct buf *carry;	/* start of the next chunk's first line */
};

struct chunk {
	struct buf *text;	/* lines of the chunk, in a buffer of the
				   caller */
	const char *file;	/* name of the file */
	size_t number;		/* number of the file, from 0 */
	int fd;			/* -1: the file cannot be read again */
	uint64_t offset;	/* offset of the first byte in the file */
	int first;		/* 1: first chunk of the file */
	int last;		/* 1: last chunk of the file; may be empty */
	int error;		/* errno of a failed read, or 0 */
};

/* Without files, reads the standard input. */
void chunks_init(struct chunks *bs, char *const *files, size_t nfiles,
    size_t size);
void chunks_release(struct chunks *bs);

/*
 * Reads what was kept of the only file, instead of the file: end bytes, which
 * are borrowed. error is the errno of the read after them, or 0.
 */
void chunks_read_kept(struct chunks *bs, const struct store *kept, uint64_t end,
    int error);

/*
 * Reads the next chunk; from a pipe it returns as soon as there is a whole
 * line. Every file ends with a chunk marked last; if the file can be read
 * again, the caller owns its descriptor from then on. Returns 1, or 0 after the
 * last file.
 */
int chunks_next(struct chunks *bs, struct chunk *b);

#endif
