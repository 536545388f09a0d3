#ifndef TRACKS_H
#define TRACKS_H

/*
 * Assigns the steps of a linked trace to tracks, for viewers that draw a track
 * as a stack of boxes: two steps of a track are nested or disjoint, and a step
 * lies directly on its parent only. This does not hold for steps without a
 * duration. Steps are assigned in the order of their starts, parents before
 * children. A step goes to its parent's track if it lies within the parent's
 * time and no sibling is open there. Otherwise, when it overlaps a sibling or
 * outlasts its parent, it goes to the lowest track with nothing open. This
 * takes O(n log n) time.
 */
#include <stddef.h>
#include <stdint.h>

struct trace;

/* The most boxes of a stack; further steps go to other tracks. */
#define TRACKS_HEIGHT 500

struct track_place {
	uint32_t track;		/* number of the track, from 0 */
	unsigned char covered;	/* 1: a step on top begins at the same time */
	/* for tracks_assign only */
	unsigned char lies;	/* 1: it lies on its parent */
	uint16_t height;	/* number of the steps below */
};

/*
 * Fills in the places of the t->nobs steps. Returns the number of tracks. A
 * fault of a temporary file is noted in the trace.
 */
size_t tracks_assign(struct trace *t, struct track_place *places);

#endif
