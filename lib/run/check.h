#ifndef CHECK_H
#define CHECK_H

/*
 * What a configuration runs, found out without an input.
 */
struct buf;
struct command;
struct config;
struct err;

/*
 * Appends a line for each fact that is known, its name and value with a tab
 * between: "target", what is run; "directory", where; and for a Python handler
 * "python", the interpreter, and "package", the folder of our package. l is
 * what command_init filled in, whether or not it succeeded.
 */
void check_put(struct buf *b, const struct command *agent);

/*
 * Becomes the agent, with no input and nobody who reads its output: a Python
 * agent then loads its handler and ends with 0 if it could, or else with a
 * message on stderr and another status. Returns -1 with *e filled in when the
 * agent cannot be started.
 */
int check_become(const struct command *agent, const struct config *c,
    struct err *e);

#endif
