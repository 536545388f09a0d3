#ifndef ENGINE_H
#define ENGINE_H

/*
 * Runs inputs on agents: starts agents, sends them runs, enforces time limits,
 * and writes a trace for every run.
 */
#include "plan.h"

struct out;
struct source;

/*
 * Runs every input of s, iterations times each, and writes the traces to o as
 * the runs finish. Returns an exit status as documented in fluxloop(7): 0, 1,
 * 2, or 128 + the signal that stopped it. Errors have been reported.
 */
int engine_run(const struct engine_plan *plan, struct source *s,
    struct out *o);

#endif
