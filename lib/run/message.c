#include <string.h>

#include "base/buf.h"
#include "base/util.h"
#include "message.h"

/* The bytes of a line in which the name "type" is searched for. */
#define NEAR 96

static const char *const fields[MESSAGE_FIELDS] = {
	[MESSAGE_HAS_TYPE] = "type",
	[MESSAGE_HAS_ID] = "id",
	[MESSAGE_HAS_OUTPUT] = "output",
	[MESSAGE_HAS_ERROR] = "error",
	[MESSAGE_HAS_CODE] = "code",
	[MESSAGE_HAS_OBSERVATION] = "observation",
	[MESSAGE_HAS_NAME] = "name",
	[MESSAGE_HAS_KIND] = "kind",
	[MESSAGE_HAS_ARGS] = "args",
	[MESSAGE_HAS_KWARGS] = "kwargs",
	[MESSAGE_HAS_DELTA] = "delta",
	[MESSAGE_HAS_PIPELINE] = "pipeline",
	[MESSAGE_HAS_CONCURRENCY] = "concurrency",
	[MESSAGE_HAS_CLOCK] = "clock",
	[MESSAGE_HAS_RETRY] = "retry_ms",
	[MESSAGE_HAS_FATAL] = "fatal"
};

static const struct {
	const char *name;
	enum message_type type;
} types[] = {
	{ "start", MESSAGE_START },
	{ "final", MESSAGE_FINAL },
	{ "observation", MESSAGE_OBSERVATION },
	{ "callback", MESSAGE_CALLBACK },
	{ "delta", MESSAGE_DELTA },
	{ "error", MESSAGE_ERROR },
	{ "hello", MESSAGE_HELLO },
};

static long long
id_of(struct json_span v)
{
	long long id = 0;
	double d;
	size_t i;

	if (json_is_null(v))
		return MESSAGE_ANY;
	for (i = 0; i < v.n && i < 18 && v.p[i] >= '0' && v.p[i] <= '9'; i++)
		id = id * 10 + (v.p[i] - '0');
	if (i == v.n && id > 0)
		return id;
	/* 7.0 and 7e0 are 7 */
	return json_double(v, &d) && d >= 1 && d < 1e15 &&
	    d == (double)(long long)d ? (long long)d : MESSAGE_STRANGE;
}

/* Whether a text follows at p, after white space and a colon. */
static int
has_value(const char *p, const char *text)
{
	p += strspn(p, " \t:");
	return !strncmp(p, text, strlen(text));
}

/*
 * Copies the start of a line as it would be in UTF-8: without the NULs and the
 * byte order mark of UTF-16. Skips white space at its start.
 */
static void
copy_start(char to[NEAR + 1], const char *p, size_t n)
{
	size_t i, len = 0;

	for (i = 0; i < n && len < NEAR; i++)
		if (p[i] && !(i < 3 && memchr("\xef\xbb\xbf\xff\xfe", p[i],
		    5)) && (len || !memchr(" \t\r", p[i], 3)))
			to[len++] = p[i];
	to[len] = '\0';
}

/*
 * Whether a line that is not JSON was meant as a message, and as a reply. A
 * dict printed by Python, or a reply over several lines, may be debug output,
 * unless the type is "final".
 */
static int
looks_like_message(const char *p, size_t n, int *is_reply)
{
	char start[NEAR + 1];
	const char *type;

	copy_start(start, p, n);
	/* "type" comes first, or after a few short fields */
	type = strstr(start, "\"type\"");
	if (type && (*start == '{' || type == start))
		*is_reply = has_value(type + 6, "\"final\"") ||
		    (*start == '{' && has_value(type + 6, "\"error\""));
	else if (*start == '{' && (type = strstr(start, "'type'")))
		*is_reply = has_value(type + 6, "'final'");
	return *is_reply || (*start == '{' && type && *type == '"');
}

/* Whether each key of an object is a field of messages. */
static int
has_fields_only(const char *p, size_t n)
{
	struct json_iter it = json_each(json_trim((struct json_span){ p, n }));
	struct json_span key, value;
	size_t i;

	while (json_next(&it, &key, &value)) {
		for (i = 0; i < MESSAGE_FIELDS; i++)
			if (json_is_str(key, fields[i]))
				break;
		if (i == MESSAGE_FIELDS)
			return 0;
	}
	return 1;
}

/*
 * Whether an object is a reply but for its type. Log lines with an id have
 * other fields, too: a level, a time, a text.
 */
static int
is_untyped(const struct message *m, const char *p, size_t n)
{
	return m->id >= 1 && (m->v[MESSAGE_HAS_OUTPUT].p ||
	    m->v[MESSAGE_HAS_ERROR].p) && has_fields_only(p, n);
}

void
message_read(struct message *m, const char *p, size_t n)
{
	size_t i, mark;
	int met;

	/* a byte order mark, which some libraries write */
	mark = n >= 3 && !memcmp(p, "\xef\xbb\xbf", 3) ? 3 : 0;
	p += mark;
	n -= mark;
	m->type = MESSAGE_NONE;
	met = json_scan(p, n, JSON_LAX | JSON_INSIDE, fields, m->v,
	    MESSAGE_FIELDS, &m->fault);
	if (met < 0)
		m->fault.at += mark;
	m->is_reply = 0;
	m->broken = met < 0 && looks_like_message(p, n, &m->is_reply);
	m->untyped = 0;
	if (met < 0)
		return;
	for (i = 0; i < LEN(types); i++)
		if (message_is(m, MESSAGE_HAS_TYPE, types[i].name))
			m->type = types[i].type;
	m->id = id_of(m->v[MESSAGE_HAS_ID]);
	m->untyped = m->type == MESSAGE_NONE && is_untyped(m, p, n);
}

unsigned
message_count(const struct message *m, enum message_field f)
{
	double d;

	if (!m->v[f].p || !json_double(m->v[f], &d) || !(d >= 1))
		return 1;
	return d > 4096 ? 4096 : (unsigned)d;
}

int64_t
message_clock(const struct message *m)
{
	double d = 0;

	return m->v[MESSAGE_HAS_CLOCK].p &&
	    json_double(m->v[MESSAGE_HAS_CLOCK], &d) && d > 0 && d < 9e15 ?
	    (int64_t)d : 0;
}

int64_t
message_retry(const struct message *m)
{
	double ms = -1;

	return m->v[MESSAGE_HAS_RETRY].p &&
	    json_double(m->v[MESSAGE_HAS_RETRY], &ms) && ms >= 0 && ms < 1e12 ?
	    (int64_t)(ms * 1000) : -1;
}

int
message_is(const struct message *m, enum message_field f, const char *text)
{
	return json_is_str(m->v[f], text);
}

void
message_text(const struct message *m, enum message_field f, struct buf *b)
{
	if (json_is(m->v[f], JSON_STRING))
		json_text(b, m->v[f]);
	else if (m->v[f].p)
		buf_add(b, m->v[f].p, m->v[f].n);
}
