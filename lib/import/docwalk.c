#include <ctype.h>
#include <string.h>

#include "otlpval.h"
#include "spanshape.h"
#include "docwalk.h"

/* A line that is longer than this is read as a stream. */
#define LINE_MAX_BYTES (4 << 20)

/* A list that comes before its head waits for it, if it is not longer. */
#define WAIT_MAX_BYTES (16 << 20)

/* The lists and wrappers around a span that are entered. */
#define NESTING 32

/* The lists of an object that wait for a head. */
#define WAITING 4

/* The kinds of members of a list. */
enum docwalk_level {
	LEVEL_DOCUMENT,
	LEVEL_RESOURCE,
	LEVEL_SCOPE,
	LEVEL_SPAN,
	LEVEL_RECORD
};

/* The members of objects that are not spans. */
enum {
	MEMBER_RESOURCE_SPANS, MEMBER_BATCHES, MEMBER_RESOURCE_LOGS,
	MEMBER_SCOPE_SPANS, MEMBER_LIBRARY_SPANS,
	MEMBER_SCOPE_LOGS, MEMBER_LIBRARY_LOGS,
	MEMBER_SPANS, MEMBER_RECORDS,
	MEMBER_RESOURCE, MEMBER_SCOPE, MEMBER_LIBRARY, MEMBER_INSTRUMENTATION,
	MEMBER_PROCESSES, MEMBER_TRACE_ID,
	MEMBER_TRACE, MEMBER_TRACES, MEMBER_RESULT, MEMBER_DATA,
	MEMBERS
};

static const char *const member_names[MEMBERS] = {
	[MEMBER_RESOURCE_SPANS] = "resourceSpans",
	[MEMBER_BATCHES] = "batches",
	[MEMBER_RESOURCE_LOGS] = "resourceLogs",
	[MEMBER_SCOPE_SPANS] = "scopeSpans",
	[MEMBER_LIBRARY_SPANS] = "instrumentationLibrarySpans",
	[MEMBER_SCOPE_LOGS] = "scopeLogs",
	[MEMBER_LIBRARY_LOGS] = "instrumentationLibraryLogs",
	[MEMBER_SPANS] = "spans",
	[MEMBER_RECORDS] = "logRecords",
	[MEMBER_RESOURCE] = "resource",
	[MEMBER_SCOPE] = "scope",
	[MEMBER_LIBRARY] = "instrumentationLibrary",
	[MEMBER_INSTRUMENTATION] = "instrumentationScope",
	[MEMBER_PROCESSES] = "processes",
	[MEMBER_TRACE_ID] = "traceId",
	[MEMBER_TRACE] = "trace",
	[MEMBER_TRACES] = "traces",
	[MEMBER_RESULT] = "result",
	[MEMBER_DATA] = "data"
};

struct docwalk_member {
	enum { IS_LIST, IS_HEAD, IS_WRAPPER } kind;
	enum docwalk_level level;	/* level of a list's or wrapper's members */
	unsigned heads;			/* bits of heads that describe it */
	enum docwalk_head head;		/* the head, if what is IS_HEAD */
};

#define BIT(head) (1U << (head))
#define SCOPE_BITS (BIT(DOCWALK_SCOPE) | BIT(DOCWALK_PROCESSES))

static const struct docwalk_member members[MEMBERS] = {
	[MEMBER_RESOURCE_SPANS] = { IS_LIST, LEVEL_RESOURCE, 0, 0 },
	[MEMBER_BATCHES] = { IS_LIST, LEVEL_RESOURCE, 0, 0 },
	[MEMBER_RESOURCE_LOGS] = { IS_LIST, LEVEL_RESOURCE, 0, 0 },
	[MEMBER_SCOPE_SPANS] = { IS_LIST, LEVEL_SCOPE,
	    BIT(DOCWALK_RESOURCE), 0 },
	[MEMBER_LIBRARY_SPANS] = { IS_LIST, LEVEL_SCOPE,
	    BIT(DOCWALK_RESOURCE), 0 },
	[MEMBER_SCOPE_LOGS] = { IS_LIST, LEVEL_SCOPE,
	    BIT(DOCWALK_RESOURCE), 0 },
	[MEMBER_LIBRARY_LOGS] = { IS_LIST, LEVEL_SCOPE,
	    BIT(DOCWALK_RESOURCE), 0 },
	[MEMBER_SPANS] = { IS_LIST, LEVEL_SPAN, SCOPE_BITS, 0 },
	[MEMBER_RECORDS] = { IS_LIST, LEVEL_RECORD, BIT(DOCWALK_SCOPE), 0 },
	[MEMBER_RESOURCE] = { IS_HEAD, 0, 0, DOCWALK_RESOURCE },
	[MEMBER_SCOPE] = { IS_HEAD, 0, 0, DOCWALK_SCOPE },
	[MEMBER_LIBRARY] = { IS_HEAD, 0, 0, DOCWALK_SCOPE },
	[MEMBER_INSTRUMENTATION] = { IS_HEAD, 0, 0, DOCWALK_SCOPE },
	[MEMBER_PROCESSES] = { IS_HEAD, 0, 0, DOCWALK_PROCESSES },
	[MEMBER_TRACE_ID] = { IS_HEAD, 0, 0, DOCWALK_TRACE },
	[MEMBER_TRACE] = { IS_WRAPPER, LEVEL_DOCUMENT, 0, 0 },
	[MEMBER_TRACES] = { IS_WRAPPER, LEVEL_DOCUMENT, 0, 0 },
	[MEMBER_RESULT] = { IS_WRAPPER, LEVEL_DOCUMENT, 0, 0 },
	[MEMBER_DATA] = { IS_WRAPPER, LEVEL_DOCUMENT, 0, 0 }
};

void
docwalk_init(struct docwalk *w, struct feed *f,
    const struct docwalk_calls *calls, void *arg)
{
	memset(w, 0, sizeof(*w));
	w->feed = f;
	w->calls = calls;
	w->arg = arg;
	w->hold = UINT64_MAX;
}

void
docwalk_release(struct docwalk *w)
{
	buf_release(&w->clean);
}

/* --- the text, in the feed or checked ------------------------------------ */

static int
walk_more(struct docwalk *w)
{
	return feed_more(w->feed, w->hold < w->pos ? w->hold : w->pos);
}

static int
walk_fail(struct docwalk *w, const char *msg, int cut)
{
	w->fault.at = 0;
	w->fault.msg = msg;
	w->fault.cut = cut;
	return -1;
}

static int
docwalk_is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Skips white space. Returns the byte after it, or 0 at the end. */
static char
walk_peek(struct docwalk *w)
{
	const char *p, *end;

	if (w->p) {
		while (docwalk_is_blank(*w->p))
			w->p++;
		return *w->p;
	}
	for (;;) {
		if (w->pos >= w->feed->base + w->feed->len) {
			if (!walk_more(w))
				return 0;
			continue;
		}
		p = feed_at(w->feed, w->pos);
		end = w->feed->p + w->feed->len;
		while (p < end && docwalk_is_blank(*p))
			p++;
		w->pos = w->feed->base + (uint64_t)(p - w->feed->p);
		if (p < end)
			return *p;
	}
}

static void
walk_skip(struct docwalk *w)
{
	if (w->p)
		w->p++;
	else
		w->pos++;
}

/*
 * Checks the value at the place, and goes to its end. Returns 0, or -1 with the
 * fault. If most is not 0 and the value is longer, -1 with fault.msg NULL.
 */
static int
walk_take(struct docwalk *w, struct json_span *v, size_t most)
{
	const struct json_wanted nothing = { .take = JSON_LAX };
	const char *p, *end;
	size_t n, tried = 0;
	int met;

	if (w->p) {
		v->p = w->p;
		w->p = json_end(w->p);
		v->n = (size_t)(w->p - v->p);
		return 0;
	}
	for (;; tried = n) {
		/* twice as much each time, so that no byte is read often */
		while (feed_has(w->feed, w->pos) < 2 * tried + 1 &&
		    walk_more(w))
			;
		n = feed_has(w->feed, w->pos);
		p = feed_at(w->feed, w->pos);
		met = json_scan_record(p, n, &nothing, &end, &w->fault);
		/* a number may continue */
		if (met >= 0 && (end < p + n || w->feed->eof ||
		    strchr("}]\"", end[-1])))
			break;
		if (met < 0 && (!w->fault.cut || w->feed->eof))
			return -1;
		if (most && n > most) {
			w->fault.msg = NULL;
			return -1;
		}
	}
	v->p = p;
	v->n = (size_t)(end - p);
	w->pos += v->n;
	w->met |= met;
	w->found.met |= met;
	return 0;
}

/*
 * Goes to the next member of the array or object that close ends. Returns 1, 0
 * after the end, or -1.
 */
static int
walk_member(struct docwalk *w, char close, int *first)
{
	char c = walk_peek(w);

	if (c == close) {
		walk_skip(w);
		return 0;
	}
	if (!*first) {
		if (c != ',')
			return walk_fail(w, close == ']' ?
			    "a comma or ']' is missing" :
			    "a comma or '}' is missing", !c);
		walk_skip(w);
		c = walk_peek(w);
	}
	*first = 0;
	if (close == '}' && c != '"')
		return walk_fail(w, "a key in quotes is missing", !c);
	return 1;
}

/*
 * Reads a key and the colon. *i is its number; MEMBERS, or the number of
 * members: another one.
 */
static int
walk_key(struct docwalk *w, size_t *i)
{
	struct json_span key;

	if (walk_take(w, &key, 0))
		return -1;
	*i = w->calls->members ? otlpval_key(key, w->calls->members,
	    w->calls->nmembers) : otlpval_key(key, member_names, MEMBERS);
	if (walk_peek(w) != ':')
		return walk_fail(w, "a ':' is missing", !walk_peek(w));
	walk_skip(w);
	return 0;
}

/* --- documents ----------------------------------------------------------- */

/* A list of an object that waits for its head. */
struct waiting {
	enum docwalk_level level;
	uint64_t pos;		/* place of its text in the feed, if p is NULL */
	const char *p;		/* its checked text, or NULL */
	size_t n;
};

/* An object that is being read. */
struct object {
	enum docwalk_level level;
	int lists;		/* 1: it has a list or a wrapper */
	unsigned heads;		/* bits of the heads so far */
	unsigned missed;	/* bits of heads that lists did not wait for */
	struct waiting wait[WAITING];
	size_t nwait;
};

static int walk_value(struct docwalk *w, enum docwalk_level level);

/* Returns the checked text without what JSON lacks. */
static const char *
walk_clean(struct docwalk *w, struct json_span v)
{
	if (!w->met)
		return v.p;
	w->clean.len = 0;
	json_compact(&w->clean, v);
	return buf_str(&w->clean);
}

/* Reads checked text of the feed. */
static int
walk_checked(struct docwalk *w, struct json_span v, enum docwalk_level level)
{
	const char *before = w->p;
	int r;

	w->p = v.p;
	r = walk_value(w, level);
	w->p = before;
	return r;
}

/* Whether an object has a list of spans, or one around them. */
static int
has_list(struct json_span v)
{
	struct json_span key = { 0 };
	struct json_iter it;
	size_t i;

	for (it = json_each(v); json_enter(&it, &key); it.p = json_end(it.p)) {
		i = otlpval_key(key, member_names, MEMBERS);
		if (i < MEMBERS && members[i].kind == IS_LIST)
			return 1;
	}
	return 0;
}

/*
 * Reads a value in a list of spans that is not one: a whole document, if the
 * line before it is cut off.
 */
static void
walk_lost(struct docwalk *w, struct json_span v)
{
	if (*v.p == '{' && w->depth < NESTING && has_list(v))
		walk_checked(w, v, LEVEL_DOCUMENT);
	else
		w->found.lost++;
}

/* Reads a span or a log record. */
static int
walk_leaf(struct docwalk *w, enum docwalk_level level)
{
	const char *(*read)(void *, const char *) = level == LEVEL_SPAN ?
	    w->calls->span : w->calls->record;
	struct json_span v = { w->p, 0 };
	const char *end;

	if (!w->p) {
		w->met = 0;
		if (walk_take(w, &v, 0))
			return -1;
		v.p = walk_clean(w, v);
	}
	end = *v.p == '{' ? read(w->arg, v.p) : NULL;
	if (end)
		w->found.spans++;
	else
		walk_lost(w, v);
	if (w->p)
		w->p = end ? end : json_end(v.p);
	return 0;
}

/*
 * Whether a list comes before its head. Then it is kept for the end of the
 * object, unless it is too long or there is a fault in it.
 */
static int
walk_wait(struct docwalk *w, struct object *o, const struct docwalk_member *m)
{
	struct waiting *x = &o->wait[o->nwait];
	struct json_span v;

	if (!m->heads || m->heads & o->heads || o->nwait == WAITING)
		return 0;
	x->level = m->level;
	x->pos = w->pos;
	if (walk_take(w, &v, WAIT_MAX_BYTES)) {
		o->missed |= m->heads;
		return 0;
	}
	x->p = w->p ? v.p : NULL;
	x->n = v.n;
	o->nwait++;
	return 1;
}

static int
walk_list(struct docwalk *w, struct object *o, const struct docwalk_member *m)
{
	o->lists = 1;
	w->found.lists |= m->kind == IS_LIST;
	if (walk_wait(w, o, m))
		return 0;
	if (!w->p)
		w->hold = UINT64_MAX;
	return walk_value(w, m->level);
}

/* Reads the value of the member i of another program's object. */
static int
walk_noted(struct docwalk *w, struct object *o, size_t i)
{
	char c = walk_peek(w);
	struct json_span v;

	if (i < w->calls->nwrappers && (c == '[' || c == '{')) {
		o->lists = 1;
		if (!w->p)
			w->hold = UINT64_MAX;
		return walk_value(w, LEVEL_DOCUMENT);
	}
	if (walk_take(w, &v, 0))
		return -1;
	if (i >= w->calls->nwrappers && i < w->calls->nmembers)
		w->calls->noted(w->arg, i, v);
	return 0;
}

/* Reads the value of the member i. */
static int
walk_field(struct docwalk *w, struct object *o, size_t i)
{
	const struct docwalk_member *m = i < MEMBERS ? &members[i] : NULL;
	char c = walk_peek(w);
	struct json_span v;

	if (m && m->kind != IS_HEAD && (c == '[' || c == '{') &&
	    (m->kind == IS_LIST || o->level == LEVEL_DOCUMENT))
		return walk_list(w, o, m);
	if (!m && w->deep && o->level == LEVEL_DOCUMENT &&
	    (c == '[' || c == '{')) {
		o->lists = 1;
		return walk_value(w, LEVEL_DOCUMENT);
	}
	if (walk_take(w, &v, 0))
		return -1;
	if (m && m->kind == IS_HEAD) {
		w->calls->head(w->arg, m->head, v.p);
		o->heads |= BIT(m->head);
		w->found.missed |= (o->missed & BIT(m->head)) != 0;
	}
	return 0;
}

/* Reads the lists that waited until the end of the object. */
static int
walk_waiting(struct docwalk *w, const struct object *o)
{
	struct json_span v;
	size_t i;

	for (i = 0; i < o->nwait; i++) {
		v.p = o->wait[i].p;
		v.n = o->wait[i].n;
		if (!v.p) {
			v.p = feed_at(w->feed, o->wait[i].pos);
			v.p = walk_clean(w, v);
		}
		if (walk_checked(w, v, o->wait[i].level))
			return -1;
	}
	return 0;
}

/*
 * Whether there is a list of spans in a value, not too deep: one with a name of
 * OTLP's, or one that begins with a bare span.
 */
static int
contains_list(struct json_span v, unsigned depth)
{
	struct json_span key, value;
	struct json_iter it;

	if (*v.p == '{' && has_list(v))
		return 1;
	if (depth == 8)
		return 0;
	it = json_each(v);
	if (*v.p == '[' && json_next(&it, &key, &value) && *value.p == '{' &&
	    spanshape_is_span(value.p))
		return 1;
	for (it = json_each(v); json_next(&it, &key, &value); )
		if ((*value.p == '{' || *value.p == '[') &&
		    contains_list(value, depth + 1))
			return 1;
	return 0;
}

/* Reads the lists in an object whose members have names of their own. */
static void
walk_deep(struct docwalk *w, struct json_span v)
{
	size_t others = w->found.others;

	w->deep = 1;
	walk_checked(w, v, LEVEL_DOCUMENT);
	w->deep = 0;
	w->found.others = others;
}

/* Passes on an object that has no list. */
static void
walk_other(struct docwalk *w, enum docwalk_level level, struct json_span v)
{
	const char *start;

	if (level != LEVEL_DOCUMENT)
		return;
	start = v.p;
	if (!w->p)
		v.p = walk_clean(w, v);
	if (v.p != start)
		v.n = w->clean.len;
	switch (w->calls->other(w->arg, v)) {
	case DOCWALK_OTHER:
		if (!w->deep && !w->calls->members && contains_list(v, 0))
			walk_deep(w, v);
		else
			w->found.others++;
		break;
	case DOCWALK_SPAN:
		w->found.spans++;
		break;
	case DOCWALK_LOST:
		w->found.lost++;
	}
}

/* Forgets the heads of the object before. */
static void
begin_heads(struct docwalk *w, enum docwalk_level level)
{
	if (level != LEVEL_SCOPE)
		w->calls->head(w->arg, DOCWALK_RESOURCE, NULL);
	w->calls->head(w->arg, DOCWALK_SCOPE, NULL);
	if (level == LEVEL_DOCUMENT)
		w->calls->head(w->arg, DOCWALK_TRACE, NULL);
}

static int
walk_object(struct docwalk *w, enum docwalk_level level)
{
	struct object o = { .level = level };
	struct json_span v = { w->p, 0 };
	uint64_t start = w->pos;
	int first = 1, r;
	size_t i;

	/* among members of any name, a span's own are not searched */
	if (w->p && w->deep && level == LEVEL_DOCUMENT &&
	    spanshape_is_span(w->p)) {
		walk_take(w, &v, 0);
		walk_other(w, level, v);
		return 0;
	}
	if (!w->p) {
		w->hold = start;
		w->met = 0;
	}
	if (!w->calls->members)
		begin_heads(w, level);
	walk_skip(w);
	while ((r = walk_member(w, '}', &first)) > 0)
		if (walk_key(w, &i) || (w->calls->members ?
		    walk_noted(w, &o, i) : walk_field(w, &o, i)))
			return -1;
	if (r < 0)
		return -1;
	if (!o.lists) {
		v.p = w->p ? v.p : feed_at(w->feed, start);
		v.n = w->p ? (size_t)(w->p - v.p) : (size_t)(w->pos - start);
		walk_other(w, level, v);
	} else {
		r = walk_waiting(w, &o);
	}
	if (!w->p)
		w->hold = UINT64_MAX;
	return r;
}

/*
 * Skips a bad member of a list, whose brackets are complete. Returns 0, or -1
 * if its end cannot be found.
 */
static int
walk_past_bad(struct docwalk *w)
{
	char last = ',', c;
	size_t i, depth = 0;
	int quoted = 0, escaped = 0;

	for (i = 0; ; i++) {
		if (i == feed_has(w->feed, w->pos) && !walk_more(w))
			return -1;
		c = feed_at(w->feed, w->pos)[i];
		if (quoted && c == '\n')
			return -1;
		if (escaped) {
			escaped = 0;
		} else if (quoted && c == '\\') {
			escaped = 1;
		} else if (c == '"') {
			quoted = !quoted;
		} else if (!quoted && (c == '{' || c == '[')) {
			/* a value after a value: a bracket is missing */
			if (!strchr(",:[", last))
				return -1;
			depth++;
		} else if (!quoted && (c == '}' || c == ']') && !--depth) {
			w->pos += i + 1;
			c = walk_peek(w);
			return c == ',' || c == ']' ? 0 : -1;
		}
		if (!docwalk_is_blank(c))
			last = c;
	}
}

/*
 * Returns the message for a fault, with help for output of programs that is not
 * JSON; c is the byte at the fault.
 */
static const char *
walk_explain(const char *msg, char c)
{
	if ((c == '\r' || c == '\n') && strstr(msg, "control character"))
		return "the string is not closed";
	if (strstr(msg, "key in quotes") && c == '\'')
		return "a key has single quotes: if Python printed the object, "
		    "print json.dumps() of it";
	if (strstr(msg, "key in quotes") && isalpha((unsigned char)c))
		return "a key has no quotes: if JavaScript printed the object, "
		    "as ConsoleSpanExporter does, print JSON.stringify() of it "
		    "or export OTLP by http/json";
	return msg;
}

/* Reports the fault. */
static void
walk_report(struct docwalk *w)
{
	uint64_t pos = w->pos + w->fault.at;
	struct feed_place at = feed_locate(w->feed, pos);
	const char *msg = w->fault.msg;
	int ended = w->fault.cut && w->feed->eof;

	if (!ended && feed_has(w->feed, pos))
		msg = walk_explain(msg, *feed_at(w->feed, pos));
	w->found.broken = 1;
	w->calls->bad(w->arg, w->found.at.line, &at, msg, ended);
}

/* Reads a member of a list. A bad span or record is reported and skipped. */
static int
walk_element(struct docwalk *w, enum docwalk_level level)
{
	uint64_t start;

	walk_peek(w);
	start = w->pos;
	if (!walk_value(w, level))
		return 0;
	/*
	 * the text of the member is still in memory if nothing in it was read
	 */
	if (w->p || !w->fault.msg || (w->pos != start && w->hold != start) ||
	    (w->fault.cut && w->feed->eof) || *feed_at(w->feed, start) != '{')
		return -1;
	walk_report(w);
	w->fault.msg = NULL;	/* it was reported; the list may end */
	w->pos = w->hold = start;
	if (walk_past_bad(w))
		return -1;
	w->hold = UINT64_MAX;
	return 0;
}

static int
walk_array(struct docwalk *w, enum docwalk_level level)
{
	int first = 1, r;

	walk_skip(w);
	while ((r = walk_member(w, ']', &first)) > 0)
		if (w->calls->stopped(w->arg) || walk_element(w, level))
			return -1;
	return r;
}

static int
walk_value(struct docwalk *w, enum docwalk_level level)
{
	char c = walk_peek(w);
	struct json_span v;
	int r;

	if (level >= LEVEL_SPAN && c != '[')
		return walk_leaf(w, level);
	if ((c != '[' && c != '{') || w->depth == NESTING) {
		w->found.others += level == LEVEL_DOCUMENT;
		return walk_take(w, &v, 0);
	}
	w->depth++;
	r = c == '[' ? walk_array(w, level) : walk_object(w, level);
	w->depth--;
	return r;
}

/* --- the beginnings of documents ----------------------------------------- */

/* Goes to the next line. Returns 1, or 0 at the end. */
static int
walk_past_line(struct docwalk *w)
{
	const char *p, *nl;
	size_t n;

	do {
		n = feed_has(w->feed, w->pos);
		p = feed_at(w->feed, w->pos);
		nl = n ? memchr(p, '\n', n) : NULL;
		w->pos += nl ? (size_t)(nl - p) + 1 : n;
	} while (!nl && walk_more(w));
	return nl != NULL;
}

/*
 * Goes to the next line that may begin a document: after a fault, and after
 * start, the beginning of the document with the fault.
 */
static void
walk_to_line(struct docwalk *w, uint64_t start)
{
	int begins = w->pos > start &&
	    feed_locate(w->feed, w->pos).line_start == w->pos;
	char c;

	for (;; begins = 0) {
		if (!begins && !walk_past_line(w))
			return;
		if (!feed_has(w->feed, w->pos) && !walk_more(w))
			return;
		c = *feed_at(w->feed, w->pos);
		if (!c || !strchr(" \t\r\n}]\"", c))
			return;
	}
}

/*
 * Finds the end of the line at the place. Returns 1, or 0 if the line is too
 * long to be read at once.
 */
static int
walk_line(struct docwalk *w, size_t *n)
{
	const char *nl;
	size_t seen = 0;

	for (;;) {
		*n = feed_has(w->feed, w->pos);
		nl = *n > seen ? memchr(feed_at(w->feed, w->pos) + seen, '\n',
		    *n - seen) : NULL;
		if (nl) {
			*n = (size_t)(nl - feed_at(w->feed, w->pos));
			return 1;
		}
		if (*n > LINE_MAX_BYTES)
			return 0;
		seen = *n;
		if (!walk_more(w))
			return 1;
	}
}

/* Reads a document as a stream. */
static void
walk_stream(struct docwalk *w)
{
	uint64_t start = w->pos;

	w->depth = 0;
	if (!walk_value(w, LEVEL_DOCUMENT)) {
		w->hold = UINT64_MAX;
		return;
	}
	w->hold = UINT64_MAX;
	if (w->calls->stopped(w->arg))
		return;
	if (w->fault.msg)
		walk_report(w);
	walk_to_line(w, start);
}

/* Reads a line that is one document. */
static void
walk_whole(struct docwalk *w, size_t n)
{
	struct json_span v = { feed_at(w->feed, w->pos), n };

	w->depth = 0;
	v.p = walk_clean(w, v);
	w->p = v.p;
	walk_value(w, LEVEL_DOCUMENT);
	w->p = NULL;
	w->pos += n;
}

int
docwalk_next(struct docwalk *w)
{
	size_t n;
	char c;
	int met;

	while ((c = walk_peek(w)) == ',' || c == '\x1e')
		walk_skip(w);
	if (!c && w->pos == w->feed->base + w->feed->len)
		return 0;
	memset(&w->found, 0, sizeof(w->found));
	w->feed->mark = feed_locate(w->feed, w->pos);
	w->found.at = w->feed->mark;
	if (!walk_line(w, &n)) {
		walk_stream(w);
		return 1;
	}
	met = json_scan(feed_at(w->feed, w->pos), n, JSON_LAX, NULL, NULL, 0,
	    &w->fault);
	if (met >= 0) {
		w->met = w->found.met = met;
		walk_whole(w, n);
	} else if (c == '{' || c == '[') {
		walk_stream(w);
	} else {
		walk_report(w);
		w->pos += n;
	}
	return 1;
}
