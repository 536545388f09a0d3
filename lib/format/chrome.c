#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/util.h"
#include "base/buf.h"
#include "base/hash.h"
#include "base/large.h"
#include "json/json.h"
#include "json/isotime.h"
#include "trace/step.h"
#include "trace/trace.h"
#include "record/excerpt.h"
#include "tracks.h"
#include "chrome.h"

/*
 * The latest time, in the year 2255: a double holds later ones inexactly. The
 * earliest is 0, since Perfetto drops events before 1970.
 */
#define TIME_MAX INT64_C(9007199254740991)

/* The most levels of a value; deeper ones, hard on viewers, become strings. */
#define DEPTH_MAX 100

/* The most bytes of the persona and of the input in the title of a process. */
#define TITLE_MAX 60

/* The thread of the trace, and the first one of steps. */
#define TRACE_TID 1
#define FIRST_TID 2

struct chrome {
	struct buf *b;
	struct trace *t;
	struct track_place *places;
	uint32_t pid;
	int events;		/* 1: an event was written */
};

/* Clamps a time to the range that viewers show. */
static int64_t
clamp_time(int64_t us)
{
	return us < 0 ? 0 : us > TIME_MAX ? TIME_MAX : us;
}

/*
 * Begins an event. The members that old versions of Perfetto look for come
 * before texts with escapes, which these versions cannot skip.
 */
static void
begin_event(struct chrome *c, const char *phase, size_t tid)
{
	if (c->events)
		buf_puts(c->b, ",\n");
	c->events = 1;
	json_open(c->b, NULL, '{');
	json_add_str(c->b, "ph", phase);
	json_add_int(c->b, "pid", c->pid);
	json_add_int(c->b, "tid", (long long)tid);
}

/* Appends a metadata event with its one argument, a text or a number. */
static void
put_metadata(struct chrome *c, size_t tid, const char *name,
    const struct buf *text, long long number)
{
	begin_event(c, "M", tid);
	json_add_str(c->b, "name", name);
	json_open(c->b, "args", '{');
	if (text)
		json_add_text(c->b, "name", text->p, text->len);
	else
		json_add_int(c->b, "sort_index", number);
	json_close(c->b, '}');
	json_close(c->b, '}');
}

/* Appends the title: "#3 novice: How do I reset my password?". */
static void
put_process(struct chrome *c)
{
	const struct trace *t = c->t;
	struct buf title = { 0 };
	long long iteration = trace_iteration(t);

	buf_printf(&title, "#%lld", iteration);
	if (!trace_falsy(t->v[TRACE_PERSONA])) {
		buf_byte(&title, ' ');
		excerpt_put(&title, t->v[TRACE_PERSONA], TITLE_MAX);
	}
	if (!trace_falsy(t->v[TRACE_INPUT])) {
		buf_puts(&title, ": ");
		excerpt_put(&title, t->v[TRACE_INPUT], TITLE_MAX);
	}
	put_metadata(c, TRACE_TID, "process_name", &title, 0);
	/* a sort index is a 32-bit integer */
	iteration = iteration < 0 ? 0 : iteration > INT32_MAX ? INT32_MAX :
	    iteration;
	put_metadata(c, TRACE_TID, "process_sort_index", NULL, iteration);
	buf_release(&title);
}

static void
put_thread(struct chrome *c, size_t tid)
{
	struct buf name = { 0 };

	buf_puts(&name, tid == TRACE_TID ? "trace" : "steps");
	put_metadata(c, tid, "thread_name", &name, 0);
	put_metadata(c, tid, "thread_sort_index", NULL, (long long)tid);
	buf_release(&name);
}

/* Adds a value, unless it is absent or null. */
static void
put_arg(struct chrome *c, const char *key, struct json_span v)
{
	struct buf text = { 0 };

	if (json_is_null(v))
		return;
	json_key(c->b, key);
	if (json_levels(v) > DEPTH_MAX) {
		json_compact(&text, v);
		json_put_text(c->b, text.p, text.len);
	} else {
		json_compact(c->b, v);
	}
	buf_release(&text);
}

/* Adds a value as a string, which the format requires here. */
static void
chrome_put_text(struct chrome *c, const char *key, struct json_span v)
{
	struct buf text = { 0 };

	if (trace_falsy(v))
		buf_puts(&text, "unknown");
	else
		trace_plain(&text, v);
	json_add_text(c->b, key, text.p, text.len);
	buf_release(&text);
}

static void
chrome_put_span(struct chrome *c, size_t tid, int64_t from, int64_t until)
{
	begin_event(c, "X", tid);
	json_add_int(c->b, "ts", clamp_time(from));
	json_add_int(c->b, "dur", clamp_time(until) - clamp_time(from));
}

/*
 * Finds the time of the trace, in its row or else in its steps. Returns 0 if no
 * time is known.
 */
static int
trace_time(const struct trace *t, int64_t *from, int64_t *until)
{
	double ms;
	int zoned;

	if (!isotime_read(t->v[TRACE_START], from, &zoned)) {
		*from = t->from;
		if (!t->nobs || !t->from)
			return 0;
	}
	if (!isotime_read(t->v[TRACE_END], until, &zoned)) {
		*until = t->until;
		if (json_double(t->v[TRACE_DURATION], &ms) && ms >= 0 && ms <
		    1e12)
			*until = *from + llround(ms * 1000);
	}
	*until = *until < *from ? *from : *until;
	return 1;
}

/* Appends the span of the trace, with the fields of its row. */
static void
put_trace(struct chrome *c)
{
	static const int args[] = {
		TRACE_TRACE_ID, TRACE_RUN_ID, TRACE_ITERATION, TRACE_PERSONA,
		TRACE_SUCCESS, TRACE_ERROR, TRACE_ERROR_KIND, TRACE_DURATION,
		TRACE_TOKEN_USAGE, TRACE_INPUT, TRACE_OUTPUT,
		TRACE_TERMINATION_REASON, TRACE_METADATA, TRACE_CALLBACKS,
		TRACE_CONVERSATION, TRACE_STDOUT, TRACE_STDERR, TRACE_EVALUATION
	};
	const struct trace *t = c->t;
	int64_t from, until;
	size_t i;

	if (!t->row.p || !trace_time(t, &from, &until))
		return;
	chrome_put_span(c, TRACE_TID, from, until);
	json_add_str(c->b, "cat", "trace");
	json_add_str(c->b, "name", "trace");
	if (trace_falsy(t->v[TRACE_SUCCESS]))
		json_add_str(c->b, "cname", "terrible");
	json_open(c->b, "args", '{');
	for (i = 0; i < LEN(args); i++)
		put_arg(c, trace_fields[args[i]], t->v[args[i]]);
	json_close(c->b, '}');
	json_close(c->b, '}');
}

static size_t
tid_of(const struct chrome *c, size_t step)
{
	return FIRST_TID + c->places[step].track;
}

/*
 * 1 if there is an arrow from a step to its child in another track. A viewer
 * attaches an arrow's ends to the topmost step at their time, so these must be
 * the two steps.
 */
static int
has_arrow(const struct chrome *c, size_t parent, size_t child)
{
	const struct trace_step *p = &c->t->steps[parent];
	const struct trace_step *o = &c->t->steps[child];

	return c->places[parent].track != c->places[child].track &&
	    !c->places[parent].covered && !c->places[child].covered &&
	    clamp_time(p->from) <= clamp_time(o->from) &&
	    clamp_time(p->from) < clamp_time(p->until) &&
	    clamp_time(o->from) < clamp_time(o->until);
}

/* Appends an end of the arrow to a child: "s", its start, or "f". */
static void
put_arrow(struct chrome *c, const char *phase, size_t step, size_t child)
{
	begin_event(c, phase, tid_of(c, step));
	json_add_int(c->b, "ts", clamp_time(c->t->steps[step].from));
	/* unique among the arrows of all traces, and exact as a double */
	json_add_int(c->b, "id", (long long)((uint64_t)c->pid << 22 |
	    (child & 0x3fffff)));
	if (*phase == 'f')
		json_add_str(c->b, "bp", "e");
	json_add_str(c->b, "cat", "step");
	json_add_str(c->b, "name", "child");
	json_close(c->b, '}');
}

static void
put_arrows(struct chrome *c, size_t step)
{
	const struct trace_step *steps = c->t->steps;
	size_t child;

	if (steps[step].parent != TRACE_NO_STEP &&
	    has_arrow(c, steps[step].parent, step))
		put_arrow(c, "f", step, step);
	for (child = steps[step].child; child != TRACE_NONE;
	    child = steps[child].next)
		if (has_arrow(c, step, child))
			put_arrow(c, "s", step, child);
}

static void
chrome_put_step(struct chrome *c, size_t step)
{
	static const int args[] = {
		OBS_ID, OBS_PARENT, OBS_LEVEL, OBS_STATUS_MESSAGE, OBS_ERROR,
		OBS_MODEL, OBS_LLM_PARAMETERS, OBS_PROMPT_TOKENS,
		OBS_COMPLETION_TOKENS, OBS_TOTAL_TOKENS, OBS_INPUT,
		OBS_OUTPUT, OBS_METADATA
	};
	const struct observation *o = trace_load(c->t, step);
	size_t i;

	chrome_put_span(c, tid_of(c, step), o->from, o->until);
	chrome_put_text(c, "cat", o->v[OBS_TYPE]);
	chrome_put_text(c, "name", o->v[OBS_NAME]);
	if (trace_failed(o))
		json_add_str(c->b, "cname", "terrible");
	json_open(c->b, "args", '{');
	for (i = 0; i < LEN(args); i++)
		put_arg(c, observation_fields[args[i]], o->v[args[i]]);
	json_close(c->b, '}');
	json_close(c->b, '}');
	put_arrows(c, step);
}

void
chrome_put(struct buf *b, struct trace *t)
{
	struct chrome c = { .b = b, .t = t };
	struct buf id = { 0 };
	size_t tracks, i, size = 0;

	trace_link(t);
	trace_id_text(t, &id);
	/* hash the iteration too: rows with the same id may differ in it */
	c.pid = (uint32_t)hash_bytes((uint64_t)trace_iteration(t), 0, id.p,
	    id.len) & INT32_MAX;
	c.pid += !c.pid;
	buf_release(&id);
	c.places = large_room(NULL, 0, &size, t->nobs * sizeof(*c.places));
	tracks = tracks_assign(t, c.places);
	put_process(&c);
	for (i = TRACE_TID; i < FIRST_TID + tracks; i++)
		put_thread(&c, i);
	put_trace(&c);
	for (i = t->root; i != TRACE_NONE; i = trace_walk(t, i))
		chrome_put_step(&c, i);
	large_free(c.places, size);
}
