#ifndef TRACKS_H
#define TRACKS_H

/*
 * Assigns the steps of a linked trace to tracks, for viewers that draw a track
 * as a stack of boxes: two steps of a track are nested or disjoint, and a step
 * lies directly on its parent only; steps without a duration are exempt. Steps
 * are taken by start, parents before children. A step goes on its parent's
 * track if it lies within the parent's time and no sibling is open there;
 * otherwise, because it overlaps a sibling or outlasts its parent, to the
 * lowest track with nothing open. Takes O(n log n) time.
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
