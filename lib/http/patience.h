#ifndef PATIENCE_H
#define PATIENCE_H

/*
 * How long to wait before a request is made again.
 */
#include <stddef.h>

struct service;

/*
 * The milliseconds to wait after an attempt, from 1. The wait doubles with each
 * attempt. Up to half of it is added, depending on the run's id of n bytes, so
 * that runs that failed together are not retried together.
 */
double patience_backoff(const struct service *s, unsigned attempt,
    const char *run_id, size_t n);

#endif
