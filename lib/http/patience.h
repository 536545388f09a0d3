#ifndef PATIENCE_H
#define PATIENCE_H

/*
 * How long to wait before a request is made again.
 */
#include <stddef.h>

struct service;

/*
 * The milliseconds before the attempt after this one, from 1: the back-off
 * doubles with each attempt, and up to half of it is added, by the run's id of
 * n bytes, so that runs that failed together are not retried together.
 */
double patience_backoff(const struct service *s, unsigned attempt,
    const char *run_id, size_t n);

#endif
