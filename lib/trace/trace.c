#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/unicode.h"
#include "base/buf.h"
#include "base/hash.h"
#include "base/set.h"
#include "base/utf8.h"
#include "base/util.h"
#include "json/isotime.h"
#include "json/path.h"
#include "trace.h"

/* Of a name, in bytes: room is left for a suffix within 255. */
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
	[OBS_TRACE_ID] = "trace_id"
};

void
trace_release(struct trace *t)
{
	if (t->texts) {
		while (t->nobs)
			free(t->obs[--t->nobs].kept);
		buf_release(t->texts);
		buf_release(t->printed);
	}
	free(t->texts);
	free(t->printed);
	free(t->obs);
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

void
trace_begin(struct trace *t, struct json_span row,
    const struct json_span v[TRACE_FIELDS])
{
	if (!t->texts) {
		t->texts = xcalloc(1, sizeof(*t->texts));
		t->printed = xcalloc(1, sizeof(*t->printed));
	}
	t->texts->len = t->printed->len = 0;
	while (t->nobs)
		free(t->obs[--t->nobs].kept);
	t->lent = TRACE_NONE;
	t->met = 0;
	t->row = row;
	t->pertrace = 0;
	memcpy(t->v, v, sizeof(t->v));
	if (!t->v[TRACE_TRACE_ID].p && t->v[TRACE_ID].p)
		read_store(t);
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
 * Finds the fields of a record, and prints input and output if print is 1.
 * *end is as in json_scan_record.
 */
static int
read_fields(struct trace *t, struct observation *o, struct json_span record,
    int print, const char **end)
{
	const struct json_wanted w = {
		.take = JSON_LAX, .names = observation_fields, .values = o->v,
		.count = OBS_FIELDS, .print = o->printed,
		.nprint = print ? 2 : 0, .out = t->printed
	};
	struct json_fault f;
	int met;

	o->raw = record;
	o->printed[0].field = OBS_INPUT;
	o->printed[1].field = OBS_OUTPUT;
	met = json_scan_record(record.p, record.n, &w, end, &f);
	if (met < 0 || *record.p != '{')
		return -1;
	t->met |= met;
	return 0;
}

static struct observation *
trace_append(struct trace *t, struct json_span record, int print,
    const char **end)
{
	struct observation *o;

	ALLOC_GROW(t->obs, t->nobs + 1, t->cap);
	o = &t->obs[t->nobs];
	memset(o, 0, sizeof(*o));
	o->place = t->nobs;
	if (read_fields(t, o, record, print, end))
		return NULL;
	if (end)
		o->raw.n = (size_t)(*end - record.p);
	t->nobs++;
	keep_text(t, o->v[OBS_START], &o->start, &o->start_len);
	keep_text(t, o->v[OBS_END], &o->end, &o->end_len);
	return o;
}

int
trace_add(struct trace *t, struct json_span observation)
{
	return trace_append(t, observation, t->print, NULL) ? 0 : -1;
}

void
trace_add_all(struct trace *t, struct json_span observations)
{
	struct json_iter it = json_each(observations);
	struct json_span key, rest;

	while (json_enter(&it, &key)) {
		rest.p = it.p;
		rest.n = observations.n - (size_t)(it.p - observations.p);
		/* json_scan would reject the rest: skip unchecked */
		if (!trace_append(t, rest, t->print, &it.p) && it.p == rest.p)
			return;
	}
}

/* Fields that may be large are set only while the step is lent. */
static int
is_small(size_t field)
{
	return field != OBS_INPUT && field != OBS_OUTPUT && field != OBS_ERROR
	    && field != OBS_METADATA && field != OBS_LLM_PARAMETERS;
}

int
trace_add_brief(struct trace *t, struct json_span observation)
{
	struct observation *o = trace_append(t, observation, 0, NULL);
	size_t i, n = 0;
	char *p;

	if (!o)
		return -1;
	for (i = 0; i < OBS_FIELDS; i++)
		n += is_small(i) ? o->v[i].n + 1 : 0;
	p = o->kept = xmalloc(n);
	for (i = 0; i < OBS_FIELDS; i++) {
		if (!is_small(i) || !o->v[i].p) {
			o->v[i].p = NULL;
			continue;
		}
		memcpy(p, o->v[i].p, o->v[i].n);
		o->v[i].p = p;
		p += o->v[i].n;
		*p++ = '\n';	/* values do not touch */
	}
	o->raw.p = NULL;
	return 0;
}

int
trace_lend(struct trace *t, size_t i, struct json_span observation)
{
	struct observation *o = &t->obs[i], *last, now = { 0 };
	size_t k;

	if (t->lent < t->nobs) {
		last = &t->obs[t->lent];
		last->raw.p = NULL;
		for (k = 0; k < OBS_FIELDS; k++)
			if (!is_small(k))
				last->v[k].p = NULL;
	}
	t->lent = i;
	t->printed->len = 0;
	if (read_fields(t, &now, observation, t->print, NULL))
		return -1;
	o->raw = now.raw;
	memcpy(o->printed, now.printed, sizeof(o->printed));
	for (k = 0; k < OBS_FIELDS; k++)
		if (!is_small(k))
			o->v[k] = now.v[k];
	return 0;
}

static int
compare(const char *a, size_t n, const char *b, size_t m)
{
	int c = n && m ? memcmp(a, b, n < m ? n : m) : 0;

	return c ? c : (n > m) - (n < m);
}

/* qsort passes nothing on: the texts that observations refer to. */
static _Thread_local const char *sorted_texts;

static int
by_time(const void *x, const void *y)
{
	const struct observation *a = x, *b = y;
	int c;

	c = compare(sorted_texts + a->start, a->start_len,
	    sorted_texts + b->start, b->start_len);
	if (!c)
		c = compare(sorted_texts + a->end, a->end_len,
		    sorted_texts + b->end, b->end_len);
	if (!c)
		c = (a->place > b->place) - (a->place < b->place);
	return c;
}

void
trace_sort(struct trace *t)
{
	sorted_texts = buf_str(t->texts);
	if (t->nobs)
		qsort(t->obs, t->nobs, sizeof(*t->obs), by_time);
}

/* Microseconds since 1970, local wall time being taken for UTC. */
static int
read_time(const struct trace *t, size_t at, size_t len, int64_t *us)
{
	int zoned;

	return isotime_parse(buf_str(t->texts) + at, len, us, &zoned);
}

static uint64_t
id_hash(struct buf *text, struct json_span id)
{
	text->len = 0;
	trace_plain(text, id);
	return hash_bytes(0, 0, text->p, text->len);
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
		t->obs[i].parent = TRACE_NONE;
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
		t->obs[i].parent = *step;
	}
	set_release(&ids);
	buf_release(&text);
}

/*
 * Finds each step's depth, and takes from the steps of a circle what closes
 * it. A step on the way has the depth TRACE_NONE.
 */
static void
find_depths(struct trace *t)
{
	size_t i, j, up, down;

	for (i = 0; i < t->nobs; i++)
		t->obs[i].depth = TRACE_NONE - 1;	/* not known */
	for (i = 0; i < t->nobs; i++) {
		/* up to a depth that is known, turning the way around */
		down = TRACE_NONE;
		for (j = i; j != TRACE_NONE && t->obs[j].depth ==
		    TRACE_NONE - 1; j = up) {
			up = t->obs[j].parent;
			t->obs[j].depth = TRACE_NONE;
			t->obs[j].child = down;
			down = j;
		}
		/* and down again */
		if (j != TRACE_NONE && t->obs[j].depth == TRACE_NONE)
			j = TRACE_NONE;		/* a circle */
		for (; down != TRACE_NONE; j = down, down = up) {
			up = t->obs[down].child;
			t->obs[down].parent = j;
			t->obs[down].depth = j == TRACE_NONE ? 0 :
			    t->obs[j].depth + 1;
		}
	}
}

/* Links those of one parent, from the last to the first. */
static void
link_children(struct trace *t)
{
	size_t i, *first;

	t->root = TRACE_NONE;
	for (i = 0; i < t->nobs; i++)
		t->obs[i].child = TRACE_NONE;
	for (i = t->nobs; i-- > 0; ) {
		first = t->obs[i].parent == TRACE_NONE ? &t->root :
		    &t->obs[t->obs[i].parent].child;
		t->obs[i].next = *first;
		*first = i;
	}
}

/*
 * Reads the times. A step without a start begins with its parent, or with the
 * trace; one without an end ends where it begins.
 */
static void
find_times(struct trace *t)
{
	struct observation *o;
	size_t i;
	int64_t first = INT64_MAX;
	int zoned;

	for (i = 0; i < t->nobs; i++) {
		o = &t->obs[i];
		if (!read_time(t, o->start, o->start_len, &o->from))
			o->from = INT64_MAX;
		if (o->from < first)
			first = o->from;
	}
	if (first == INT64_MAX && !isotime_read(t->v[TRACE_START], &first,
	    &zoned))
		first = INT64_MAX;
	t->from = t->until = first == INT64_MAX ? 0 : first;
	for (i = t->root; i != TRACE_NONE; i = trace_walk(t, i)) {
		o = &t->obs[i];
		if (o->from == INT64_MAX)
			o->from = o->parent == TRACE_NONE ? t->from :
			    t->obs[o->parent].from;
		if (!read_time(t, o->end, o->end_len, &o->until) ||
		    o->until < o->from)
			o->until = o->from;
		if (o->until > t->until)
			t->until = o->until;
	}
}

void
trace_link(struct trace *t)
{
	find_parents(t);
	find_depths(t);
	link_children(t);
	find_times(t);
}

size_t
trace_walk(const struct trace *t, size_t i)
{
	if (t->obs[i].child != TRACE_NONE)
		return t->obs[i].child;
	while (i != TRACE_NONE && t->obs[i].next == TRACE_NONE)
		i = t->obs[i].parent;
	return i == TRACE_NONE ? i : t->obs[i].next;
}

const struct observation *
trace_load(struct trace *t, size_t i)
{
	if (t->load)
		t->load(t->arg, t, i);
	return &t->obs[i];
}

int
trace_failed(const struct observation *o)
{
	struct json_span level = o->v[OBS_LEVEL];

	return !trace_falsy(o->v[OBS_ERROR]) || (json_is(level, JSON_STRING) &&
	    level.n == 7 && !strncasecmp(level.p, "\"error\"", 7));
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
	*ms = (double)(end - start) / 1e6 * 1000;
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
		id = t->obs[0].v[OBS_TRACE_ID];
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
