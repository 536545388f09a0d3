#ifndef CONSTANT_H
#define CONSTANT_H

/* Values of the configuration that become arguments of the handler. */

struct buf;
struct config;
struct err;

/*
 * Appends the mapping at a key of the configuration to b as JSON, nothing if it
 * has none. ${NAME} in a string stands for the variable of the agent's
 * environment, ${NAME:-TEXT} for TEXT if there is none. Returns 0, or -1 with
 * *e filled in for a variable that is not set.
 */
int constant_read(struct buf *b, const struct config *c, const char *key,
    struct err *e);

#endif
