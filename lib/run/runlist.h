#ifndef RUNLIST_H
#define RUNLIST_H

/*
 * The runs that an experiment would begin.
 */
struct buf;
struct config;
struct err;
struct queue_plan;
struct run;
struct source;

/*
 * Calls take with each run that is neither done nor another shard's, until it
 * returns non-zero. The plan's inputs are set here: which calls are replayed
 * does not matter. Returns 0, or -1 with *e filled in: c cannot be used.
 */
int runlist_each(const struct config *c, struct queue_plan *plan,
    struct source *s, int (*take)(void *arg, const struct run *r), void *arg,
    struct err *e);

/*
 * Appends the input of a run with "run_id", "input_id", "iteration" and
 * "persona", a line, which is an input for that run alone.
 */
void runlist_put(struct buf *b, const struct run *r);

#endif
