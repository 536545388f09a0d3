/*
 * Assertions about JSON in the output.
 */
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "json/json.h"
#include "json/tree.h"
#include "assertion.h"
#include "jsonschema.h"
#include "subject.h"
#include "text.h"
#include "verdict.h"

#define DEEPEST 1000		/* places in a text at which a value is tried */

/* A schema cannot have templates, since it is read once. */
int
prepare_schema(struct assertion *a, struct err *e)
{
	if (json_is_null(a->value))
		return 0;
	a->state = jsonschema_new(a->value, e);
	return a->state ? 0 : -1;
}

void
release_schema(void *state)
{
	jsonschema_free(state);
}

static void
judge_value(struct assertion *a, struct json_span value, struct verdict *v)
{
	struct buf why = { 0 };
	int valid = a->state ? jsonschema_validate(a->state, value, &why) : 1;

	if (valid < 0)
		verdict_none(v, "%s", buf_str(&why));
	else
		verdict_set(v, valid, "%s", buf_str(&why));
	buf_release(&why);
}

/* An output that is not text is JSON already. */
void
judge_is_json(struct assertion *a, struct subject *s, struct verdict *v)
{
	struct json_span value = subject_get(s, a->target), text;
	struct json_fault f;

	if (json_is_null(value)) {
		verdict_set(v, 0, "the trace has no %s", a->target);
		return;
	}
	if (json_is(value, JSON_STRING)) {
		subject_text(s, a->target, &text);
		if (json_scan(text.p, text.n, 0, NULL, NULL, 0, &f) < 0) {
			verdict_set(v, 0, "not JSON: %s (byte %zu)", f.msg,
			    f.at + 1);
			return;
		}
		value = text_trim(text.p, text.n);
	}
	judge_value(a, value, v);
}

/* Each object or array in the text, by its first byte. */
void
judge_contains_json(struct assertion *a, struct subject *s, struct verdict *v)
{
	struct json_wanted w = { .take = 0 };
	struct json_span text, value;
	struct json_fault f;
	const char *p, *end, *after;
	unsigned tries = 0;

	if (subject_text(s, a->target, &text)) {
		verdict_set(v, 0, "the trace has no %s", a->target);
		return;
	}
	verdict_set(v, 0, "it contains no JSON object or array");
	for (p = text.p, end = p + text.n; p < end && tries < DEEPEST; p++) {
		if (*p != '{' && *p != '[')
			continue;
		tries++;
		if (json_scan_record(p, (size_t)(end - p), &w, &after,
		    &f) < 0)
			continue;
		value.p = p;
		value.n = (size_t)(after - p);
		judge_value(a, value, v);
		if (v->kind != VERDICT_FAIL)
			return;
		p = after - 1;
	}
}
