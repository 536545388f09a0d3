#ifndef RUNLIST_H
#define RUNLIST_H

/*
 * The runs that an experiment would begin, as inputs for one run each.
 */
struct out;
struct queue_plan;
struct source;

/*
 * Writes, for each run that is neither done nor another shard's, its input with
 * "run_id", "input_id", "iteration" and "persona". Stops when o fails.
 */
void runlist_put(const struct queue_plan *plan, struct source *s,
    struct out *o);

#endif
