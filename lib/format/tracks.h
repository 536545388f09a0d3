#ifndef TRACKS_H
#define TRACKS_H

/*
 * Puts the steps of a linked trace into lanes, for viewers that draw a lane as
 * a stack of boxes: within a lane, of two steps one contains the other or they
 * are apart, and no step lies directly on another than its parent, but for
 * steps of no length.
 *
 * Steps are taken in the order of their beginning, parents before their
 * children and siblings in their order. One goes on top of its parent if it
 * lies within the parent's time and nothing else is open on the parent then.
 * Every other one goes to the lowest lane where nothing is open: so do those
 * that overlap a sibling, or stick out of their parent's time. A step of no
 * length is over at once, and in nobody's way. It takes O(n log n).
 */
#include <stddef.h>

struct trace;

/* No more boxes are stacked in a lane; the rest goes elsewhere. */
#define TRACKS_HEIGHT 500

struct lane_place {
	size_t lane;		/* from 0 */
	int covered;		/* one on top of it begins when it does */
	/* while lanes are assigned */
	size_t below;		/* the step it lies on, or TRACE_NONE */
	size_t height;		/* how many those below are */
};

/* Fills in the places of the t->nobs steps; returns how many lanes. */
size_t tracks_assign(const struct trace *t, struct lane_place *places);

#endif
