#ifndef STEP_H
#define STEP_H

/* How the steps of a trace are linked. */
#include <stddef.h>
#include <stdint.h>

/* In place of a step: none, such as the parent of a step without one. */
#define TRACE_NONE ((size_t)UINT32_MAX)
#define TRACE_NO_STEP UINT32_MAX	/* the same in struct trace_step */

/* How a step is linked, and when it ran; numbered from 0. See trace_link. */
struct trace_step {
	uint32_t parent;	/* a step, or none */
	uint32_t child;		/* its first child, or none */
	uint32_t next;		/* its next sibling, or none */
	uint32_t depth;		/* 0 for a step without a parent */
	int64_t from;		/* start and end, microseconds since 1970; */
	int64_t until;		/* those of a neighbour if it has no times */
};

#endif
