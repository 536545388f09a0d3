#include <math.h>
#include <string.h>

#include "json/path.h"
#include "trace/step.h"
#include "assertion.h"
#include "subject.h"
#include "text.h"
#include "steps.h"

static void
steps_text_of(struct json_span object, const char *key, struct buf *b)
{
	struct json_span v = json_get(object, key);

	if (!json_is_null(v))
		value_text(v, b);
}

int
steps_begin(struct steps *c, struct assertion *a, struct subject *s,
    struct verdict *v)
{
	memset(c, 0, sizeof(*c));
	if (a->value.p && assertion_value(a, s, &c->value, v))
		return -1;
	c->trace = subject_steps(s);
	if (!c->trace) {
		verdict_none(v, "the trace has no observations");
		return -1;
	}
	if (json_is(c->value, JSON_OBJECT)) {
		steps_text_of(c->value, "type", &c->type);
		steps_text_of(c->value, "pattern", &c->pattern);
		steps_text_of(c->value, "within", &c->within);
	}
	return 0;
}

void
steps_end(struct steps *c)
{
	buf_release(&c->type);
	buf_release(&c->pattern);
	buf_release(&c->within);
	buf_release(&c->name);
}

static char
steps_fold(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

int
steps_match(const char *pattern, const char *name)
{
	const char *star = NULL, *from = NULL;

	/* at a mismatch, the last star takes one more byte */
	for (; *name || *pattern; ) {
		if (*pattern == '*') {
			star = ++pattern;
			from = name;
		} else if (*name && *pattern && (*pattern == '?' ||
		    steps_fold(*pattern) == steps_fold(*name))) {
			pattern++;
			/* a ? stands for a whole character */
			name++;
			while (pattern[-1] == '?' && (*name & 0xc0) == 0x80)
				name++;
		} else if (star && *from) {
			pattern = star;
			name = ++from;
		} else {
			return 0;
		}
	}
	return 1;
}

void
steps_name(const struct observation *o, struct buf *b)
{
	static const char prefix[] = "execute_tool ";
	struct json_span meta = o->v[OBS_METADATA], name = { 0 };
	size_t at = b->len;

	if (meta.p)
		name = path_get(meta, "attributes.gen_ai.tool.name");
	if (meta.p && !name.p)
		name = path_get(meta, "gen_ai.tool.name");
	if (!json_is(name, JSON_STRING))
		name = o->v[OBS_NAME];
	if (json_is(name, JSON_STRING))
		json_text(b, name);
	if (b->len - at > sizeof(prefix) - 1 &&
	    !memcmp(b->p + at, prefix, sizeof(prefix) - 1))
		buf_splice(b, at, sizeof(prefix) - 1, NULL, 0);
}

/* Whether a step is below one of that name. */
static int
is_within(const struct trace *t, size_t step, const char *pattern)
{
	struct buf name = { 0 };
	int found = 0;

	for (step = t->obs[step].parent; step != TRACE_NONE && !found;
	    step = t->obs[step].parent) {
		name.len = 0;
		steps_name(&t->obs[step], &name);
		found = steps_match(pattern, buf_str(&name));
	}
	buf_release(&name);
	return found;
}

int
steps_next(struct steps *c)
{
	const struct trace *t = c->trace;
	size_t i;

	while (c->next < t->nobs) {
		i = c->next++;
		c->step = &t->obs[i];
		c->name.len = 0;
		steps_name(c->step, &c->name);
		if ((!c->type.len || json_is_str(c->step->v[OBS_TYPE],
		    buf_str(&c->type))) &&
		    (!c->pattern.len || steps_match(buf_str(&c->pattern),
		    buf_str(&c->name))) &&
		    (!c->within.len || is_within(t, i, buf_str(&c->within))))
			return 1;
	}
	return 0;
}

void
steps_judge_count(const struct steps *c, double n, const char *what,
    struct verdict *v)
{
	double min = 0, max = HUGE_VAL;

	value_number(json_get(c->value, "min"), &min);
	value_number(json_get(c->value, "max"), &max);
	if (n >= min && n <= max)
		verdict_set(v, 1, "%g %s%s", n, what, n == 1 ? "" : "s");
	else
		verdict_set(v, 0, "%g %s%s: expected %s %g", n, what,
		    n == 1 ? "" : "s", n < min ? "at least" : "at most",
		    n < min ? min : max);
}
