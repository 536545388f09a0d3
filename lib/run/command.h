#ifndef COMMAND_H
#define COMMAND_H

/*
 * What to start as the agent of a configuration: a Python handler behind our
 * bridge, or a command.
 */
#include <stddef.h>

struct config;
struct err;

/* A list of words that ends in NULL. Zeroed memory is an empty one. */
struct words {
	char **w;
	size_t n;
	size_t cap;
};

/* Adds a word, which then belongs to the list; frees all. */
void words_add(struct words *l, char *word);
void words_release(struct words *l);

struct command {
	struct words argv;
	char *target;		/* as configured or given; NULL: none */
	char *dir;		/* the folder to start in; NULL: ours */
	char *python;		/* the interpreter of a handler, or NULL */
	char *package;		/* the folder of our Python package, or NULL */
	int hello;		/* the agent begins with hello */
	int lines;		/* it speaks the protocol of plain lines */
};

/*
 * Finds out what to start. target, command and protocol are what the command
 * line says, or NULL; replay is 1 when recorded arguments are replayed. The
 * folder of our Python package comes first in c->env's PYTHONPATH. Returns 0,
 * or -1 with *e filled in.
 */
int command_init(struct command *l, struct config *c, const char *target,
    const char *command, const char *protocol, int replay, struct err *e);
void command_release(struct command *l);

/*
 * The folder of our Python package, which the caller frees, or NULL with *e
 * filled in.
 */
char *command_package(struct err *e);

#endif
