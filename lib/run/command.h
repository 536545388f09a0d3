#ifndef COMMAND_H
#define COMMAND_H

/*
 * The command line that starts a configuration's agent: the bridge to a Python
 * handler, or a command of the user.
 */
#include <stddef.h>

struct config;
struct err;

/* A list of words, with NULL after the last. Zeroed memory is an empty one. */
struct words {
	char **w;
	size_t n;
	size_t cap;
};

/* Adds a word, which the list owns from then on; frees the list. */
void words_add(struct words *l, char *word);
void words_release(struct words *l);

struct command {
	struct words argv;
	char *target;		/* given or configured handler, or NULL */
	char *dir;		/* folder to start in; NULL: the current one */
	char *python;		/* a handler's interpreter, or NULL */
	char *package;		/* folder of the Python package, or NULL */
	int hello;		/* 1: the agent sends hello when it is ready */
	int lines;		/* 1: its protocol is lines of text */
	int service;		/* 1: fl-http, for a service: one process works
				   on all runs at once, and limits their time */
};

/* What the runs of a service are limited by, from options or configuration. */
struct command_limits {
	size_t parallel;	/* runs at once */
	double timeout;		/* seconds of an attempt */
};

/*
 * Determines what to start. target, command and protocol override the
 * configuration unless they are NULL; replay is 1 to replay recorded arguments.
 * The limits are for a service (runner.http). For a handler, the folder of the
 * Python package is put first in c->env's PYTHONPATH, and the arguments of a
 * factory are added to it. Returns 0, or -1 with *e filled in; l has to be
 * released either way.
 */
int command_init(struct command *l, struct config *c, const char *target,
    const char *command, const char *protocol, int replay,
    const struct command_limits *limits, struct err *e);
void command_release(struct command *l);

/*
 * The folder of the Python package, of the module for Node. The caller frees
 * it; NULL with *e filled in if there is none.
 */
char *command_package(struct err *e);
char *command_node_package(struct err *e);

/*
 * What python3 -c starts a module of the package by; its first argument is the
 * package's folder, which is searched before one that has a package of the same
 * name. The caller frees it.
 */
char *command_start(const char *module);

#endif
