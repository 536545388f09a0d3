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
 * Appends a line for each known fact, NAME<TAB>VALUE: "target", what is run;
 * "directory", where; and for a Python handler "python", the interpreter, and
 * "package", the folder of the package. l was filled in by command_init,
 * successfully or not.
 */
void check_put(struct buf *b, const struct command *agent);

/*
 * Executes the agent without input or output: a Python agent loads its handler
 * and exits with 0, or with a message and another status. Returns -1 with *e
 * filled in if the agent cannot be started.
 */
int check_become(const struct command *agent, const struct config *c,
    struct err *e);

#endif
