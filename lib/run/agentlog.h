#ifndef AGENTLOG_H
#define AGENTLOG_H

/*
 * A file to append to that does not exceed a limit. Its first half stays as it
 * is; of what follows the oldest part is dropped, and a line there says how
 * many bytes were left out.
 */
#include <stddef.h>
#include <stdint.h>

struct agentlog {
	int fd;			/* -1: closed */
	int64_t limit;		/* bytes; 0: none */
	int64_t size;
	int64_t left_out;	/* bytes dropped so far */
};

/*
 * Starts with a regular file that is open for reading and writing, which
 * agentlog_close closes. Returns 0, or -1 with errno set.
 */
int agentlog_init(struct agentlog *l, int fd, int64_t limit);
void agentlog_close(struct agentlog *l);

/* Appends n bytes. Returns 0, or -1 with errno set. */
int agentlog_add(struct agentlog *l, const char *p, size_t n);

#endif
