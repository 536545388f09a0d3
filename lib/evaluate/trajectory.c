/*
 * Assertions about the way that an agent took: which tools it called, in which
 * order, with which arguments.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/util.h"
#include "json/json.h"
#include "json/tree.h"
#include "trace/trace.h"
#include "assertion.h"
#include "steps.h"
#include "text.h"

/* Appends the name of a tool: a string, or an object's name or pattern. */
static void
tool_name(struct json_span v, struct buf *b)
{
	struct json_span name = v;

	if (json_is(v, JSON_OBJECT)) {
		name = json_get(v, "name");
		if (json_is_null(name))
			name = json_get(v, "pattern");
	}
	if (!json_is_null(name))
		value_text(name, b);
}

/* A tool's call is a step of that type. */
static int
next_call(struct steps *c)
{
	while (steps_next(c))
		if (json_is_str(c->step->v[OBS_TYPE], "tool"))
			return 1;
	return 0;
}

int
prepare_trajectory(struct assertion *a, struct err *e)
{
	struct buf name = { 0 };
	int bad = 0;

	if (json_is(a->value, JSON_OBJECT) &&
	    json_is_null(json_get(a->value, "steps"))) {
		tool_name(a->value, &name);
		if (!name.len)
			bad = err_set(e, 0, 0, "it names no tool");
	}
	buf_release(&name);
	return bad;
}

/* --- used ---------------------------------------------------------------- */

static void
add_name(struct buf *list, struct buf *name)
{
	buf_printf(list, "%s'%s'", list->len ? ", " : "", buf_str(name));
}

static double
count_calls(struct steps *c, const char *pattern)
{
	double n = 0;

	c->next = 0;
	while (next_call(c))
		n += steps_match(pattern, buf_str(&c->name));
	return n;
}

/*
 * A tool's name, a list of names that all have to be called, or an object. If
 * it is negated, none of a list may be called.
 */
void
judge_tool_used(struct assertion *a, struct subject *s, struct verdict *v)
{
	struct buf name = { 0 }, missing = { 0 }, called = { 0 };
	struct json_span key, item;
	struct json_iter it;
	struct steps c;

	if (steps_begin(&c, a, s, v))
		return;
	c.pattern.len = 0;	/* it is the tool's */
	if (json_is(c.value, JSON_ARRAY)) {
		for (it = json_each(c.value); json_next(&it, &key, &item); ) {
			name.len = 0;
			tool_name(item, &name);
			add_name(count_calls(&c, buf_str(&name)) < 1 ?
			    &missing : &called, &name);
		}
		if (a->negated)
			verdict_set(v, called.len > 0, "called: %s",
			    buf_str(&called));
		else
			verdict_set(v, !missing.len, "not called: %s",
			    buf_str(&missing));
	} else {
		struct json_span value = c.value, min;
		double n, least = 1, most = HUGE_VAL;

		tool_name(value, &name);
		n = count_calls(&c, buf_str(&name));
		if (json_is(value, JSON_OBJECT)) {
			min = json_get(value, "min");
			value_number(min, &least);
			value_number(json_get(value, "max"), &most);
			if (json_is_null(min) && most < 1)
				least = 0;
		}
		verdict_set(v, n >= least && n <= most, "'%s' was called %g "
		    "time%s", buf_str(&name), n, n == 1 ? "" : "s");
	}
	buf_release(&name);
	buf_release(&missing);
	buf_release(&called);
	steps_end(&c);
}

/* --- in order ------------------------------------------------------------ */

/* The expected steps and the calls: exact, or with others between. */
struct sequence {
	struct json_iter wanted;
	struct buf name;	/* name of the next call */
	int more;		/* 1: there is a next one */
	size_t met;
};

static void
next_wanted(struct sequence *q)
{
	struct json_span key, item;

	q->name.len = 0;
	q->more = json_next(&q->wanted, &key, &item);
	if (q->more)
		tool_name(item, &q->name);
}

void
judge_tool_sequence(struct assertion *a, struct subject *s, struct verdict *v)
{
	struct json_span list;
	struct sequence q = { .met = 0 };
	struct buf calls = { 0 };
	struct steps c;
	int exact, off = 0;

	if (steps_begin(&c, a, s, v))
		return;
	list = json_is(c.value, JSON_OBJECT) ? json_get(c.value, "steps") :
	    c.value;
	exact = json_is(c.value, JSON_OBJECT) &&
	    json_is_str(json_get(c.value, "mode"), "exact");
	if (json_is(list, JSON_ARRAY)) {
		q.wanted = json_each(list);
		next_wanted(&q);
	}
	while (next_call(&c)) {
		add_name(&calls, &c.name);
		if (q.more && steps_match(buf_str(&q.name),
		    buf_str(&c.name))) {
			q.met++;
			next_wanted(&q);
		} else if (exact) {
			off = 1;
		}
	}
	verdict_set(v, !q.more && !off, "the calls were %s", calls.len ?
	    buf_str(&calls) : "none");
	buf_release(&q.name);
	buf_release(&calls);
	steps_end(&c);
}

/* --- arguments ----------------------------------------------------------- */

static void
canonical(struct json_span v, struct buf *b)
{
	struct tree t = { 0 };

	if (!tree_parse(&t, v))
		tree_canonical(&t, 0, b);
	tree_release(&t);
}

static int
same_value(struct json_span x, struct json_span y)
{
	struct buf one = { 0 }, other = { 0 };
	int same;

	canonical(x, &one);
	canonical(y, &other);
	same = one.len == other.len && !memcmp(buf_str(&one),
	    buf_str(&other), one.len);
	buf_release(&one);
	buf_release(&other);
	return same;
}

/*
 * The arguments of a call, as an object: the input, or what it has under kw,
 * kwargs, arguments or args; a string may spell one.
 */
static struct json_span
trajectory_arguments(const struct observation *o, struct buf *decoded)
{
	static const char *const inside[] = {
		"kwargs", "kw", "arguments", "args", "input"
	};
	struct json_span v = o->v[OBS_INPUT], deeper, key, value, none = { 0 };
	struct json_iter it;
	struct json_fault f;
	size_t i, n;

	if (json_is(v, JSON_STRING)) {
		decoded->len = 0;
		json_text(decoded, v);
		if (json_scan(buf_str(decoded), decoded->len, 0, NULL, NULL,
		    0, &f) < 0)
			return none;
		v = json_buf(decoded);
	}
	if (!json_is(v, JSON_OBJECT))
		return none;
	for (n = 0, it = json_each(v); json_next(&it, &key, &value); n++)
		;
	for (i = 0; i < LEN(inside); i++) {
		deeper = json_get(v, inside[i]);
		if (json_is(deeper, JSON_OBJECT) && (n == 1 || i < 2))
			return deeper;
	}
	return v;
}

/* Whether a pattern matches an argument's name, or is the name. */
static int
is_meant(const char *pattern, const char *name)
{
	return strpbrk(pattern, "*?") ? steps_match(pattern, name) :
	    !strcmp(pattern, name);
}

/* Whether a name is in a list of patterns, or is the pattern. */
static int
is_listed(struct json_span list, const char *name)
{
	struct json_iter it;
	struct json_span key, item;
	struct buf pattern = { 0 };
	int found = 0;

	if (json_is(list, JSON_STRING)) {
		json_text(&pattern, list);
		found = is_meant(buf_str(&pattern), name);
	} else if (json_is(list, JSON_ARRAY)) {
		for (it = json_each(list); !found &&
		    json_next(&it, &key, &item); ) {
			pattern.len = 0;
			value_text(item, &pattern);
			found = is_meant(buf_str(&pattern), name);
		}
	}
	buf_release(&pattern);
	return found;
}

/* Whether a value is as expected; objects may have more keys. */
static int
has_values(struct json_span given, struct json_span expected)
{
	struct json_iter it, other;
	struct json_span key, value, k, v;
	struct buf name = { 0 };
	int all = 1;

	if (json_is(expected, JSON_OBJECT) && json_is(given, JSON_OBJECT)) {
		it = json_each(expected);
		while (all && json_next(&it, &key, &value)) {
			name.len = 0;
			json_text(&name, key);
			v = json_get(given, buf_str(&name));
			all = v.p && has_values(v, value);
		}
		buf_release(&name);
		return all;
	}
	if (!json_is(expected, JSON_ARRAY) || !json_is(given, JSON_ARRAY))
		return same_value(given, expected);
	it = json_each(expected);
	for (other = json_each(given); all && json_next(&it, &key, &value); )
		all = json_next(&other, &k, &v) && has_values(v, value);
	return all && !json_next(&other, &k, &v);
}

struct comparison {
	struct json_span expected, defaults, ignore;
	int exact;
};

static int
is_expected(const struct comparison *k, const char *name,
    struct json_span given, struct json_span expected)
{
	if (is_listed(k->ignore, name))
		return 1;
	if (!given.p && json_is(k->defaults, JSON_OBJECT))
		given = json_get(k->defaults, name);
	return given.p && (k->exact ? same_value(given, expected) :
	    has_values(given, expected));
}

/* Appends the differences; nothing if the arguments are as expected. */
static void
trajectory_compare(const struct comparison *k, struct json_span args,
    struct buf *why)
{
	struct json_span key, value, given, none = { 0 };
	struct buf name = { 0 };
	struct json_iter it;

	for (it = json_each(k->expected); json_next(&it, &key, &value); ) {
		name.len = 0;
		json_text(&name, key);
		given = args.p ? json_get(args, buf_str(&name)) : none;
		if (is_expected(k, buf_str(&name), given, value))
			continue;
		buf_printf(why, "%s%s is ", why->len ? ", " : "",
		    buf_str(&name));
		if (given.p)
			json_compact(why, given);
		else
			buf_puts(why, "missing");
	}
	if (k->exact && args.p)
		for (it = json_each(args); json_next(&it, &key, &value); ) {
			name.len = 0;
			json_text(&name, key);
			given = json_is(k->defaults, JSON_OBJECT) ?
			    json_get(k->defaults, buf_str(&name)) : none;
			if (!json_get(k->expected, buf_str(&name)).p &&
			    !is_listed(k->ignore, buf_str(&name)) &&
			    !(given.p && same_value(given, value)))
				buf_printf(why, "%s%s is not expected",
				    why->len ? ", " : "", buf_str(&name));
		}
	buf_release(&name);
}

void
judge_tool_args(struct assertion *a, struct subject *s, struct verdict *v)
{
	struct buf name = { 0 }, decoded = { 0 }, why = { 0 };
	struct comparison k = { .exact = 0 };
	size_t calls = 0;
	int holds = 0;
	struct steps c;

	if (steps_begin(&c, a, s, v))
		return;
	c.pattern.len = 0;
	tool_name(c.value, &name);
	k.expected = json_get(c.value, "args");
	if (!k.expected.p)
		k.expected = json_get(c.value, "arguments");
	k.defaults = json_get(c.value, "defaults");
	k.ignore = json_get(c.value, "ignore");
	k.exact = json_is_str(json_get(c.value, "mode"), "exact");
	while (!holds && next_call(&c)) {
		if (!steps_match(buf_str(&name), buf_str(&c.name)))
			continue;
		calls++;
		why.len = 0;
		trajectory_compare(&k, trajectory_arguments(c.step, &decoded),
		    &why);
		holds = !why.len;
	}
	if (!calls)
		verdict_set(v, 0, "'%s' was not called", buf_str(&name));
	else
		verdict_set(v, holds, "'%s' was called with other arguments: "
		    "%s", buf_str(&name), buf_str(&why));
	buf_release(&name);
	buf_release(&decoded);
	buf_release(&why);
	steps_end(&c);
}

/* --- how many, and how --------------------------------------------------- */

void
judge_step_count(struct assertion *a, struct subject *s, struct verdict *v)
{
	struct steps c;
	double n = 0;

	if (steps_begin(&c, a, s, v))
		return;
	while (steps_next(&c))
		n++;
	steps_judge_count(&c, n, "step", v);
	steps_end(&c);
}

static int
by_text(const void *x, const void *y)
{
	return strcmp(*(char *const *)x, *(char *const *)y);
}

/* The largest number of calls of a tool with the same arguments. */
static size_t
most_alike(char **calls, size_t n, size_t *which)
{
	size_t i, run = 0, most = 0;

	if (n)
		qsort(calls, n, sizeof(*calls), by_text);
	for (i = 0; i < n; i++) {
		run = i && !strcmp(calls[i], calls[i - 1]) ? run + 1 : 1;
		if (run > most) {
			most = run;
			*which = i;
		}
	}
	return most;
}

/* max: calls of a tool with the same arguments; 2 by default */
void
judge_no_loop(struct assertion *a, struct subject *s, struct verdict *v)
{
	struct buf call = { 0 }, decoded = { 0 };
	struct json_span args;
	char **calls = NULL;
	size_t n = 0, cap = 0, most, which = 0, i;
	double max = 2;
	struct steps c;

	if (steps_begin(&c, a, s, v))
		return;
	if (json_is(c.value, JSON_OBJECT))
		value_number(json_get(c.value, "max"), &max);
	else
		value_number(c.value, &max);
	while (next_call(&c)) {
		call.len = 0;
		buf_add(&call, buf_str(&c.name), c.name.len);
		args = trajectory_arguments(c.step, &decoded);
		if (args.p)
			canonical(args, &call);
		ALLOC_GROW(calls, n + 1, cap);
		calls[n++] = xstrdup(buf_str(&call));
	}
	most = most_alike(calls, n, &which);
	verdict_set(v, (double)most <= max, "%zu times the call %s", most,
	    n ? calls[which] : "");
	for (i = 0; i < n; i++)
		free(calls[i]);
	free(calls);
	buf_release(&call);
	buf_release(&decoded);
	steps_end(&c);
}

void
judge_no_failed_step(struct assertion *a, struct subject *s, struct verdict *v)
{
	struct steps c;
	int failed = 0;

	if (steps_begin(&c, a, s, v))
		return;
	while (!failed && steps_next(&c))
		failed = trace_failed(c.step);
	verdict_set(v, !failed, "'%s' failed", buf_str(&c.name));
	steps_end(&c);
}
