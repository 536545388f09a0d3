#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/util.h"
#include "json/json.h"
#include "trace/trace.h"
#include "tracks.h"

/* A heap with the smallest key on top. */
struct heap {
	struct entry {
		int64_t key;
		size_t lane;
	} *p;
	size_t n;
	size_t cap;
};

struct lane {
	size_t top;		/* the last step that was put there */
	int64_t instant;	/* when the last one put there begins */
	size_t instants;	/* how many of no length were put there then */
};

struct tracks {
	const struct trace *t;
	struct lane_place *places;
	struct lane *p;
	size_t n;
	size_t cap;
	struct heap busy;	/* by the time until when */
	struct heap idle;	/* by number */
};

struct turn {
	int64_t from;
	size_t walked;		/* how many steps the walk gave before */
	size_t step;
};

static void
heap_push(struct heap *h, int64_t key, size_t lane)
{
	struct entry e = { key, lane };
	size_t i, up;

	ALLOC_GROW(h->p, h->n + 1, h->cap);
	for (i = h->n++; i; i = up) {
		up = (i - 1) / 2;
		if (h->p[up].key <= key)
			break;
		h->p[i] = h->p[up];
	}
	h->p[i] = e;
}

static size_t
heap_pop(struct heap *h)
{
	struct entry last = h->p[--h->n];
	size_t lane = h->p[0].lane, i = 0, down;

	for (;;) {
		down = 2 * i + 1;
		if (down + 1 < h->n && h->p[down + 1].key < h->p[down].key)
			down++;
		if (down >= h->n || h->p[down].key >= last.key)
			break;
		h->p[i] = h->p[down];
		i = down;
	}
	h->p[i] = last;
	return lane;
}

/*
 * Viewers stack steps of no length that are at one time: whether the lane is
 * too high for another step on height others.
 */
static int
is_full(const struct lane *l, const struct observation *o, size_t height)
{
	if (l->instants && l->instant == o->from)
		height += l->instants;
	return height >= TRACKS_HEIGHT;
}

/* Whether a step can be put on its parent. */
static int
fits(struct tracks *s, const struct observation *o)
{
	const struct observation *obs = s->t->obs, *parent;
	struct lane *l;

	if (o->parent == TRACE_NONE || !s->n)
		return 0;
	parent = &obs[o->parent];
	if (o->from < parent->from || o->until > parent->until)
		return 0;
	l = &s->p[s->places[o->parent].lane];
	while (l->top != TRACE_NONE && l->top != o->parent &&
	    obs[l->top].until <= o->from)
		l->top = s->places[l->top].below;
	return l->top == o->parent &&
	    !is_full(l, o, s->places[o->parent].height + 1);
}

static size_t
add_lane(struct tracks *s)
{
	static const struct lane empty;

	ALLOC_GROW(s->p, s->n + 1, s->cap);
	s->p[s->n] = empty;
	return s->n++;
}

/* The lowest lane where nothing is open when a step begins. */
static size_t
find_lane(struct tracks *s, const struct observation *o)
{
	size_t lane;

	while (s->busy.n && s->busy.p[0].key <= o->from) {
		lane = heap_pop(&s->busy);
		heap_push(&s->idle, (int64_t)lane, lane);
	}
	while (s->idle.n) {
		lane = heap_pop(&s->idle);
		if (!is_full(&s->p[lane], o, 0))
			return lane;
		heap_push(&s->busy, o->from + 1, lane);
	}
	return add_lane(s);
}

static void
tracks_place(struct tracks *s, size_t step)
{
	const struct observation *o = &s->t->obs[step];
	struct lane_place *p = &s->places[step];
	struct lane *l;

	if (fits(s, o)) {
		p->below = o->parent;
		p->lane = s->places[p->below].lane;
		p->height = s->places[p->below].height + 1;
		s->places[p->below].covered |=
		    s->t->obs[p->below].from == o->from;
	} else {
		p->below = TRACE_NONE;
		p->lane = find_lane(s, o);
		p->height = 0;
		heap_push(&s->busy, o->until, p->lane);
	}
	l = &s->p[p->lane];
	l->top = step;
	if (l->instant != o->from)
		l->instants = 0;
	l->instant = o->from;
	/* a viewer puts those before it, the longer one, and on it */
	p->covered = l->instants > 0;
	l->instants += o->until == o->from;
}

static int
by_turn(const void *x, const void *y)
{
	const struct turn *a = x, *b = y;

	if (a->from != b->from)
		return a->from < b->from ? -1 : 1;
	return (a->walked > b->walked) - (a->walked < b->walked);
}

size_t
tracks_assign(const struct trace *t, struct lane_place *places)
{
	struct tracks s = { .t = t, .places = places };
	struct turn *turns;
	size_t i, n = 0;

	turns = xreallocarray(NULL, t->nobs, sizeof(*turns));
	for (i = t->root; i != TRACE_NONE; i = trace_walk(t, i)) {
		turns[n].from = t->obs[i].from;
		turns[n].walked = n;
		turns[n++].step = i;
	}
	if (n)
		qsort(turns, n, sizeof(*turns), by_turn);
	for (i = 0; i < n; i++)
		tracks_place(&s, turns[i].step);
	free(turns);
	free(s.p);
	free(s.busy.p);
	free(s.idle.p);
	return s.n;
}
