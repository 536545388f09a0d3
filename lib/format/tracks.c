#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/large.h"
#include "base/util.h"
#include "json/json.h"
#include "io/sorter.h"
#include "trace/step.h"
#include "trace/trace.h"
#include "tracks.h"

/* A heap of tracks with the smallest key on top. */
struct heap {
	struct heap_entry {
		int64_t key;
		size_t track;
	} *p;
	size_t n;
	size_t size;		/* bytes allocated */
};

struct track {
	size_t top;		/* the last step assigned to it */
	int64_t instant;	/* start of that step, in microseconds */
	size_t instants;	/* steps without a duration at that time */
};

struct tracks {
	const struct trace *t;
	struct track_place *places;
	struct track *p;
	size_t n;
	size_t size;		/* bytes allocated */
	struct heap busy;	/* tracks by the end of their last step */
	struct heap idle;	/* tracks by number */
};

/* A step in the order of assignment. */
struct turn {
	int64_t from;		/* start, in microseconds */
	uint32_t walked;	/* number of steps before it in trace_walk */
	uint32_t step;
};

static void
heap_push(struct heap *h, int64_t key, size_t track)
{
	struct heap_entry e = { key, track };
	size_t i, up;

	h->p = large_room(h->p, h->n * sizeof(e), &h->size, (h->n + 1) *
	    sizeof(e));
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
	struct heap_entry last = h->p[--h->n];
	size_t track = h->p[0].track, i = 0, down;

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
	return track;
}

/*
 * 1 if the track is too high for another step on height others. Viewers stack
 * steps without a duration if they start at the same time.
 */
static int
is_full(const struct track *l, const struct trace_step *o, size_t height)
{
	if (l->instants && l->instant == o->from)
		height += l->instants;
	return height >= TRACKS_HEIGHT;
}

/* 1 if a step can be put on its parent. */
static int
fits_on_parent(struct tracks *s, const struct trace_step *o)
{
	const struct trace_step *steps = s->t->steps, *parent;
	struct track *l;

	if (o->parent == TRACE_NO_STEP || !s->n)
		return 0;
	parent = &steps[o->parent];
	if (o->from < parent->from || o->until > parent->until)
		return 0;
	l = &s->p[s->places[o->parent].track];
	while (l->top != TRACE_NONE && l->top != o->parent &&
	    steps[l->top].until <= o->from)
		l->top = s->places[l->top].lies ? steps[l->top].parent :
		    TRACE_NONE;
	return l->top == o->parent &&
	    !is_full(l, o, s->places[o->parent].height + 1);
}

static size_t
add_track(struct tracks *s)
{
	static const struct track empty;

	s->p = large_room(s->p, s->n * sizeof(empty), &s->size, (s->n + 1) *
	    sizeof(empty));
	s->p[s->n] = empty;
	return s->n++;
}

/* Returns the lowest track with no open step when a step begins. */
static size_t
find_track(struct tracks *s, const struct trace_step *o)
{
	size_t track;

	while (s->busy.n && s->busy.p[0].key <= o->from) {
		track = heap_pop(&s->busy);
		heap_push(&s->idle, (int64_t)track, track);
	}
	while (s->idle.n) {
		track = heap_pop(&s->idle);
		if (!is_full(&s->p[track], o, 0))
			return track;
		heap_push(&s->busy, o->from + 1, track);
	}
	return add_track(s);
}

static void
tracks_place(struct tracks *s, size_t step)
{
	const struct trace_step *o = &s->t->steps[step];
	struct track_place *p = &s->places[step];
	struct track *l;

	if (fits_on_parent(s, o)) {
		p->lies = 1;
		p->track = s->places[o->parent].track;
		p->height = (uint16_t)(s->places[o->parent].height + 1);
		s->places[o->parent].covered |=
		    s->t->steps[o->parent].from == o->from;
	} else {
		p->lies = 0;
		p->track = (uint32_t)find_track(s, o);
		p->height = 0;
		heap_push(&s->busy, o->until, p->track);
	}
	l = &s->p[p->track];
	l->top = step;
	if (l->instant != o->from)
		l->instants = 0;
	l->instant = o->from;
	/* a viewer puts steps without a duration on the longer one */
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

/* Sorts the steps by their turns. */
static int
tracks_sort(const struct trace *t, struct sorter *turns)
{
	struct turn turn = { 0, 0, 0 };
	size_t i;

	for (i = t->root; i != TRACE_NONE; i = trace_walk(t, i)) {
		turn.from = t->steps[i].from;
		turn.step = (uint32_t)i;
		if (sorter_add(turns, &turn))
			return -1;
		turn.walked++;
	}
	return sorter_sort(turns);
}

size_t
tracks_assign(struct trace *t, struct track_place *places)
{
	struct tracks s = { .t = t, .places = places };
	struct turn window[64];
	struct sorter turns;
	uint64_t i, k, n = 0;
	int bad;

	if (t->nobs)
		memset(places, 0, t->nobs * sizeof(*places));
	sorter_init(&turns, sizeof(struct turn), by_turn, trace_memory(t));
	errno = 0;
	bad = tracks_sort(t, &turns);
	for (i = 0; i < turns.total && !bad; i += n) {
		n = turns.total - i < LEN(window) ? turns.total - i :
		    LEN(window);
		bad = sorter_read(&turns, i, (size_t)n, window);
		for (k = 0; k < n && !bad; k++)
			tracks_place(&s, window[k].step);
	}
	if (bad)
		trace_fail(t, errno);
	sorter_release(&turns);
	large_free(s.p, s.size);
	large_free(s.busy.p, s.busy.size);
	large_free(s.idle.p, s.idle.size);
	return s.n;
}
