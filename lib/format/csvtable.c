#include <stddef.h>
#include <string.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/set.h"
#include "base/util.h"
#include "base/visible.h"
#include "json/json.h"
#include "trace/trace.h"
#include "csvtable.h"

/*
 * Whether a spreadsheet reads a text as a formula: it begins with one of these,
 * which may be full-width (U+FF0B, U+FF0D, U+FF1D, U+FF20), or with white space
 * that a spreadsheet drops.
 */
static int
is_formula(const char *s, size_t n)
{
	if (n >= 3 && !memcmp(s, "\xef\xbc", 2))
		return memchr("\x8b\x8d\x9d\xa0", s[2], 4) != NULL;
	return n && memchr("=+-@\t\r\n", *s, 7);
}

/* Replaces what acts on the text around it in each line; lines end in CRLF too. */
static void
put_visible(struct buf *b, const char *s, size_t n)
{
	const char *end = s + n, *p, *next;
	size_t at;

	for (; s < end; s = next) {
		/* only a CR that a newline follows ends a line */
		for (p = s; (p = memchr(p, '\r', (size_t)(end - p))) &&
		    (p + 1 == end || p[1] != '\n'); p++)
			;
		next = p ? p + 2 : end;
		at = b->len;
		buf_add(b, s, (size_t)((p ? p : end) - s));
		visible_replace(b, at, VISIBLE_LINES);
		if (p)
			buf_puts(b, "\r\n");
	}
}

/* Appends text between quotation marks, those in it doubled. */
static void
put_quoted(struct buf *b, const char *s, size_t n)
{
	const char *mark;
	size_t len;

	buf_byte(b, '"');
	while ((mark = n ? memchr(s, '"', n) : NULL)) {
		len = (size_t)(mark + 1 - s);
		buf_add(b, s, len);
		buf_byte(b, '"');
		s += len;
		n -= len;
	}
	buf_add(b, s, n);
	buf_byte(b, '"');
}

/* Appends the cell of a text. */
static void
csvtable_put_text(struct buf *b, const struct buf *text)
{
	struct buf shown = { 0 };

	/* a spreadsheet reads it as the mark of a text */
	if (is_formula(text->p, text->len))
		buf_byte(&shown, '\'');
	put_visible(&shown, text->p, text->len);
	put_quoted(b, shown.p, shown.len);
	buf_release(&shown);
}

/*
 * Appends an array or object as JSON that people can read: without escapes of
 * letters, but with those of what is invisible.
 */
static void
csvtable_put_json(struct buf *b, struct json_span v)
{
	struct buf strict = { 0 }, string = { 0 }, text = { 0 };
	struct json_span quoted;
	const char *p, *end;

	json_compact(&strict, v);
	end = strict.p + strict.len;
	for (p = strict.p; (quoted.p = memchr(p, '"', (size_t)(end - p)));
	    p = quoted.p + quoted.n) {
		quoted.n = (size_t)(json_end(quoted.p) - quoted.p);
		buf_add(&text, p, (size_t)(quoted.p - p));
		string.len = 0;
		json_text(&string, quoted);
		json_put_text(&text, string.p, string.len);
	}
	buf_add(&text, p, (size_t)(end - p));
	visible_replace(&text, 0, VISIBLE_JSON);
	csvtable_put_text(b, &text);
	buf_release(&strict);
	buf_release(&string);
	buf_release(&text);
}

/* Appends the cell of a value: nothing for null, and for what is not JSON. */
static void
csvtable_put_value(struct buf *b, struct json_span v)
{
	struct buf text = { 0 }, strict = { 0 };

	if (!v.p)
		return;
	switch (json_type(v)) {
	case JSON_NULL:
		break;
	case JSON_NUMBER:
		/* NaN becomes null */
		json_compact(&strict, v);
		if (*strict.p != 'n')
			buf_add(b, strict.p, strict.len);
		break;
	case JSON_BOOL:
		buf_add(b, v.p, v.n);
		break;
	case JSON_STRING:
		/* a lone surrogate becomes U+FFFD */
		json_compact(&strict, v);
		json_text(&text, json_buf(&strict));
		csvtable_put_text(b, &text);
		break;
	default:
		csvtable_put_json(b, v);
	}
	buf_release(&strict);
	buf_release(&text);
}

/* Appends the cell of a text that may have lone surrogates. */
static void
csvtable_put_plain(struct buf *b, const struct buf *text)
{
	struct buf json = { 0 };

	json_put_text(&json, text->p, text->len);
	csvtable_put_value(b, json_buf(&json));
	buf_release(&json);
}

/* --- columns -------------------------------------------------------------- */

static void
csvtable_put_field(struct buf *b, struct trace *t, size_t field)
{
	csvtable_put_value(b, t->v[field]);
}

/* Appends a field, unless it is empty. */
static void
csvtable_put_set(struct buf *b, struct trace *t, size_t field)
{
	if (!trace_falsy(t->v[field]))
		csvtable_put_value(b, t->v[field]);
}

/* Appends the number of steps, or that in the row. */
static void
csvtable_put_count(struct buf *b, struct trace *t, size_t field)
{
	if (!t->nobs && json_is(t->v[field], JSON_NUMBER))
		csvtable_put_value(b, t->v[field]);
	else
		buf_uint(b, t->nobs);
}

/* Appends the input's strategy: from the row, if the metadata are elsewhere. */
static void
csvtable_put_strategy(struct buf *b, struct trace *t, size_t field)
{
	struct json_span v = json_get(t->v[field], "strategy");

	if (!v.p && t->row.p && !t->pertrace)
		v = json_get(t->row, "strategy");
	csvtable_put_value(b, v);
}

static void
csvtable_put_pass(struct buf *b, struct trace *t, size_t field)
{
	csvtable_put_value(b, json_get(t->v[field], "pass"));
}

static void
csvtable_put_score(struct buf *b, struct trace *t, size_t field)
{
	csvtable_put_value(b, json_get(t->v[field], "score"));
}

/* Appends the verdict in words; nothing if the trace was not evaluated. */
static void
csvtable_put_verdict(struct buf *b, struct trace *t, size_t field)
{
	struct json_span pass;

	if (!json_is(t->v[field], JSON_OBJECT))
		return;
	pass = json_get(t->v[field], "pass");
	buf_puts(b, json_is_null(pass) ? "\"not judged\"" :
	    json_is_true(pass) ? "\"pass\"" : "\"fail\"");
}

/* Appends the number of tokens: the total, or the sum of its parts. */
static void
csvtable_put_tokens(struct buf *b, struct trace *t, size_t field)
{
	struct json_span v = json_get(t->v[field], "total_tokens");
	double prompt, completion;

	if (json_is(v, JSON_NUMBER))
		csvtable_put_value(b, v);
	else if (json_double(json_get(t->v[field], "prompt_tokens"), &prompt) &&
	    json_double(json_get(t->v[field], "completion_tokens"),
	    &completion))
		json_add_double(b, NULL, prompt + completion);
}

/* Appends the models of the steps, each once, in the order of the steps. */
static void
csvtable_put_models(struct buf *b, struct trace *t, size_t field)
{
	struct buf all = { 0 }, name = { 0 };
	struct set seen = { 0 };
	const struct observation *o;
	size_t i;
	int added;

	(void)field;
	for (i = 0; i < t->nobs; i++) {
		o = trace_load(t, i);
		if (trace_falsy(o->v[OBS_MODEL]))
			continue;
		name.len = 0;
		trace_plain(&name, o->v[OBS_MODEL]);
		set_add(&seen, hash_bytes(0, 0, name.p, name.len), &added);
		if (!added)
			continue;
		buf_puts(&all, all.len ? ", " : "");
		buf_add(&all, name.p, name.len);
	}
	if (all.len)
		csvtable_put_plain(b, &all);
	set_release(&seen);
	buf_release(&name);
	buf_release(&all);
}

#define CSVTABLE_COLUMN(name, put, field) { put, field },

static const struct {
	void (*put)(struct buf *b, struct trace *t, size_t field);
	size_t field;
} columns[] = { CSVTABLE_COLUMNS(CSVTABLE_COLUMN) };

void
csvtable_put(struct buf *b, struct trace *t)
{
	struct buf id = { 0 };
	size_t i;

	trace_id_text(t, &id);
	csvtable_put_plain(b, &id);
	buf_release(&id);
	for (i = 0; i < LEN(columns); i++) {
		buf_byte(b, ',');
		columns[i].put(b, t, columns[i].field);
	}
	buf_byte(b, '\n');
}
