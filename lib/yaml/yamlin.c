#include <errno.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libfyaml.h>

#include "base/util.h"
#include "base/err.h"
#include "base/buf.h"
#include "base/hash.h"
#include "base/utf8.h"
#include "json/json.h"
#include "base/set.h"
#include "yamlin.h"

/*
 * Limits of the bytes that aliases add to one unit and that anchors keep:
 * enough for an inputs file that repeats large arguments, yet soon exceeded by
 * a file made to exhaust memory.
 */
#define ALIAS_LIMIT ((size_t)64 << 20)
#define ANCHOR_LIMIT ((size_t)256 << 20)

/* The JSON text of an anchored value. */
struct anchor {
	char *json;
	size_t len;
};

/* An array or object whose end has not been read. */
struct frame {
	int object;		/* 1: an object, 0: an array */
	int value;		/* 1: the next node of an object is a value */
	size_t mark;		/* index of its mark */
	size_t begin;		/* offset of its JSON text */
	char *anchor;		/* name of its anchor, or NULL */
};

struct yamlin_reader {
	int fd;
	enum yamlin_unit unit;
	struct fy_parser *parser;
	struct fy_diag *diag;
	struct frame *stack;	/* open arrays and objects, outermost first */
	size_t depth;		/* frames on the stack */
	size_t stack_cap;
	size_t outer;		/* frames around the entries: 0 to 2 */
	int next_is_list;	/* 1: the key "inputs" was read */
	int entries;		/* 1: the document is read by entries */
	struct anchor *anchors;
	size_t nanchors;
	size_t anchors_cap;
	struct set names;	/* of anchors: number of the last, from 1 */
	size_t anchored;	/* bytes kept by anchors */
	size_t aliased;		/* bytes that aliases added to this unit */
	struct yamlin_mark *marks;	/* of this unit's keys and values */
	size_t nmarks;
	size_t marks_cap;
	size_t unit_line;	/* line that the unit begins on */
	char tail[4];		/* beginning of a character cut by a read */
	size_t tail_len;
	size_t line;		/* line of the byte last read, from 1 */
	struct err input;	/* error in the bytes or of read(2) */
};

/* --- types of plain scalars --------------------------------------------- */

enum scalar {
	SCALAR_STRING, SCALAR_NULL, SCALAR_TRUE, SCALAR_FALSE, SCALAR_INT,
	SCALAR_FLOAT, SCALAR_HEX,
	SCALAR_NOT_JSON		/* infinity or not a number */
};

static const struct {
	const char *text;
	enum scalar type;
} scalar_words[] = {
	{ "", SCALAR_NULL }, { "~", SCALAR_NULL }, { "null", SCALAR_NULL },
	{ "Null", SCALAR_NULL }, { "NULL", SCALAR_NULL },
	{ "true", SCALAR_TRUE }, { "True", SCALAR_TRUE },
	{ "TRUE", SCALAR_TRUE }, { "false", SCALAR_FALSE },
	{ "False", SCALAR_FALSE }, { "FALSE", SCALAR_FALSE },
	{ ".inf", SCALAR_NOT_JSON }, { ".Inf", SCALAR_NOT_JSON },
	{ ".INF", SCALAR_NOT_JSON }, { "+.inf", SCALAR_NOT_JSON },
	{ "+.Inf", SCALAR_NOT_JSON }, { "+.INF", SCALAR_NOT_JSON },
	{ "-.inf", SCALAR_NOT_JSON }, { "-.Inf", SCALAR_NOT_JSON },
	{ "-.INF", SCALAR_NOT_JSON }, { ".nan", SCALAR_NOT_JSON },
	{ ".NaN", SCALAR_NOT_JSON }, { ".NAN", SCALAR_NOT_JSON },
};

/* The number of bytes at the beginning of s that are in set. */
static size_t
count_in(const char *s, size_t n, const char *set)
{
	size_t i;

	for (i = 0; i < n && s[i] && strchr(set, s[i]); i++)
		;
	return i;
}

#define DIGITS "0123456789"

/*
 * The type of a text that may be a number. It is a number only if YAML 1.2's
 * core schema and PyYAML read the same one; any other text is a string.
 */
static enum scalar
number_type(const char *s, size_t n)
{
	size_t i = 0, whole, part = 0;

	if (n > 2 && s[0] == '0' && s[1] == 'x')
		return count_in(s + 2, n - 2, DIGITS "abcdefABCDEF") == n - 2 ?
		    SCALAR_HEX : SCALAR_STRING;
	if (n && (s[0] == '-' || s[0] == '+'))
		i++;
	whole = count_in(s + i, n - i, DIGITS);
	if (i && !whole)
		return SCALAR_STRING;
	if (whole > 1 && s[i] == '0' && i + whole == n)
		return SCALAR_STRING;
	i += whole;
	if (i == n)
		return whole ? SCALAR_INT : SCALAR_STRING;
	if (s[i] != '.')
		return SCALAR_STRING;
	i++;
	part = count_in(s + i, n - i, DIGITS);
	i += part;
	if (!whole && !part)
		return SCALAR_STRING;
	if (i < n && (s[i] == 'e' || s[i] == 'E')) {
		i++;
		if (i == n || (s[i] != '+' && s[i] != '-'))
			return SCALAR_STRING;
		i++;
		part = count_in(s + i, n - i, DIGITS);
		if (!part)
			return SCALAR_STRING;
		i += part;
	}
	return i == n ? SCALAR_FLOAT : SCALAR_STRING;
}

static enum scalar
plain_type(const char *s, size_t n)
{
	size_t i;

	for (i = 0; i < LEN(scalar_words); i++)
		if (strlen(scalar_words[i].text) == n &&
		    !memcmp(scalar_words[i].text, s, n))
			return scalar_words[i].type;
	return number_type(s, n);
}

/* Appends a number in JSON's syntax: "+.5" as 0.5, "0x10" as 16. */
static void
add_number(struct buf *b, const char *s, size_t n, enum scalar type)
{
	char *text;
	size_t i;

	if (type == SCALAR_HEX) {
		text = xmemdup(s, n);
		json_add_double(b, NULL, strtod(text, NULL));
		free(text);
		return;
	}
	json_comma(b);
	if (*s == '-')
		buf_byte(b, '-');
	i = *s == '-' || *s == '+';
	while (i + 1 < n && s[i] == '0' && s[i + 1] >= '0' && s[i + 1] <= '9')
		i++;
	if (s[i] == '.')
		buf_byte(b, '0');
	for (; i < n; i++) {
		buf_byte(b, s[i]);
		if (s[i] == '.' && (i + 1 == n || s[i + 1] < '0' ||
		    s[i + 1] > '9'))
			buf_byte(b, '0');
	}
}

static void
add_scalar(struct buf *b, const char *s, size_t n, enum scalar type)
{
	static const char *const literals[] = {
		[SCALAR_NULL] = "null", [SCALAR_TRUE] = "true",
		[SCALAR_FALSE] = "false", [SCALAR_NOT_JSON] = "null",
	};
	struct json_span v;

	switch (type) {
	case SCALAR_STRING:
		json_add_text(b, NULL, s, n);
		break;
	case SCALAR_INT:
	case SCALAR_FLOAT:
	case SCALAR_HEX:
		add_number(b, s, n, type);
		break;
	default:
		v.p = literals[type];
		v.n = strlen(v.p);
		json_add(b, NULL, v);
	}
}

/* How PyYAML's resolvers read strings; the first match counts. */
static const struct {
	const char *pattern;	/* POSIX extended regular expression */
	const char *reading;
} other_readings[] = {
	{ "^(yes|Yes|YES|no|No|NO|on|On|ON|off|Off|OFF)$", "a boolean" },
	{ "^[0-9]{4}-[0-9]{2}-[0-9]{2}$|^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}"
	    "([Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}", "a date" },
	{ "^[-+]?0[0-7_]+$", "an octal number" },
	{ "^[-+]?[1-9][0-9_]*(:[0-5]?[0-9])+$|"
	    "^[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+\\.[0-9_]*$",
	    "a number in base 60" },
	{ "^[-+]?(0b[01_]+|0x[0-9a-fA-F_]+|0|[1-9][0-9_]*)$|"
	    "^[-+]?[0-9][0-9_]*\\.[0-9_]*([eE][-+][0-9]+)?$|"
	    "^\\.[0-9_]+([eE][-+][0-9]+)?$", "a number" },
	{ "^[-+]?(\\.[0-9]+|[0-9]+(\\.[0-9]*)?)([eE][-+]?[0-9]+)?$|"
	    "^0o[0-7]+$", "a number in YAML 1.2" },
};

static int
matches_regex(const char *pattern, const char *text)
{
	regex_t re;
	int yes;

	/* the patterns are constants, so that only memory can be missing */
	if (regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB))
		die_memory(0);
	yes = regexec(&re, text, 0, NULL, 0) == 0;
	regfree(&re);
	return yes;
}

const char *
yamlin_other_reading(const char *s, size_t n)
{
	const char *reading = NULL;
	char *text;
	size_t i;

	/* no pattern matches a text that begins with another character */
	if (!n || n > 100 || !strchr("yYnNoO+-.0123456789", *s) ||
	    plain_type(s, n) != SCALAR_STRING)
		return NULL;
	text = xmemdup(s, n);
	for (i = 0; i < LEN(other_readings) && !reading; i++)
		if (matches_regex(other_readings[i].pattern, text))
			reading = other_readings[i].reading;
	free(text);
	return reading;
}

/* --- reading bytes ------------------------------------------------------ */

/* Sets the error for the byte after the n bytes at s. Returns -1. */
static int
set_input_error(struct yamlin_reader *r, const char *s, size_t n,
    const char *what)
{
	size_t i;

	for (i = 0; i < n; i++)
		r->line += s[i] == '\n';
	return err_set(&r->input, r->line, 0, "%s", what);
}

/*
 * Checks the bytes read: libfyaml silently takes a NUL for the end, and bytes
 * that are not UTF-8 for an empty value.
 */
static int
check_bytes(struct yamlin_reader *r, const char *s, size_t n)
{
	const char *nul;
	size_t skip = 0, good;

	/* first the rest of a character that the previous read cut */
	while (r->tail_len && skip < n) {
		r->tail[r->tail_len++] = s[skip++];
		if (utf8_check(r->tail, r->tail_len) == r->tail_len)
			r->tail_len = 0;
		else if (!utf8_is_cut(r->tail, r->tail_len))
			return set_input_error(r, s, 0, "not UTF-8");
	}
	good = skip + utf8_check(s + skip, n - skip);
	nul = n ? memchr(s, '\0', n) : NULL;
	if (nul && nul < s + good)
		return set_input_error(r, s, (size_t)(nul - s), "NUL byte");
	if (good < n && !utf8_is_cut(s + good, n - good))
		return set_input_error(r, s, good, "not UTF-8");
	if (good < n) {
		r->tail_len = n - good;
		memcpy(r->tail, s + good, r->tail_len);
	}
	for (skip = 0; skip < n; skip++)
		r->line += s[skip] == '\n';
	return 0;
}

/* Reads once and checks the bytes. Returns what read(2) does. */
static ssize_t
read_some(struct yamlin_reader *r, char *buf, size_t count)
{
	ssize_t n;

	do
		n = read(r->fd, buf, count);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_set(&r->input, 0, 0, "%s", strerror(errno));
	if (n == 0 && r->tail_len)
		return err_set(&r->input, r->line, 0, "not UTF-8");
	return check_bytes(r, buf, (size_t)n) ? -1 : n;
}

/* libfyaml's input callback. An error, left in r->input, reads as the end. */
static ssize_t
read_input(void *arg, void *buf, size_t count)
{
	struct yamlin_reader *r = arg;
	size_t have = 0;
	ssize_t n;

	if (r->input.msg)
		return 0;
	/* libfyaml may not call again for the rest of a character */
	do {
		n = read_some(r, (char *)buf + have, count - have);
		if (n < 0)
			return 0;
		have += (size_t)n;
	} while (n > 0 && r->tail_len && have < count);
	return (ssize_t)have;
}

struct yamlin_reader *
yamlin_new(int fd, enum yamlin_unit unit)
{
	struct fy_diag_cfg dcfg = { 0 };
	struct fy_parse_cfg cfg = { 0 };
	struct yamlin_reader *r;

	r = xcalloc(1, sizeof(*r));
	r->fd = fd;
	r->unit = unit;
	r->line = 1;
	dcfg.level = FYET_ERROR;
	dcfg.module_mask = ~0U;
	r->diag = fy_diag_create(&dcfg);
	if (!r->diag)
		die_memory(0);
	fy_diag_set_collect_errors(r->diag, true);
	cfg.flags = FYPCF_DEFAULT_PARSE;
	cfg.diag = r->diag;
	r->parser = fy_parser_create(&cfg);
	if (!r->parser || fy_parser_set_input_callback(r->parser, r,
	    read_input))
		die_memory(0);
	return r;
}

static void
pop_frame(struct yamlin_reader *r)
{
	free(r->stack[--r->depth].anchor);
}

void
yamlin_free(struct yamlin_reader *r)
{
	size_t i;

	while (r->depth)
		pop_frame(r);
	for (i = 0; i < r->nanchors; i++)
		free(r->anchors[i].json);
	set_release(&r->names);
	fy_parser_destroy(r->parser);
	fy_diag_destroy(r->diag);
	free(r->anchors);
	free(r->stack);
	free(r->marks);
	err_release(&r->input);
	free(r);
}

/* --- events to JSON ----------------------------------------------------- */

static int
syntax_error(struct yamlin_reader *r, struct err *e)
{
	struct fy_diag_error *d;
	void *prev = NULL;

	if (r->input.msg)
		return err_set(e, r->input.line, r->input.col, "%s",
		    r->input.msg);
	d = fy_diag_errors_iterate(r->diag, &prev);
	if (!d)
		return err_set(e, r->line, 0, "not YAML");
	return err_set(e, (size_t)(d->line > 0 ? d->line : 1),
	    (size_t)(d->column > 0 ? d->column : 1), "%s", d->msg);
}

static int
event_error(struct fy_event *ev, struct err *e, const char *msg)
{
	const struct fy_mark *m = fy_event_start_mark(ev);

	/* an alias's mark is after its '*' */
	return err_set(e, m ? (size_t)m->line + 1 : 0, m ?
	    (size_t)m->column + (ev->type != FYET_ALIAS) : 0, "%s", msg);
}

static enum yamlin_style
style_of(struct fy_event *ev)
{
	if (ev->type == FYET_ALIAS)
		return YAMLIN_ALIAS;
	if (ev->type != FYET_SCALAR)
		return fy_event_get_node_style(ev) == FYNS_FLOW ? YAMLIN_FLOW :
		    YAMLIN_BLOCK;
	if (!ev->scalar.value)
		return YAMLIN_PLAIN;
	switch (fy_token_scalar_style(ev->scalar.value)) {
	case FYSS_SINGLE_QUOTED:
	case FYSS_DOUBLE_QUOTED:
		return YAMLIN_QUOTED;
	case FYSS_LITERAL:
	case FYSS_FOLDED:
		return YAMLIN_TEXT;
	default:
		return YAMLIN_PLAIN;
	}
}

/* Adds the mark of the key or value that an event begins. */
static void
add_mark(struct yamlin_reader *r, struct fy_event *ev)
{
	const struct fy_mark *from = fy_event_start_mark(ev);
	const struct fy_mark *to = fy_event_end_mark(ev);
	struct yamlin_mark *m;

	ALLOC_GROW(r->marks, r->nmarks + 1, r->marks_cap);
	m = &r->marks[r->nmarks++];
	memset(m, 0, sizeof(*m));
	if (from) {
		m->line = (size_t)from->line + 1;
		m->col = (size_t)from->column + 1;
		m->start = m->end = from->input_pos;
	}
	if (to)
		m->end = to->input_pos;
	m->style = style_of(ev);
	/* libfyaml's marks leave out the quotes and the '*' */
	if ((m->style == YAMLIN_QUOTED || m->style == YAMLIN_ALIAS) &&
	    m->col > 1) {
		m->start--;
		m->col--;
	}
	m->end += m->style == YAMLIN_QUOTED;
}

/* The text of a token, to be freed; NULL without a token. */
static char *
token_text(struct fy_token *t)
{
	const char *s;
	size_t n;

	s = t ? fy_token_get_text(t, &n) : NULL;
	return s ? xmemdup(s, n) : NULL;
}

/* Keeps the JSON text of an anchored value; frees name. */
static int
keep_anchor(struct yamlin_reader *r, char *name, const char *json, size_t len,
    struct err *e)
{
	size_t *last;
	int added;

	last = set_add(&r->names, hash_bytes(0, 0, name, strlen(name)),
	    &added);
	free(name);
	r->anchored += len;
	if (r->anchored > ANCHOR_LIMIT)
		return err_set(e, r->unit_line, 0,
		    "anchored values exceed %zu MiB", ANCHOR_LIMIT >> 20);
	ALLOC_GROW(r->anchors, r->nanchors + 1, r->anchors_cap);
	r->anchors[r->nanchors].json = xmemdup(json, len);
	r->anchors[r->nanchors].len = len;
	*last = ++r->nanchors;
	return 0;
}

static const struct anchor *
find_anchor(struct yamlin_reader *r, const char *name)
{
	size_t *last;
	int added;

	last = set_add(&r->names, hash_bytes(0, 0, name, strlen(name)),
	    &added);
	return *last ? &r->anchors[*last - 1] : NULL;
}

/* Gives every key and value that an alias expands to the alias's mark. */
static void
mark_alias(struct yamlin_reader *r, struct fy_event *ev, struct json_span v)
{
	struct json_span key, value;
	struct json_iter it;
	int object = json_type(v) == JSON_OBJECT;

	add_mark(r, ev);
	if (json_type(v) < JSON_ARRAY)
		return;
	for (it = json_each(v); json_next(&it, &key, &value); ) {
		if (object)
			add_mark(r, ev);
		mark_alias(r, ev, value);
	}
}

static int
add_alias(struct yamlin_reader *r, struct fy_event *ev, struct buf *b,
    struct err *e)
{
	const struct anchor *a;
	char *name;

	name = token_text(ev->alias.anchor);
	a = name ? find_anchor(r, name) : NULL;
	free(name);
	if (!a)
		return event_error(ev, e, "alias without an earlier anchor");
	r->aliased += a->len;
	if (r->aliased > ALIAS_LIMIT)
		return event_error(ev, e, "aliases expand to more than "
		    "64 MiB");
	json_add(b, NULL, (struct json_span){ a->json, a->len });
	if (r->unit == YAMLIN_DOCUMENTS)
		mark_alias(r, ev, (struct json_span){ a->json, a->len });
	return 0;
}

/* The type that a tag gives a scalar; -1 if the tag does not suit it. */
static int
tagged_type(const char *tag, const char *s, size_t n)
{
	static const struct {
		const char *tag;
		enum scalar one, two, three;
	} tags[] = {
		{ "str", SCALAR_STRING, SCALAR_STRING, SCALAR_STRING },
		{ "binary", SCALAR_STRING, SCALAR_STRING, SCALAR_STRING },
		{ "timestamp", SCALAR_STRING, SCALAR_STRING, SCALAR_STRING },
		{ "null", SCALAR_NULL, SCALAR_NULL, SCALAR_NULL },
		{ "bool", SCALAR_TRUE, SCALAR_FALSE, SCALAR_FALSE },
		{ "int", SCALAR_INT, SCALAR_HEX, SCALAR_INT },
		{ "float", SCALAR_FLOAT, SCALAR_INT, SCALAR_NOT_JSON },
	};
	static const char core[] = "tag:yaml.org,2002:";
	enum scalar type = plain_type(s, n);
	size_t i;

	if (!strcmp(tag, "!"))
		return SCALAR_STRING;
	if (strncmp(tag, core, sizeof(core) - 1) != 0)
		return -1;
	for (i = 0; i < LEN(tags); i++) {
		if (strcmp(tags[i].tag, tag + sizeof(core) - 1) != 0)
			continue;
		if (tags[i].one == SCALAR_STRING)
			return SCALAR_STRING;
		return type == tags[i].one || type == tags[i].two ||
		    type == tags[i].three ? (int)type : -1;
	}
	return -1;
}

/* Appends a scalar, as a string if it is a key. */
static int
add_value(struct yamlin_reader *r, struct fy_event *ev, struct buf *b, int key,
    struct err *e)
{
	struct fy_token *t = ev->scalar.value;
	const char *s;
	char *tag, *anchor;
	size_t n = 0, begin;
	int type = SCALAR_STRING;

	s = t ? fy_token_get_text(t, &n) : NULL;
	if (!s)
		s = "";
	tag = token_text(ev->scalar.tag);
	if (tag && !key)
		type = tagged_type(tag, s, n);
	else if (!key && (!t || fy_token_scalar_style(t) == FYSS_PLAIN))
		type = (int)plain_type(s, n);
	free(tag);
	if (type < 0)
		return event_error(ev, e, "the value does not match its tag");
	json_comma(b);
	begin = b->len;
	add_scalar(b, s, n, (enum scalar)type);
	anchor = token_text(ev->scalar.anchor);
	return anchor ? keep_anchor(r, anchor, b->p + begin, b->len - begin,
	    e) : 0;
}

static int
open_frame(struct yamlin_reader *r, struct fy_event *ev, struct buf *b,
    struct err *e)
{
	struct frame *f;

	if (r->depth >= json_depth)
		return event_error(ev, e, "nested too deeply");
	if (!r->stack || r->depth == r->stack_cap) {
		r->stack_cap = grow(r->stack_cap, 16);
		r->stack = xreallocarray(r->stack, r->stack_cap,
		    sizeof(*r->stack));
	}
	f = &r->stack[r->depth++];
	f->object = ev->type == FYET_MAPPING_START;
	f->value = 0;
	f->mark = r->nmarks - 1;
	json_comma(b);
	f->begin = b->len;
	f->anchor = token_text(fy_event_get_anchor_token(ev));
	json_open(b, NULL, f->object ? '{' : '[');
	return 0;
}

static int
close_frame(struct yamlin_reader *r, struct fy_event *ev, struct buf *b,
    struct err *e)
{
	const struct fy_mark *to = fy_event_end_mark(ev);
	struct frame f;

	if (!r->stack || !r->depth)
		return event_error(ev, e, "unexpected end");
	f = r->stack[--r->depth];
	json_close(b, f.object ? '}' : ']');
	if (r->unit == YAMLIN_DOCUMENTS && to)
		r->marks[f.mark].end = to->input_pos;
	return f.anchor ? keep_anchor(r, f.anchor, b->p + f.begin,
	    b->len - f.begin, e) : 0;
}

/* Appends the JSON text of a key or value event. */
static int
add_event(struct yamlin_reader *r, struct fy_event *ev, struct buf *b,
    struct err *e)
{
	struct frame *f = r->stack && r->depth ?
	    &r->stack[r->depth - 1] : NULL;
	int key = f && f->object && !f->value;

	if (ev->type == FYET_MAPPING_END || ev->type == FYET_SEQUENCE_END)
		return close_frame(r, ev, b, e);
	if (key && ev->type != FYET_SCALAR)
		return event_error(ev, e, "expected a string as the "
		    "key");
	if (f && f->object)
		f->value = key;
	if (ev->type == FYET_ALIAS)
		return add_alias(r, ev, b, e);
	if (r->unit == YAMLIN_DOCUMENTS)
		add_mark(r, ev);
	if (ev->type != FYET_SCALAR)
		return open_frame(r, ev, b, e);
	if (add_value(r, ev, b, key, e))
		return -1;
	if (key)
		buf_byte(b, ':');
	return 0;
}

/* --- units -------------------------------------------------------------- */

static int
key_is_inputs(struct fy_event *ev)
{
	size_t n = 0;
	const char *s = ev->scalar.value ?
	    fy_token_get_text(ev->scalar.value, &n) : NULL;

	return s && n == 6 && !memcmp(s, "inputs", 6);
}

/*
 * Handles an event that begins or ends the list of entries, or the mapping
 * around it. Returns 1 for such an event, 0 for others, -1 with *e filled in.
 */
static int
enter_entries(struct yamlin_reader *r, struct fy_event *ev, struct buf *b,
    struct err *e)
{
	int list = ev->type == FYET_SEQUENCE_START;

	if (r->unit != YAMLIN_ENTRIES)
		return 0;
	if (r->outer && r->depth == r->outer &&
	    ev->type == FYET_SEQUENCE_END) {
		r->outer = r->depth == 2;
		b->len = 0;
		buf_byte(b, '{');
		pop_frame(r);
		return 1;
	}
	if ((r->depth == 0 && list) || (r->depth == 1 && r->next_is_list &&
	    list)) {
		if (r->depth)
			r->stack[0].value = 0;
		if (open_frame(r, ev, b, e))
			return -1;
		r->outer = r->depth;
		r->entries = 1;
		b->len = 0;
		return 1;
	}
	if (r->depth == 1 && r->stack[0].object && !r->stack[0].value)
		r->next_is_list = ev->type == FYET_SCALAR &&
		    key_is_inputs(ev);
	return 0;
}

/* Whether the JSON text is a whole unit after an event. */
static int
is_complete(struct yamlin_reader *r, const struct fy_event *ev, struct buf *b)
{
	if (r->unit == YAMLIN_DOCUMENTS || !r->entries)
		return ev->type == FYET_DOCUMENT_END;
	return r->outer && r->depth == r->outer &&
	    r->stack[r->outer - 1].object == 0 && b->len > 0;
}

static void
begin_document(struct yamlin_reader *r, struct buf *b)
{
	r->outer = 0;
	r->entries = 0;
	r->next_is_list = 0;
	r->nmarks = 0;
	r->aliased = 0;
	b->len = 0;
}

/* Handles an event. Returns 1 at the end of a unit, 0, or -1 on an error. */
static int
handle_event(struct yamlin_reader *r, struct fy_event *ev, struct buf *b,
    struct err *e)
{
	const struct fy_mark *m;
	int done;

	switch (ev->type) {
	case FYET_DOCUMENT_START:
		begin_document(r, b);
		return 0;
	case FYET_DOCUMENT_END:
		return r->entries ? 0 : 1;
	case FYET_NONE:
	case FYET_STREAM_START:
	case FYET_STREAM_END:
		return 0;
	default:
		break;
	}
	m = fy_event_start_mark(ev);
	if (!b->len && m)
		r->unit_line = (size_t)m->line + 1;
	done = enter_entries(r, ev, b, e);
	if (done)
		return done < 0 ? -1 : 0;
	if (add_event(r, ev, b, e))
		return -1;
	return is_complete(r, ev, b);
}

int
yamlin_next(struct yamlin_reader *r, struct buf *json, size_t *line,
    struct err *e)
{
	struct fy_event *ev;
	int done = 0;

	json->len = 0;
	r->aliased = 0;
	while (!done) {
		ev = fy_parser_parse(r->parser);
		if (!ev && !r->input.msg &&
		    !fy_parser_get_stream_error(r->parser))
			return 0;
		done = !ev || r->input.msg ? syntax_error(r, e) :
		    handle_event(r, ev, json, e);
		fy_parser_event_free(r->parser, ev);
	}
	*line = r->unit_line;
	return done;
}

const struct yamlin_mark *
yamlin_marks(const struct yamlin_reader *r, size_t *n)
{
	*n = r->nmarks;
	return r->marks;
}
