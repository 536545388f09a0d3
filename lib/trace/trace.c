#include <errno.h>
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/unicode.h"
#include "base/buf.h"
#include "base/hash.h"
#include "base/large.h"
#include "base/set.h"
#include "base/utf8.h"
#include "base/util.h"
#include "json/isotime.h"
#include "json/path.h"
#include "moments.h"
#include "ties.h"
#include "trace.h"

/*
 * Inputs and outputs of a record that is read again are printed while it is
 * scanned up to this size, in bytes; those of a larger one, of which a copy may
 * not fit, when a format asks for them.
 */
#define PRINTED_MOST (1 << 20)

/* Bytes of a file name: a suffix still fits into 255. */
#define NAME_LONGEST 200

const char *const trace_fields[TRACE_FIELDS] = {
	[TRACE_TRACE_ID] = "trace_id",
	[TRACE_ITERATION] = "iteration",
	[TRACE_PERSONA] = "persona",
	[TRACE_INPUT] = "input",
	[TRACE_OUTPUT] = "output",
	[TRACE_DURATION] = "duration_ms",
	[TRACE_SUCCESS] = "success",
	[TRACE_ERROR] = "error",
	[TRACE_ERROR_KIND] = "error_kind",
	[TRACE_OBSERVATION_COUNT] = "observation_count",
	[TRACE_TOKEN_USAGE] = "token_usage",
	[TRACE_CONVERSATION] = "conversation",
	[TRACE_CONVERSATION_STATE] = "conversation_state",
	[TRACE_TERMINATION_REASON] = "termination_reason",
	[TRACE_OBSERVATIONS] = "observations",
	[TRACE_RUN_ID] = "run_id",
	[TRACE_NAME] = "name",
	[TRACE_START] = "start_time",
	[TRACE_END] = "end_time",
	[TRACE_METADATA] = "metadata",
	[TRACE_INPUT_ID] = "input_id",
	[TRACE_ATTEMPTS] = "attempts",
	[TRACE_CALLBACKS] = "callback_messages",
	[TRACE_STDOUT] = "stdout",
	[TRACE_STDERR] = "stderr",
	[TRACE_SCORES] = "scores",
	[TRACE_EVALUATION] = "evaluation",
	[TRACE_ID] = "id"
};

const char *const observation_fields[OBS_FIELDS] = {
	[OBS_ID] = "id",
	[OBS_TYPE] = "type",
	[OBS_NAME] = "name",
	[OBS_START] = "start_time",
	[OBS_END] = "end_time",
	[OBS_INPUT] = "input",
	[OBS_OUTPUT] = "output",
	[OBS_ERROR] = "error",
	[OBS_LEVEL] = "level",
	[OBS_STATUS_MESSAGE] = "status_message",
	[OBS_METADATA] = "metadata",
	[OBS_MODEL] = "model",
	[OBS_LLM_PARAMETERS] = "llm_parameters",
	[OBS_PROMPT_TOKENS] = "prompt_tokens",
	[OBS_COMPLETION_TOKENS] = "completion_tokens",
	[OBS_TOTAL_TOKENS] = "total_tokens",
	[OBS_PARENT] = "parent_observation_id",
	[OBS_TRACE_ID] = "trace_id",
	[OBS_OBSERVATIONS] = "observations",
	[OBS_TIMELINE] = "timeline"
};

/* Frees the steps of a trace that does not fit into memory. */
static void
trace_end_apart(struct trace *t)
{
	if (!t->apart)
		return;
	moments_release(t->moments);
	buf_release(t->first_id);
	free(t->moments);
	free(t->first_id);
	/* it may be large */
	large_free(t->steps, t->steps_size);
	t->steps = NULL;
	t->steps_size = 0;
	t->apart = 0;
}

void
trace_release(struct trace *t)
{
	if (t->texts) {
		buf_release(t->texts);
		buf_release(t->printed);
	}
	free(t->texts);
	free(t->printed);
	trace_end_apart(t);
	free(t->obs);
	large_free(t->steps, t->steps_size);
	memset(t, 0, sizeof(*t));
}

/*
 * A row of the store that the original's recorder keeps
 * (artifacts/traces.jsonl) names itself by "id", and has the rest in its
 * metadata.
 */
static void
read_store(struct trace *t)
{
	static const struct {
		int field;
		const char *path;
	} places[] = {
		{ TRACE_ITERATION, "iteration" },
		{ TRACE_INPUT, "variation.input" },
		{ TRACE_PERSONA, "variation.metadata.persona" }
	};
	size_t i;

	t->v[TRACE_TRACE_ID] = t->v[TRACE_ID];
	for (i = 0; i < LEN(places); i++)
		if (!t->v[places[i].field].p && json_is(t->v[TRACE_METADATA],
		    JSON_OBJECT))
			t->v[places[i].field] = path_get(
			    t->v[TRACE_METADATA], places[i].path);
}

static void
trace_clear(struct trace *t)
{
	if (!t->texts) {
		t->texts = xcalloc(1, sizeof(*t->texts));
		t->printed = xcalloc(1, sizeof(*t->printed));
	}
	buf_reset(t->texts);
	buf_reset(t->printed);
	trace_end_apart(t);
	t->nobs = 0;
	t->linked = 0;
	t->met = 0;
	t->pertrace = 0;
	t->load = NULL;
}

void
trace_set_row(struct trace *t, struct json_span row,
    const struct json_span v[TRACE_FIELDS])
{
	t->row = row;
	memcpy(t->v, v, sizeof(t->v));
	if (!t->v[TRACE_TRACE_ID].p && t->v[TRACE_ID].p)
		read_store(t);
}

void
trace_begin(struct trace *t, struct json_span row,
    const struct json_span v[TRACE_FIELDS])
{
	trace_clear(t);
	trace_set_row(t, row, v);
}

int
trace_reset(struct trace *t, struct json_span row)
{
	static const struct json_span none[TRACE_FIELDS];
	struct json_span v[TRACE_FIELDS];
	struct json_fault f;
	int bad, met = 0;

	bad = row.p && (*row.p != '{' || (met = json_scan(row.p, row.n,
	    JSON_LAX, trace_fields, v, TRACE_FIELDS, &f)) < 0);
	if (bad)
		row.p = NULL;
	trace_begin(t, row, row.p ? v : none);
	t->met = row.p ? met : 0;
	return bad ? -1 : 0;
}

int
trace_falsy(struct json_span v)
{
	struct json_span key, value;
	struct json_iter it;
	double d = 1;

	if (!v.p)
		return 1;
	switch (json_type(v)) {
	case JSON_NULL:
		return 1;
	case JSON_BOOL:
		return *v.p == 'f';
	case JSON_NUMBER:
		/* NaN is not zero, and not every strtod() reads it */
		return json_double(v, &d) && d == 0 && *v.p != 'N';
	case JSON_STRING:
		return v.n == 2;
	default:
		it = json_each(v);
		return !json_next(&it, &key, &value);
	}
}

int
trace_pretty(struct buf *b, const struct trace *t, const struct observation *o,
    size_t field)
{
	const struct json_print *p = &o->printed[field == OBS_OUTPUT];

	if (!p->n)
		return json_pretty(b, o->v[field], 0);
	buf_add(b, t->printed->p + p->at, p->n);
	return p->high;
}

void
trace_plain(struct buf *b, struct json_span v)
{
	if (json_is(v, JSON_STRING))
		json_text(b, v);
	else
		buf_add(b, v.p, v.n);
}

/* Keeps a time's text, "" for none. */
static void
keep_text(struct trace *t, struct json_span v, size_t *at, size_t *len)
{
	*at = t->texts->len;
	if (!trace_falsy(v))
		trace_plain(t->texts, v);
	*len = t->texts->len - *at;
}

/*
 * Sets t->wanted to the fields of o; its input and output are printed if print
 * is 1.
 */
static void
want_fields(struct trace *t, struct observation *o, int print)
{
	t->wanted = (struct json_wanted){
		.take = JSON_LAX, .names = observation_fields, .values = o->v,
		.count = OBS_FIELDS, .print = o->printed,
		.nprint = print ? 2 : 0, .out = t->printed
	};
	o->printed[0].field = OBS_INPUT;
	o->printed[1].field = OBS_OUTPUT;
}

/*
 * Finds the fields of a record, and prints some if print is 1. *end is as in
 * json_scan_record.
 */
static int
read_fields(struct trace *t, struct observation *o, struct json_span record,
    int print, const char **end)
{
	struct json_fault f;
	int met;

	want_fields(t, o, print);
	o->raw = record;
	met = json_scan_record(record.p, record.n, &t->wanted, end, &f);
	if (met < 0 || *record.p != '{')
		return -1;
	t->met |= met;
	return 0;
}

/* An observation that trace_append adds when it has been read. */
static struct observation *
new_observation(struct trace *t)
{
	struct observation *o;
	size_t at = t->apart ? 0 : t->nobs;

	ALLOC_GROW(t->obs, at + 1, t->cap);
	o = &t->obs[at];
	memset(o, 0, sizeof(*o));
	o->place = t->nobs;
	return o;
}

static struct observation *
trace_append(struct trace *t)
{
	struct observation *o = &t->obs[t->apart ? 0 : t->nobs];

	t->nobs++;
	keep_text(t, o->v[OBS_START], &o->start, &o->start_len);
	keep_text(t, o->v[OBS_END], &o->end, &o->end_len);
	return o;
}

static uint64_t
id_hash(struct buf *text, struct json_span id)
{
	text->len = 0;
	trace_plain(text, id);
	return hash_bytes(0, 0, text->p, text->len);
}

/* The hash of an id for an order: 0 for none. */
static uint64_t
moment_hash(struct buf *text, struct json_span id)
{
	uint64_t hash;

	if (trace_falsy(id))
		return 0;
	hash = id_hash(text, id);
	return hash + !hash;
}

/* Keeps what orders and links an observation, whose times are in texts. */
static void
add_moment(struct trace *t, const struct observation *o, const char *texts,
    const struct trace_place *place)
{
	struct moment m = { .at = place->at, .n = place->n,
	    .file = place->file };
	struct buf text = { 0 };

	m.id = moment_hash(&text, o->v[OBS_ID]);
	m.parent = moment_hash(&text, o->v[OBS_PARENT]);
	moments_add(t->moments, &m, texts + o->start, o->start_len,
	    texts + o->end, o->end_len);
	buf_release(&text);
}

/* The place of a record in memory. */
static struct trace_place
place_inside(struct json_span raw)
{
	return (struct trace_place){ (uintptr_t)raw.p, (uint32_t)raw.n, 0 };
}

/* Lends a step its record, which is in memory. */
static void
load_inside(void *arg, struct trace *t, size_t i)
{
	struct json_span record = { NULL, 0 };
	struct trace_place place;

	(void)arg;
	if (!trace_place(t, i, &place)) {
		record.p = (const char *)(uintptr_t)place.at;
		record.n = place.n;
	}
	trace_lend(t, i, record);
}

/* Keeps all observations so far as those that come after them. */
static void
set_inside(struct trace *t)
{
	struct buf texts = *t->texts;
	struct trace_place place;
	const char *p = buf_str(&texts);
	size_t i;

	memset(t->texts, 0, sizeof(*t->texts));
	trace_set_apart(t, t->inside * sizeof(*t->obs));
	buf_add(t->first_id, t->obs[0].v[OBS_TRACE_ID].p,
	    t->obs[0].v[OBS_TRACE_ID].n);
	for (i = 0; i < t->nobs; i++) {
		place = place_inside(t->obs[i].raw);
		add_moment(t, &t->obs[i], p, &place);
	}
	buf_release(&texts);
	buf_release(t->printed);
	free(t->obs);
	t->obs = NULL;
	t->cap = 0;
	t->load = load_inside;
}

/* After an observation was added with its record. */
static void
trace_added(struct trace *t, const struct observation *o)
{
	struct trace_place place = place_inside(o->raw);

	if (t->apart)
		add_moment(t, o, buf_str(t->texts), &place);
	else if (t->inside && t->nobs >= t->inside)
		set_inside(t);
}

int
trace_add(struct trace *t, struct json_span observation)
{
	if (read_fields(t, new_observation(t), observation, t->print &&
	    !t->apart, NULL))
		return -1;
	trace_added(t, trace_append(t));
	return 0;
}

void
trace_add_all(struct trace *t, struct json_span observations)
{
	struct json_iter it = json_each(observations);
	struct json_span key, rest;

	while (json_enter(&it, &key)) {
		rest.p = it.p;
		rest.n = observations.n - (size_t)(it.p - observations.p);
		if (!read_fields(t, new_observation(t), rest, t->print, &it.p))
			trace_append(t)->raw.n = (size_t)(it.p - rest.p);
		/* json_scan would reject the rest: skip unchecked */
		else if (it.p == rest.p)
			return;
	}
}

static void
open_elements(void *arg)
{
	trace_clear(arg);
}

static const struct json_wanted *
begin_element(void *arg)
{
	struct trace *t = arg;

	want_fields(t, new_observation(t), t->print && !t->apart);
	return &t->wanted;
}

static void
end_element(void *arg, struct json_span object)
{
	struct observation *o = trace_append(arg);

	o->raw = object;
	trace_added(arg, o);
}

struct json_elements
trace_elements(struct trace *t)
{
	return (struct json_elements){
		TRACE_OBSERVATIONS, open_elements, begin_element, end_element,
		t
	};
}

void
trace_set_apart(struct trace *t, size_t memory)
{
	t->apart = 1;
	t->moments = xcalloc(1, sizeof(*t->moments));
	t->first_id = xcalloc(1, sizeof(*t->first_id));
	moments_init(t->moments, memory, t->texts);
}

int
trace_add_apart(struct trace *t, struct json_span observation,
    const struct trace_place *place)
{
	struct observation *o = new_observation(t);

	if (t->nobs >= TRACE_NONE || read_fields(t, o, observation, 0, NULL))
		return -1;
	trace_append(t);
	if (t->nobs == 1)
		buf_add(t->first_id, o->v[OBS_TRACE_ID].p,
		    o->v[OBS_TRACE_ID].n);
	add_moment(t, o, buf_str(t->texts), place);
	return 0;
}

int
trace_place(struct trace *t, size_t i, struct trace_place *place)
{
	const struct moment *m = moments_get(t->moments, i);

	if (!m)
		return -1;
	place->at = m->at;
	place->n = m->n;
	place->file = m->file;
	return 0;
}

int
trace_error(const struct trace *t)
{
	return t->apart ? t->moments->error : 0;
}

size_t
trace_memory(const struct trace *t)
{
	return t->apart ? t->moments->memory : SIZE_MAX / 4;
}

void
trace_fail(struct trace *t, int error)
{
	if (t->apart && !t->moments->error)
		t->moments->error = error ? error : EIO;
}

/* Sets the links of an observation from step i of t->steps. */
static void
set_links(const struct trace *t, struct observation *o, size_t i)
{
	const struct trace_step *s = &t->steps[i];

	o->parent = s->parent;
	o->child = s->child;
	o->next = s->next;
	o->depth = s->depth;
	o->from = s->from;
	o->until = s->until;
}

int
trace_lend(struct trace *t, size_t i, struct json_span observation)
{
	static const struct json_span nothing = { "null", 4 };
	struct observation *o = &t->obs[0];
	int bad;

	memset(o, 0, sizeof(*o));
	buf_reset(t->printed);
	bad = !observation.p || read_fields(t, o, observation, t->print &&
	    observation.n <= PRINTED_MOST, NULL);
	if (bad) {
		memset(o, 0, sizeof(*o));
		o->raw = nothing;
	}
	t->texts->len = t->moments->ntexts;
	keep_text(t, o->v[OBS_START], &o->start, &o->start_len);
	keep_text(t, o->v[OBS_END], &o->end, &o->end_len);
	if (t->linked)
		set_links(t, o, i);
	return bad ? -1 : 0;
}

static int
compare(const char *a, size_t n, const char *b, size_t m)
{
	int c = n && m ? memcmp(a, b, n < m ? n : m) : 0;

	return c ? c : (n > m) - (n < m);
}

/*
 * qsort passes nothing on: the texts that observations refer to, and whether two
 * of them begin at the same time.
 */
static _Thread_local const char *sorted_texts;
static _Thread_local int sorted_ties;

static int
by_time(const void *x, const void *y)
{
	const struct observation *a = x, *b = y;
	int c;

	c = compare(sorted_texts + a->start, a->start_len,
	    sorted_texts + b->start, b->start_len);
	sorted_ties |= !c;
	if (!c)
		c = compare(sorted_texts + a->end, a->end_len,
		    sorted_texts + b->end, b->end_len);
	if (!c)
		c = (a->place > b->place) - (a->place < b->place);
	return c;
}

/* Puts parents first among the n steps from step i on. */
static void
trace_order(struct trace *t, size_t i, size_t n)
{
	struct tie *ties = xreallocarray(NULL, n, sizeof(*ties));
	uint32_t *order = xreallocarray(NULL, n, sizeof(*order));
	struct observation *obs;
	struct buf text = { 0 };
	size_t k;

	for (k = 0; k < n; k++) {
		ties[k].id = moment_hash(&text, t->obs[i + k].v[OBS_ID]);
		ties[k].parent = moment_hash(&text,
		    t->obs[i + k].v[OBS_PARENT]);
	}
	if (ties_order(ties, n, order)) {
		obs = xreallocarray(NULL, n, sizeof(*obs));
		memcpy(obs, t->obs + i, n * sizeof(*obs));
		for (k = 0; k < n; k++)
			t->obs[i + k] = obs[order[k]];
		free(obs);
	}
	buf_release(&text);
	free(ties);
	free(order);
}

/* Puts parents first among steps that begin at the same time. */
static void
order_ties(struct trace *t)
{
	const struct observation *o = t->obs;
	size_t i, n;

	for (i = 0; i < t->nobs; i += n) {
		for (n = 1; i + n < t->nobs && !compare(sorted_texts +
		    o[i].start, o[i].start_len, sorted_texts + o[i + n].start,
		    o[i + n].start_len); n++)
			;
		if (n > 1)
			trace_order(t, i, n);
	}
}

void
trace_sort(struct trace *t)
{
	if (t->apart) {
		moments_sort(t->moments);
		return;
	}
	sorted_texts = buf_str(t->texts);
	sorted_ties = 0;
	if (t->nobs)
		qsort(t->obs, t->nobs, sizeof(*t->obs), by_time);
	if (sorted_ties)
		order_ties(t);
}

/* Finds each step's parent: the first step that has the id it names. */
static void
find_parents(struct trace *t)
{
	struct set ids = { 0 };
	struct buf text = { 0 };
	size_t i, *step;
	int added;

	for (i = 0; i < t->nobs; i++) {
		t->steps[i].parent = TRACE_NO_STEP;
		if (trace_falsy(t->obs[i].v[OBS_ID]))
			continue;
		step = set_add(&ids, id_hash(&text, t->obs[i].v[OBS_ID]),
		    &added);
		if (added)
			*step = i;
	}
	for (i = 0; i < t->nobs; i++) {
		if (trace_falsy(t->obs[i].v[OBS_PARENT]))
			continue;
		step = set_add(&ids, id_hash(&text, t->obs[i].v[OBS_PARENT]),
		    &added);
		if (added)
			*step = TRACE_NONE;
		t->steps[i].parent = (uint32_t)*step;
	}
	set_release(&ids);
	buf_release(&text);
}

/*
 * Finds each step's depth, and removes the link that closes a cycle. A step on
 * the current path has the depth TRACE_NO_STEP.
 */
static void
find_depths(struct trace *t)
{
	const uint32_t unknown = TRACE_NO_STEP - 1;
	struct trace_step *s = t->steps;
	size_t i;
	uint32_t j, up, down;

	for (i = 0; i < t->nobs; i++)
		s[i].depth = unknown;
	for (i = 0; i < t->nobs; i++) {
		/* walk up to a known depth, reversing the links */
		down = TRACE_NO_STEP;
		for (j = (uint32_t)i; j != TRACE_NO_STEP && s[j].depth ==
		    unknown; j = up) {
			up = s[j].parent;
			s[j].depth = TRACE_NO_STEP;
			s[j].child = down;
			down = j;
		}
		/* and walk down again */
		if (j != TRACE_NO_STEP && s[j].depth == TRACE_NO_STEP)
			j = TRACE_NO_STEP;		/* a cycle */
		for (; down != TRACE_NO_STEP; j = down, down = up) {
			up = s[down].child;
			s[down].parent = j;
			s[down].depth = j == TRACE_NO_STEP ? 0 :
			    s[j].depth + 1;
		}
	}
}

/* Links the children of each parent, from the last to the first. */
static void
link_children(struct trace *t)
{
	struct trace_step *s = t->steps;
	uint32_t i, *first, root = TRACE_NO_STEP;

	for (i = 0; i < t->nobs; i++)
		s[i].child = TRACE_NO_STEP;
	for (i = (uint32_t)t->nobs; i-- > 0; ) {
		first = s[i].parent == TRACE_NO_STEP ? &root :
		    &s[s[i].parent].child;
		s[i].next = *first;
		*first = i;
	}
	t->root = root;
}

/*
 * Returns microseconds since 1970, reading local time as UTC; `none` if the
 * text is not a time.
 */
static int64_t
read_time(const char *text, size_t n, int64_t none)
{
	int64_t us;
	int zoned;

	return isotime_parse(text, n, &us, &zoned) ? us : none;
}

/* Reads the times of step i as they are: INT64_MAX and INT64_MIN for none. */
static void
read_times(struct trace *t, size_t i)
{
	struct trace_step *s = &t->steps[i];
	const char *texts = buf_str(t->texts);
	const struct moment *m;

	s->from = INT64_MAX;
	s->until = INT64_MIN;
	if (!t->apart) {
		s->from = read_time(texts + t->obs[i].start,
		    t->obs[i].start_len, s->from);
		s->until = read_time(texts + t->obs[i].end, t->obs[i].end_len,
		    s->until);
	} else if ((m = moments_get(t->moments, i))) {
		s->from = read_time(moments_text(t->moments, &m->start),
		    (size_t)m->start.len, s->from);
		s->until = read_time(moments_text(t->moments, &m->end),
		    (size_t)m->end.len, s->until);
	}
}

/*
 * Sets the times. A step without a start begins with its parent, or with the
 * trace; one without an end ends where it begins.
 */
static void
find_times(struct trace *t)
{
	struct trace_step *s;
	size_t i;
	int64_t first = INT64_MAX;
	int zoned;

	for (i = 0; i < t->nobs; i++) {
		read_times(t, i);
		if (t->steps[i].from < first)
			first = t->steps[i].from;
	}
	if (first == INT64_MAX && !isotime_read(t->v[TRACE_START], &first,
	    &zoned))
		first = INT64_MAX;
	t->from = t->until = first == INT64_MAX ? 0 : first;
	for (i = t->root; i != TRACE_NONE; i = trace_walk(t, i)) {
		s = &t->steps[i];
		if (s->from == INT64_MAX)
			s->from = s->parent == TRACE_NO_STEP ? t->from :
			    t->steps[s->parent].from;
		if (s->until < s->from)
			s->until = s->from;
		if (s->until > t->until)
			t->until = s->until;
	}
}

void
trace_link(struct trace *t)
{
	size_t i, n = t->nobs * sizeof(*t->steps);

	if (n > t->steps_size) {
		large_free(t->steps, t->steps_size);
		t->steps_size = 0;
		t->steps = large_room(NULL, 0, &t->steps_size, n);
	}
	if (t->apart)
		moments_link(t->moments, t->steps, t->nobs);
	else
		find_parents(t);
	find_depths(t);
	link_children(t);
	find_times(t);
	t->linked = 1;
	for (i = 0; i < t->nobs && !t->apart; i++)
		set_links(t, &t->obs[i], i);
}

size_t
trace_walk(const struct trace *t, size_t i)
{
	const struct trace_step *s = t->steps;

	if (s[i].child != TRACE_NO_STEP)
		return s[i].child;
	while (i != TRACE_NONE && s[i].next == TRACE_NO_STEP)
		i = s[i].parent;
	return i == TRACE_NONE ? i : s[i].next;
}

const struct observation *
trace_load(struct trace *t, size_t i)
{
	if (t->load)
		t->load(t->arg, t, i);
	return &t->obs[t->apart ? 0 : i];
}

void
trace_pause(struct trace *t)
{
	if (t->pause)
		t->pause(t->arg);
}

int
trace_failed(const struct observation *o)
{
	struct json_span level = o->v[OBS_LEVEL];

	return !trace_falsy(o->v[OBS_ERROR]) || (json_is(level, JSON_STRING) &&
	    level.n == 7 && !strncasecmp(level.p, "\"error\"", 7));
}

/* Microseconds as seconds, rounded once whatever the processor's registers. */
static double
trace_seconds(int64_t us)
{
#if FLT_EVAL_METHOD == 0
	return (double)us / 1e6;
#else
	char text[32];

	snprintf(text, sizeof(text), "%" PRId64 "e-6", us);
	return strtod(text, NULL);
#endif
}

int
trace_duration(const struct trace *t, const struct observation *o, double *ms)
{
	int64_t start, end;
	int start_zoned, end_zoned;

	if (!json_is(o->v[OBS_START], JSON_STRING) ||
	    !json_is(o->v[OBS_END], JSON_STRING) ||
	    !isotime_parse(t->texts->p + o->start, o->start_len, &start,
	    &start_zoned) ||
	    !isotime_parse(t->texts->p + o->end, o->end_len, &end,
	    &end_zoned) || start_zoned != end_zoned)
		return 0;
	/* as Python computes it: seconds first */
	*ms = trace_seconds(end - start) * 1000;
	return 1;
}

enum trace_outcome
trace_outcome(const struct trace *t)
{
	if (!t->row.p)
		return OUTCOME_UNKNOWN;
	return trace_falsy(t->v[TRACE_SUCCESS]) ? OUTCOME_FAILED :
	    OUTCOME_SUCCESS;
}

int
trace_is_ours(const struct trace *t)
{
	return t->v[TRACE_RUN_ID].p || t->v[TRACE_METADATA].p ||
	    t->v[TRACE_START].p;
}

size_t
trace_error_calls(const struct trace *t)
{
	struct json_span v = json_get(t->v[TRACE_CALLBACKS], "error");
	struct json_span key, message;
	struct json_iter it;
	size_t n = 0;

	if (json_is(v, JSON_ARRAY))
		for (it = json_each(v); json_next(&it, &key, &message); )
			n++;
	return n;
}

long long
trace_iteration(const struct trace *t)
{
	double d = 0;

	if (!t->v[TRACE_ITERATION].p || !json_double(t->v[TRACE_ITERATION], &d)
	    || !isfinite(d) || fabs(d) > 9e15)
		return 0;
	return (long long)d;
}

void
trace_id_text(const struct trace *t, struct buf *b)
{
	struct json_span id = t->v[TRACE_TRACE_ID];

	if (!id.p && t->nobs)
		id = t->apart ? json_buf(t->first_id) :
		    t->obs[0].v[OBS_TRACE_ID];
	if (id.p && json_type(id) != JSON_NULL)
		trace_plain(b, id);
}

void
trace_file_name(const struct trace *t, struct buf *b)
{
	struct buf id = { 0 };
	size_t i, len, start = b->len;
	uint32_t c;

	trace_id_text(t, &id);
	buf_printf(b, "%02lld_", trace_iteration(t));
	for (i = 0; i < id.len; ) {
		len = utf8_decode(id.p + i, id.len - i, &c);
		if (b->len - start + len > NAME_LONGEST) {
			buf_byte(b, '-');
			buf_hex(b, hash_bytes(0, 0, id.p, id.len), 16);
			break;
		}
		if (c == '-' || c == '_' || unicode_is_alnum(c))
			buf_add(b, id.p + i, len);
		else
			buf_byte(b, '-');
		i += len;
	}
	buf_release(&id);
}
