#define _DEFAULT_SOURCE		/* MAP_ANONYMOUS */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/util.h"
#include "base/warn.h"
#include "base/buf.h"
#include "base/utf8.h"
#include "json/json.h"
#include "json-tell.h"

#ifndef __has_feature
#define __has_feature(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

#define NAMES 9

/* Some are prefixes of others, one needs an escape, one is not ASCII. */
const char *const json_tell_names[NAMES + 1] = {
	"a", "b", "ab", "input", "input_id", "observations", "a\"\\\n",
	"\xc3\xa9", "a key that is longer than sixteen bytes", NULL
};

/* Whole pages, between two that cannot be read. */
static struct {
	char *p;
	size_t n;
} pages;

static void
pages_need(size_t n)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *p;

	n = (n / page + 1) * page;
	if (pages.n >= n)
		return;
	if (pages.p)
		munmap(pages.p - page, pages.n + 2 * page);
	p = mmap(NULL, n + 2 * page, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED || mprotect(p, page, PROT_NONE) ||
	    mprotect(p + page + n, page, PROT_NONE))
		die("no memory for a text");
	pages.p = p + page;
	pages.n = n;
}

/* Copies the text to the end of the pages: a read beyond it is a fault. */
static char *
at_end(const char *s, size_t n)
{
	pages_need(n);
	return memcpy(pages.p + pages.n - n, s, n);
}

/*
 * Copies the text to the start of the pages, followed by text that would
 * continue a number, close a string, close brackets: it must have no effect.
 */
static char *
at_start(const char *s, size_t n)
{
	static const char more[] = "0\"]}0\"}]\"]}]";
	size_t i;

	pages_need(n + sizeof(more));
	memcpy(pages.p, s, n);
	for (i = 0; i < sizeof(more); i++)
		pages.p[n + i] = more[(i + n) % (sizeof(more) - 1)];
	return pages.p;
}

/* Appends a verdict. */
static int
scan(struct buf *b, const char *s, size_t n, unsigned take,
    struct json_span *values)
{
	struct json_fault f = { .msg = "no message" };
	int met;

	met = json_scan(s, n, take, json_tell_names, values,
	    values ? NAMES : 0, &f);
	if (met >= 0)
		buf_printf(b, "y %d", met);
	else
		buf_printf(b, "n %zu %s%s", f.at, f.msg,
		    f.at > n ? " !behind-the-end" : "");
	return met;
}

/*
 * Appends both verdicts, with a tab between. They must be the same wherever the
 * text lies in memory, with and without names.
 */
static int
verdicts(struct buf *b, const char *s, size_t n)
{
	struct json_span values[NAMES];
	int met;

	scan(b, s, n, 0, values);
	buf_byte(b, '\t');
	met = scan(b, s, n, JSON_LAX, NULL);
	return met;
}

static int
same(const struct buf *a, const struct buf *b)
{
	return a->len == b->len && (!a->len || !memcmp(a->p, b->p, a->len));
}

static int
inside(struct json_span whole, struct json_span part)
{
	return part.n && part.p >= whole.p &&
	    part.p + part.n <= whole.p + whole.n;
}

/* The brackets that are open in a walk. */
struct open {
	struct json_iter it;
	struct json_span v;
	int object;
};

struct walk {
	struct open *open;
	size_t n;
	size_t cap;
	struct buf *b;
	struct buf *wrong;
};

static void
walk_into(struct walk *w, struct json_span v)
{
	struct open *o;

	if (w->n == w->cap) {
		w->cap = grow(w->cap, 16);
		w->open = xreallocarray(w->open, w->cap, sizeof(*w->open));
	}
	o = &w->open[w->n++];
	o->it = json_each(v);
	o->v = v;
	o->object = json_type(v) == JSON_OBJECT;
	json_comma(w->b);
	buf_byte(w->b, *v.p);
}

static void
put_text(struct walk *w, struct json_span string)
{
	struct buf text = { 0 };

	json_text(&text, string);
	json_put_text(w->b, buf_str(&text), text.len);
	if (!json_equal(string, text.p, text.len) ||
	    json_equal(string, text.p, text.len + 1))
		buf_puts(w->wrong, "!equal");
	buf_release(&text);
}

/* Writes a string again, and copies any other scalar. */
static void
put_scalar(struct walk *w, struct json_span v)
{
	double d = -0.5;
	int number = json_type(v) == JSON_NUMBER;

	json_comma(w->b);
	if (json_type(v) == JSON_STRING)
		put_text(w, v);
	else
		buf_add(w->b, v.p, v.n);
	if (json_double(v, &d) != number || (!number && d != -0.5))
		buf_puts(w->wrong, "!double");
}

static int
is_open(struct json_span v)
{
	return json_type(v) == JSON_ARRAY || json_type(v) == JSON_OBJECT;
}

static void
put_key(struct walk *w, const struct open *o, struct json_span key)
{
	if (!o->object)
		return;
	if (!inside(o->v, key) || json_type(key) != JSON_STRING) {
		buf_puts(w->wrong, "!key");
		return;
	}
	json_comma(w->b);
	put_text(w, key);
	buf_byte(w->b, ':');
}

/* Walks all levels by json_next, which finds each value's length. */
static void
walk_next(struct walk *w, struct json_span v)
{
	struct json_span key = { 0 }, value;
	struct open *o;

	if (!is_open(v)) {
		put_scalar(w, v);
		return;
	}
	for (walk_into(w, v); w->n; ) {
		o = &w->open[w->n - 1];
		if (!json_next(&o->it, &key, &value)) {
			if (json_next(&o->it, &key, &value) ||
			    o->it.p != o->v.p + o->v.n - 1)
				buf_puts(w->wrong, "!next");
			buf_byte(w->b, *o->it.p);
			w->n--;
			continue;
		}
		put_key(w, o, key);
		if (!inside(o->v, value))
			buf_puts(w->wrong, "!value");
		else if (is_open(value))
			walk_into(w, value);
		else
			put_scalar(w, value);
	}
}

/* Walks all levels by json_enter, which reads nothing twice. */
static void
walk_enter(struct walk *w, struct json_span v)
{
	struct json_span key = { 0 };
	struct json_iter it;
	struct open *o;

	if (!is_open(v)) {
		put_scalar(w, v);
		return;
	}
	for (walk_into(w, v); w->n; ) {
		o = &w->open[w->n - 1];
		v.p = o->it.p;
		if (!json_enter(&o->it, &key)) {
			it = o->it;
			buf_byte(w->b, it.p[-1]);
			if (--w->n)
				w->open[w->n - 1].it = it;
			continue;
		}
		put_key(w, o, key);
		v.p = o->it.p;
		v.n = (size_t)(json_end(v.p) - v.p);
		if (is_open(v)) {
			walk_into(w, v);
			continue;
		}
		put_scalar(w, v);
		o->it.p = v.p + v.n;
	}
}

static void
walks(struct buf *b, struct json_span v, struct buf *wrong)
{
	struct walk w = { 0 };
	struct buf again = { 0 };

	w.b = b;
	w.wrong = wrong;
	walk_next(&w, v);
	w.b = &again;
	walk_enter(&w, v);
	if (!same(b, &again))
		buf_puts(wrong, "!enter");
	buf_release(&again);
	free(w.open);
}

/* Appends the requested fields, which json_get has to find, too. */
static void
tell_fields(struct buf *b, struct json_span v, const struct json_span *values,
    struct buf *wrong)
{
	struct json_span got;
	struct buf text = { 0 };
	size_t i;

	for (i = 0; i < NAMES; i++) {
		got = json_get(v, json_tell_names[i]);
		if (got.p != values[i].p || got.n != values[i].n)
			buf_puts(wrong, "!get");
		if (!values[i].p)
			continue;
		if (!inside(v, values[i])) {
			buf_puts(wrong, "!field");
			continue;
		}
		text.len = 0;
		walks(&text, values[i], wrong);
		buf_puts(b, json_tell_names[i]);
		buf_byte(b, '=');
		buf_add(b, text.p, text.len);
		buf_byte(b, '\n');
	}
	buf_release(&text);
}

/* Checks that json_add_others makes an object without the requested fields. */
static void
check_others(struct json_span v, struct buf *wrong)
{
	struct json_span values[NAMES];
	struct json_fault f;
	struct buf b = { 0 };
	size_t i;

	json_open(&b, NULL, '{');
	json_add_others(&b, v, json_tell_names, NAMES);
	json_close(&b, '}');
	if (json_scan(b.p, b.len, 0, json_tell_names, values, NAMES,
	    &f) < 0)
		buf_puts(wrong, "!others");
	for (i = 0; i < NAMES; i++)
		if (values[i].p)
			buf_puts(wrong, "!others");
	buf_release(&b);
}

static struct json_span
span_of(struct buf *b)
{
	struct json_span v;

	v.p = buf_str(b);
	v.n = b->len;
	return v;
}

/*
 * Checks that the layout has the values of the text, and does not change when
 * it is laid out again.
 */
static void
check_pretty(struct buf *pretty, struct json_span v, int met,
    struct buf *wrong)
{
	struct json_fault f;
	struct buf b = { 0 };
	size_t i, j;

	if (json_scan(pretty->p, pretty->len, (unsigned)met, NULL, NULL, 0,
	    &f) != met)
		buf_puts(wrong, "!pretty");
	json_pretty(&b, span_of(pretty), 0);
	if (!same(&b, pretty))
		buf_puts(wrong, "!pretty-again");
	b.len = 0;
	json_pretty(&b, v, 3);
	for (i = j = 0; i < pretty->len && j < b.len; i++, j++) {
		if (pretty->p[i] != b.p[j])
			break;
		if (pretty->p[i] == '\n' && b.len - j > 3 &&
		    !memcmp(b.p + j + 1, "   ", 3))
			j += 3;
	}
	if (i < pretty->len || j < b.len)
		buf_puts(wrong, "!indent");
	buf_release(&b);
}

/*
 * Checks that the compact form is strict, does not change when it is made
 * compact again, and has the layout of the text.
 */
static void
check_compact(struct buf *compact, struct buf *pretty, int met,
    struct buf *wrong)
{
	struct json_fault f;
	struct buf b = { 0 };

	if (json_scan(compact->p, compact->len, 0, NULL, NULL, 0, &f))
		buf_puts(wrong, "!compact");
	json_compact(&b, span_of(compact));
	if (!same(&b, compact))
		buf_puts(wrong, "!compact-again");
	b.len = 0;
	json_pretty(&b, span_of(compact), 0);
	if (!met && !same(&b, pretty))
		buf_puts(wrong, "!compact-pretty");
	b.len = 0;
	json_compact(&b, span_of(pretty));
	/* the layout has no unneeded escapes */
	if (!memchr(compact->p, '\\', compact->len) && !same(&b, compact))
		buf_puts(wrong, "!pretty-compact");
	buf_release(&b);
}

/* Appends text; characters that would end a field are written as %HH. */
static void
put_field(struct buf *b, const struct buf *text)
{
	size_t i;

	buf_byte(b, '\t');
	for (i = 0; i < text->len; i++)
		if ((unsigned char)text->p[i] < 0x20 || text->p[i] == '%')
			buf_printf(b, "%%%02X", (unsigned)text->p[i]);
		else
			buf_byte(b, text->p[i]);
}

/*
 * Checks that a field printed during the scan is the same as one printed after
 * it, also if the text continues after its value.
 */
static void
check_print(const char *s, size_t n, const struct json_span *values, int met,
    struct buf *wrong)
{
	struct json_print print[2] = { { .field = 1 }, { .field = 0 } };
	struct json_span v[NAMES];
	struct buf out = { 0 }, want = { 0 }, longer = { 0 };
	const struct json_wanted w = {
		.take = JSON_LAX, .names = json_tell_names, .values = v,
		.count = NAMES, .print = print, .nprint = 2, .out = &out
	};
	struct json_fault f;
	const char *end = NULL;
	size_t i;

	buf_puts(&out, "before");
	if (json_scan_record(s, n, &w, NULL, &f) != met)
		buf_puts(wrong, "!print");
	for (i = 0; i < 2; i++) {
		want.len = 0;
		if (values[print[i].field].p)
			json_pretty(&want, values[print[i].field], 0);
		if (want.len != print[i].n || (want.len && memcmp(want.p,
		    out.p + print[i].at, want.len) != 0))
			buf_puts(wrong, "!print");
	}
	buf_add(&longer, s, n);
	buf_puts(&longer, " ]\xff");
	if (json_scan_record(longer.p, longer.len, &w, &end, &f) != met ||
	    end < longer.p || end > longer.p + n)
		buf_puts(wrong, "!end");
	buf_release(&out);
	buf_release(&want);
	buf_release(&longer);
}

static void
tell_value(struct buf *b, struct json_span v, const struct json_span *values,
    int met)
{
	struct buf text = { 0 }, pretty = { 0 }, compact = { 0 };
	struct buf wrong = { 0 };

	tell_fields(&text, v, values, &wrong);
	put_field(b, &text);
	json_pretty(&pretty, v, 0);
	put_field(b, &pretty);
	json_compact(&compact, v);
	put_field(b, &compact);
	text.len = 0;
	walks(&text, v, &wrong);
	put_field(b, &text);
	check_others(v, &wrong);
	check_print(v.p, v.n, values, met, &wrong);
	check_pretty(&pretty, v, met, &wrong);
	check_compact(&compact, &pretty, met, &wrong);
	put_field(b, &wrong);
	buf_release(&text);
	buf_release(&pretty);
	buf_release(&compact);
	buf_release(&wrong);
}

/* The value without the white space around it. */
static struct json_span
trimmed(const char *s, size_t n)
{
	struct json_span v;

	while (n && strchr(" \t\n\r", s[n - 1]) && s[n - 1])
		n--;
	while (n && strchr(" \t\n\r", *s) && *s) {
		s++;
		n--;
	}
	v.p = s;
	v.n = n;
	return v;
}

void
json_tell(struct buf *b, const char *s, size_t n)
{
	struct json_span values[NAMES];
	struct buf first = { 0 }, other = { 0 };
	struct json_fault f;
	char *own = xmalloc(n ? n : 1);
	int met;

	memcpy(own, s, n);
	met = verdicts(&first, own, n);
	verdicts(&other, at_start(s, n), n);
	if (!same(&first, &other))
		buf_puts(&first, " !behind");
	other.len = 0;
	verdicts(&other, s = at_end(s, n), n);
	if (!same(&first, &other))
		buf_puts(&first, " !place");
	buf_add(b, first.p, first.len);
	if (met >= 0) {
		/* the address sanitizer does not know the pages */
		if (SANITIZED)
			s = own;
		json_scan(s, n, JSON_LAX, json_tell_names, values, NAMES, &f);
		tell_value(b, trimmed(s, n), values, met);
	}
	buf_release(&first);
	buf_release(&other);
	free(own);
}
