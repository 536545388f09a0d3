#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/util.h"
#include "base/uuid.h"
#include "json/isotime.h"
#include "json/tree.h"
#include "record.h"

const char *const record_kind_fields[RECORD_HAS_FIELDS] = {
	[RECORD_HAS_TRACE_ID] = "trace_id",
	[RECORD_HAS_OBSERVATIONS] = "observations",
	[RECORD_HAS_TYPE] = "type",
	[RECORD_HAS_KWARGS] = "kwargs",
	[RECORD_HAS_TIMESTAMP] = "timestamp",
	[RECORD_HAS_INPUT_PATH] = "input_path",
	[RECORD_HAS_INPUT] = "input"
};

enum record_kind
record_kind(const struct json_span v[RECORD_HAS_FIELDS])
{
	if (v[RECORD_HAS_KWARGS].p && v[RECORD_HAS_INPUT_PATH].p)
		return RECORD_TEMPLATE;
	if (v[RECORD_HAS_KWARGS].p && v[RECORD_HAS_TIMESTAMP].p)
		return RECORD_RECORDING;
	if (v[RECORD_HAS_TRACE_ID].p &&
	    json_is(v[RECORD_HAS_OBSERVATIONS], JSON_ARRAY))
		return RECORD_TRACE;
	if (v[RECORD_HAS_TRACE_ID].p && v[RECORD_HAS_TYPE].p)
		return RECORD_OBSERVATION;
	if (v[RECORD_HAS_TRACE_ID].p)
		return RECORD_ROW;
	if (v[RECORD_HAS_INPUT].p)
		return RECORD_INPUT;
	return RECORD_UNKNOWN;
}

const char *
record_kind_name(enum record_kind k)
{
	static const char *const names[] = {
		[RECORD_RECORDING] = "a recording",
		[RECORD_TEMPLATE] = "a template",
		[RECORD_INPUT] = "an input",
		[RECORD_TRACE] = "a trace",
		[RECORD_ROW] = "a trace row",
		[RECORD_OBSERVATION] = "an observation",
		[RECORD_UNKNOWN] = "not a known record"
	};

	return names[k];
}

/* Appends the canonical form of a value, or null. */
void
record_canonical(struct buf *b, struct json_span v)
{
	struct tree t = { 0 };
	struct buf text = { 0 };

	if (!v.p) {
		buf_puts(b, "null");
	} else if (json_type(v) == JSON_STRING) {
		/* the usual input; no tree needed */
		json_text(&text, v);
		json_put_text(b, text.p, text.len);
		buf_release(&text);
	} else if (tree_parse(&t, v)) {
		buf_add(b, v.p, v.n);
	} else {
		tree_canonical(&t, 0, b);
	}
	tree_release(&t);
}

/* Writes the hash of b as an id. Returns the hash. */
static uint64_t
put_id(char id[RECORD_ID], const struct buf *b)
{
	uint64_t hash = hash_bytes(0, 0, b->p, b->len);

	hash_text(hash, id);
	return hash;
}

void
record_input_id(struct json_span input, struct json_span kwargs,
    char id[RECORD_ID])
{
	struct buf a = { 0 }, b = { 0 };

	record_canonical(&a, input);
	record_canonical(&b, kwargs);
	record_canonical_id(json_buf(&a), json_buf(&b), id);
	buf_release(&a);
	buf_release(&b);
}

void
record_canonical_id(struct json_span input, struct json_span kwargs,
    char id[RECORD_ID])
{
	struct buf b = { 0 };

	buf_add(&b, input.p, input.n);
	buf_byte(&b, '\n');
	buf_add(&b, kwargs.p, kwargs.n);
	put_id(id, &b);
	buf_release(&b);
}

uint64_t
record_run_id(const char *input_id, const char *persona, long long iteration,
    size_t occurrence, char id[RECORD_ID])
{
	struct buf b = { 0 };
	uint64_t number;

	buf_puts(&b, input_id);
	buf_byte(&b, '\0');
	buf_puts(&b, persona ? persona : "");
	buf_byte(&b, '\0');
	buf_int(&b, iteration);
	if (occurrence > 1) {
		buf_byte(&b, '\0');
		buf_uint(&b, occurrence);
	}
	number = put_id(id, &b);
	buf_release(&b);
	return number;
}

int
record_id_number(struct json_span id, uint64_t *number)
{
	static const char digits[] = "0123456789abcdef";
	const char *digit;
	size_t i;

	if (!json_is(id, JSON_STRING) || id.n != RECORD_ID + 1)
		return 0;
	*number = 0;
	for (i = 1; i < RECORD_ID; i++) {
		digit = memchr(digits, id.p[i], 16);
		if (!digit)
			return 0;
		*number = *number << 4 | (uint64_t)(digit - digits);
	}
	return 1;
}

void
record_trace_bits(uint64_t seed, const char *run_id, uint64_t *high,
    uint64_t *low)
{
	*high = hash_bytes(seed, 1, run_id, strlen(run_id));
	*low = hash_bytes(seed, 2, run_id, strlen(run_id));
}

/* Appends the fields that an observation lacks; v has its id, type, start. */
static void
put_missing(struct buf *b, const struct json_span *v, int64_t start)
{
	char id[UUID_TEXT];

	if (!v[0].p) {
		uuid_random(id);
		json_add_str(b, "id", id);
	}
	if (!json_is(v[1], JSON_STRING))
		json_add_str(b, "type", "span");
	if (!v[2].p && start)
		isotime_add(b, "start_time", start);
}

void
record_put_observation(struct buf *b, struct json_span o,
    struct json_span trace_id, int64_t start)
{
	static const char *const names[] = {
		"id", "type", "start_time", "trace_id"
	};
	static const char *const replaced[] = { "trace_id", "type" };
	struct json_span v[LEN(names)];
	struct json_fault f;
	int typed, ours;

	json_scan(o.p, o.n, JSON_LAX, names, v, LEN(names), &f);
	typed = !v[1].p || json_is(v[1], JSON_STRING);
	ours = v[3].p && v[3].n == trace_id.n &&
	    !memcmp(v[3].p, trace_id.p, trace_id.n);
	json_comma(b);
	if (typed && (ours || !v[3].p)) {
		json_compact(b, o);
		b->len--;
	} else {
		json_open(b, NULL, '{');
		json_add_others(b, o, replaced + ours, LEN(replaced) -
		    (size_t)ours - (size_t)typed);
	}
	put_missing(b, v, start);
	if (!ours)
		json_add(b, "trace_id", trace_id);
	json_close(b, '}');
}

int
record_callable(struct json_span string, struct json_span *name)
{
	static const char *const heads[] = { "\"<callable:", "\"<builtin:" };
	size_t i, n;

	for (i = 0; i < LEN(heads); i++) {
		n = strlen(heads[i]);
		if (string.n > n + 2 && !memcmp(string.p, heads[i], n) &&
		    string.p[string.n - 2] == '>') {
			name->p = string.p + n;
			name->n = string.n - n - 2;
			return 1;
		}
	}
	return 0;
}
