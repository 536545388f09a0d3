#ifndef LLM_HEADERS_H
#define LLM_HEADERS_H

/*
 * Headers that the configuration adds to all requests, such as those that a
 * gateway goes by.
 */
#include <stddef.h>

#include "base/buf.h"

struct config;
struct err;
struct secret_values;

/* Zeroed memory is none. */
struct headers {
	char **lines;		/* "Name: value" */
	size_t n;
	struct buf written;	/* an object with the values as they are in the
				   configuration, where a variable is ${NAME};
				   empty: there are none */
};

/*
 * Reads input_generation.llm.headers. Adds values that are secret by their name
 * or come from a variable to secrets, which borrow them. Returns 0, or -1 with
 * *e filled in.
 */
int headers_read(struct headers *h, const struct config *c,
    struct secret_values *secrets, struct err *e);

/* Whether one of them has the name of the header line. */
int headers_have(const struct headers *h, const char *line);

void headers_release(struct headers *h);

#endif
