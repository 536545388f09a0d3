#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/set.h"
#include "base/util.h"
#include "io/out.h"
#include "io/spill.h"
#include "runs.h"
#include "sample.h"
#include "statistics.h"
#include "text.h"

#define SLOW 95			/* percentile from which a run is slow */

const char *const sample_groups[SAMPLE_GROUPS] = {
	[SAMPLE_ALL] = "all",
	[SAMPLE_PERSONA] = "persona",
	[SAMPLE_STRATEGY] = "strategy",
	[SAMPLE_INPUT] = "input"
};

/* A trace that may be chosen. */
struct candidate {
	uint64_t unit;		/* hash of its input and persona */
	uint64_t group;
	uint64_t text;		/* hash of the text, which may be chosen once */
	uint64_t luck;		/* random; the lowest are chosen */
	double ms;
	uint64_t at;		/* offset of its line in the temporary file */
	size_t n;		/* bytes of the line */
	int chosen;
};

/* The outcomes of the runs of an input. */
struct sample_unit {
	int passed, failed;
};

struct sample {
	const struct sample_rules *rules;
	struct runs *verdicts;
	struct out *out;
	int later;		/* 1: chosen when all are known */
	int fd;			/* the temporary file, or -1 */
	uint64_t end;		/* end of the temporary file */
	struct candidate *v;
	size_t n;
	size_t cap;
	double *ms;		/* durations of all traces that have one */
	size_t nms, mscap;
	struct set units;	/* index + 1 in unit */
	struct sample_unit *unit;
	size_t nunits, unitcap;
	struct set texts;	/* hashes of the chosen texts */
	struct buf line, text, lower;
	size_t written;
};

struct sample *
sample_new(const struct sample_rules *rules, struct runs *verdicts,
    struct out *out)
{
	struct sample *s = xcalloc(1, sizeof(*s));

	s->rules = rules;
	s->verdicts = verdicts;
	s->out = out;
	s->fd = -1;
	s->later = rules->flaky || rules->each || rules->most ||
	    (rules->slow && rules->slow_ms <= 0);
	return s;
}

void
sample_free(struct sample *s)
{
	if (!s)
		return;
	if (s->fd >= 0)
		close(s->fd);
	free(s->v);
	free(s->ms);
	free(s->unit);
	set_release(&s->units);
	set_release(&s->texts);
	buf_release(&s->line);
	buf_release(&s->text);
	buf_release(&s->lower);
	free(s);
}

size_t
sample_written(const struct sample *s)
{
	return s->written;
}

/* --- a trace ------------------------------------------------------------- */

/* Returns the outcome; sets *failed to whether it did not pass. */
static enum runs_outcome
sample_outcome(struct sample *s, const struct json_span v[TRACE_FIELDS],
    int *failed)
{
	const struct runs_run *run = NULL;
	enum runs_outcome o;

	if (s->verdicts && v[TRACE_RUN_ID].p)
		run = runs_find(s->verdicts, runs_hash_of(v[TRACE_RUN_ID]));
	o = run ? run->outcome : runs_outcome_of(v[TRACE_SUCCESS],
	    v[TRACE_ERROR_KIND], v[TRACE_EVALUATION]);
	*failed = o == RUNS_FAIL || (o == RUNS_ERROR &&
	    !json_is_null(v[TRACE_SUCCESS]) &&
	    !json_is_true(v[TRACE_SUCCESS]));
	return o;
}

static void
sample_note_unit(struct sample *s, uint64_t unit, enum runs_outcome o)
{
	int added;
	size_t *place = set_add(&s->units, unit, &added);

	if (added) {
		ALLOC_GROW(s->unit, s->nunits + 1, s->unitcap);
		s->unit[s->nunits] = (struct sample_unit){ 0, 0 };
		*place = s->nunits++;
	}
	s->unit[*place].passed |= o == RUNS_PASS;
	s->unit[*place].failed |= o == RUNS_FAIL;
}

static int
is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Appends text without regard to case and white space. */
static void
sample_normalize(struct sample *s, struct json_span value)
{
	size_t i, start = s->lower.len, to = start;

	s->text.len = 0;
	value_text(value, &s->text);
	text_lower(&s->lower, s->text.p, s->text.len);
	for (i = start; i < s->lower.len; i++) {
		if (!is_space(s->lower.p[i]))
			s->lower.p[to++] = s->lower.p[i];
		else if (to > start && s->lower.p[to - 1] != ' ')
			s->lower.p[to++] = ' ';
	}
	if (to > start && s->lower.p[to - 1] == ' ')
		to--;
	s->lower.len = to;
}

static uint64_t
sample_group_of(const struct sample *s, const struct candidate *c,
    const struct json_span v[TRACE_FIELDS])
{
	struct json_span name = { 0 };

	if (s->rules->group == SAMPLE_INPUT)
		return c->unit;
	if (s->rules->group == SAMPLE_PERSONA)
		name = v[TRACE_PERSONA];
	else if (s->rules->group == SAMPLE_STRATEGY &&
	    json_is(v[TRACE_METADATA], JSON_OBJECT))
		name = json_get(v[TRACE_METADATA], "strategy");
	return json_is_null(name) ? 0 : runs_hash_of(name);
}

/*
 * Sets group, text and luck. Runs of one input, which share its text, are the
 * same if their answers are.
 */
static void
sample_describe(struct sample *s, struct candidate *c,
    const struct json_span v[TRACE_FIELDS])
{
	struct json_span id = v[TRACE_RUN_ID].p ? v[TRACE_RUN_ID] :
	    v[TRACE_TRACE_ID];
	uint64_t key[2];

	c->group = sample_group_of(s, c, v);
	s->lower.len = 0;
	sample_normalize(s, v[TRACE_INPUT]);
	if (s->rules->group == SAMPLE_INPUT) {
		buf_byte(&s->lower, '\0');
		sample_normalize(s, v[TRACE_OUTPUT]);
	}
	key[0] = c->group;
	key[1] = hash_bytes(0, 0, buf_str(&s->lower), s->lower.len);
	c->text = hash_words(0, 0, key, LEN(key));
	c->luck = json_is_null(id) ?
	    hash_words(s->rules->seed, 1, key, LEN(key)) :
	    hash_bytes(s->rules->seed, 1, id.p, id.n);
}

/* --- writing ------------------------------------------------------------- */

static void
sample_put_origin(struct buf *b, const struct json_span v[TRACE_FIELDS],
    enum runs_outcome o, int failed)
{
	json_open(b, "sampled", '{');
	if (!json_is_null(v[TRACE_RUN_ID]))
		json_add(b, "run_id", v[TRACE_RUN_ID]);
	if (!json_is_null(v[TRACE_TRACE_ID]))
		json_add(b, "trace_id", v[TRACE_TRACE_ID]);
	if (o == RUNS_ERROR && !failed)
		json_add_null(b, "pass");
	else
		json_add_bool(b, "pass", o == RUNS_PASS);
	if (!json_is_null(v[TRACE_DURATION]))
		json_add(b, "duration_ms", v[TRACE_DURATION]);
	json_close(b, '}');
}

/* Appends the trace as an input, with its output as what is expected. */
static void
sample_put_input(const struct sample *s, struct buf *b,
    const struct json_span v[TRACE_FIELDS], enum runs_outcome o, int failed)
{
	static const char *const replaced[] = { "expected", "sampled" };
	struct json_span metadata = v[TRACE_METADATA], expected = { 0 };

	if (json_is(metadata, JSON_OBJECT))
		expected = json_get(metadata, "expected");
	if (json_is_null(expected) && !s->rules->no_expected)
		expected = v[TRACE_OUTPUT];
	json_open(b, NULL, '{');
	json_add(b, "input", v[TRACE_INPUT]);
	if (!json_is_null(v[TRACE_INPUT_ID]))
		json_add(b, "input_id", v[TRACE_INPUT_ID]);
	json_open(b, "metadata", '{');
	json_add_others(b, metadata, replaced, LEN(replaced));
	if (!json_is_null(v[TRACE_PERSONA]) && (!json_is(metadata,
	    JSON_OBJECT) || !json_get(metadata, "persona").p))
		json_add(b, "persona", v[TRACE_PERSONA]);
	if (!json_is_null(expected))
		json_add(b, "expected", expected);
	sample_put_origin(b, v, o, failed);
	json_close(b, '}');
	json_close(b, '}');
}

static int
sample_write(struct sample *s, const void *p, size_t n)
{
	s->written++;
	if (!out_put(s->out, p, n))
		return 0;
	errno = s->out->error;
	return -1;
}

/* Keeps a candidate until all are known. */
static int
sample_keep(struct sample *s, struct candidate *c)
{
	if (s->fd < 0 && (s->fd = spill_open()) < 0)
		return -1;
	c->at = s->end;
	c->n = s->line.len;
	if (spill_write(s->fd, s->line.p, s->line.len, s->end))
		return -1;
	s->end += c->n;
	ALLOC_GROW(s->v, s->n + 1, s->cap);
	s->v[s->n++] = *c;
	return 0;
}

/* Adds a text. Returns 1 if it was not chosen before. */
static int
sample_is_new(struct sample *s, const struct candidate *c)
{
	int added = 1;

	if (!s->rules->duplicates)
		set_add(&s->texts, c->text, &added);
	return added;
}

int
sample_add(struct sample *s, struct json_span record,
    const struct json_span v[TRACE_FIELDS])
{
	const struct sample_rules *r = s->rules;
	struct candidate c = { .unit = runs_unit_of(v[TRACE_INPUT_ID],
	    v[TRACE_INPUT], v[TRACE_PERSONA]), .ms = (double)NAN };
	int failed;
	enum runs_outcome o = sample_outcome(s, v, &failed);

	if (v[TRACE_DURATION].p && json_double(v[TRACE_DURATION], &c.ms) &&
	    r->slow && r->slow_ms <= 0) {
		ALLOC_GROW(s->ms, s->nms + 1, s->mscap);
		s->ms[s->nms++] = c.ms;
	}
	if (r->flaky)
		sample_note_unit(s, c.unit, o);
	if ((r->failed && !failed) || (r->slow && !(c.ms >= r->slow_ms)) ||
	    (!r->traces && !v[TRACE_INPUT].p))
		return 0;
	sample_describe(s, &c, v);
	s->line.len = 0;
	if (r->traces)
		json_add(&s->line, NULL, record);
	else
		sample_put_input(s, &s->line, v, o, failed);
	buf_byte(&s->line, '\n');
	if (s->later)
		return sample_keep(s, &c);
	return sample_is_new(s, &c) ? sample_write(s, s->line.p,
	    s->line.len) : 0;
}

/* --- choosing ------------------------------------------------------------ */

/* Compares candidates: the lowest luck first, then the order of reading. */
static int
by_luck(const void *x, const void *y)
{
	const struct candidate *a = *(const struct candidate *const *)x;
	const struct candidate *b = *(const struct candidate *const *)y;

	if (a->luck != b->luck)
		return a->luck < b->luck ? -1 : 1;
	return a < b ? -1 : a > b;
}

static int
is_flaky(struct sample *s, const struct candidate *c)
{
	int added;
	size_t *place = set_add(&s->units, c->unit, &added);

	return s->unit[*place].passed && s->unit[*place].failed;
}

/*
 * Lists the candidates that meet the conditions, each text once. Returns their
 * number.
 */
static size_t
sample_collect(struct sample *s, struct candidate **list)
{
	const struct sample_rules *r = s->rules;
	double least = r->slow_ms;
	size_t i, n = 0;

	if (s->nms) {
		stat_median(s->ms, s->nms);
		least = stat_percentile(s->ms, s->nms, SLOW);
	}
	for (i = 0; i < s->n; i++) {
		struct candidate *c = &s->v[i];

		if ((r->slow && !(c->ms >= least)) ||
		    (r->flaky && !is_flaky(s, c)) || !sample_is_new(s, c))
			continue;
		list[n++] = c;
	}
	return n;
}

/* Marks the chosen ones: at most `each` of a group, and `most` in all. */
static void
sample_choose(struct sample *s)
{
	struct candidate **list = xreallocarray(NULL, s->n + 1,
	    sizeof(struct candidate *));
	size_t n = sample_collect(s, list), i, taken = 0, *of;
	struct set groups = { 0 };
	int added;

	if (n)
		qsort(list, n, sizeof(struct candidate *), by_luck);
	for (i = 0; i < n; i++) {
		if (s->rules->most && taken == s->rules->most)
			break;
		of = set_add(&groups, list[i]->group, &added);
		if (s->rules->each && *of == s->rules->each)
			continue;
		++*of;
		taken++;
		list[i]->chosen = 1;
	}
	set_release(&groups);
	free(list);
}

int
sample_end(struct sample *s)
{
	size_t i;

	if (!s->later)
		return 0;
	sample_choose(s);
	for (i = 0; i < s->n; i++) {
		if (!s->v[i].chosen)
			continue;
		s->line.len = 0;
		if (spill_read(s->fd, buf_room(&s->line, s->v[i].n),
		    s->v[i].n, s->v[i].at) ||
		    sample_write(s, s->line.p, s->v[i].n))
			return -1;
	}
	return 0;
}
