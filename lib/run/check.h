#ifndef CHECK_H
#define CHECK_H

/*
 * Reports and checks what a configuration runs, without an input.
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

/*
 * Makes a Python agent or that of a service, started by engine_run, do all but
 * the calls.
 */
void check_prepare(struct command *agent);

/*
 * Reads the traces that such an agent gave, from the file fd, and reports why
 * calls cannot be made: each different error once, up to CHECK_SHOWN of them.
 * Returns the number of failed traces, or -1 with *e filled in.
 */
#define CHECK_SHOWN 3
long long check_failures(int fd, struct err *e);

#endif
