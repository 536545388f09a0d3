#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/utf8.h"
#include "base/util.h"
#include "json/json.h"
#include "record/secret.h"
#include "job.h"

/* Bytes; shorter values are no secrets that a server may have repeated. */
#define SECRET_LEAST 16
#define QUOTED 200		/* bytes of a reply that a message has */

struct job *
job_new(struct asker *a)
{
	struct job *j = xcalloc(1, sizeof(*j));

	j->asker = a;
	return j;
}

void
job_reset(struct job *j)
{
	j->body.len = 0;
	j->message.len = 0;
	*j->code = *j->type = '\0';
	j->failure = (struct retry_case){ .asked = -1 };
	completion_release(&j->completion);
}

void
job_free(struct job *j)
{
	chat_release(&j->chat);
	completion_release(&j->completion);
	buf_release(&j->sent);
	buf_release(&j->body);
	buf_release(&j->message);
	free(j);
}

void
job_fail(struct job *j, const char *code, const char *fmt, ...)
{
	va_list ap;

	snprintf(j->code, sizeof(j->code), "%s", code);
	j->message.len = 0;
	va_start(ap, fmt);
	buf_vprintf(&j->message, fmt, ap);
	va_end(ap);
}

/* --- what comes ----------------------------------------------------------- */

/* Replaces bytes that are not UTF-8 by U+FFFD. */
static void
repair_text(struct buf *b)
{
	size_t good = utf8_check(b->p, b->len);
	struct buf whole = { 0 };
	const char *p = b->p;
	size_t left = b->len;
	uint32_t c;

	if (good == b->len)
		return;
	while (left) {
		good = utf8_decode(p, left, &c);
		if (c >= 0xd800 && c <= 0xdfff)
			c = 0xfffd;
		utf8_put(&whole, c);
		p += good;
		left -= good;
	}
	buf_release(b);
	*b = whole;
}

/* The body as a checked object, or an absent span with *f filled in. */
static struct json_span
body_object(struct job *j, struct json_fault *f)
{
	struct json_span v, none = { NULL, 0 };

	if (j->body.len > 3 && !memcmp(j->body.p, "\xef\xbb\xbf", 3))
		buf_splice(&j->body, 0, 3, NULL, 0);
	if (j->body.len)
		repair_text(&j->body);
	f->msg = "it is not an object";
	if (json_scan(buf_str(&j->body), j->body.len, JSON_LAX, NULL, NULL, 0,
	    f) < 0)
		return none;
	v = json_trim(json_buf(&j->body));
	return json_is(v, JSON_OBJECT) ? v : none;
}

/* Appends the start of the body, in one line. */
static void
quote_body(const struct job *j, struct buf *b)
{
	size_t i, n = j->body.len < QUOTED ? j->body.len : QUOTED;

	for (i = 0; i < n; i++) {
		char c = j->body.p[i];

		if ((unsigned char)c > ' ')
			buf_byte(b, c);
		else if (b->len && b->p[b->len - 1] != ' ')
			buf_byte(b, ' ');
	}
	/* not in the middle of a character */
	while (n < j->body.len && b->len &&
	    utf8_check(b->p, b->len) < b->len)
		b->len--;
	if (n < j->body.len)
		buf_puts(b, "...");
}

/*
 * Appends the message of an error reply, in the forms that servers use:
 * {"error": {"message"}}, {"error":TEXT}, {"message"}, {"detail"}. Returns the
 * object "error", or an absent span.
 */
static struct json_span
put_error_text(const struct job *j, struct json_span v, struct buf *b)
{
	static const char *const names[] = { "message", "detail" };
	struct json_span error = { NULL, 0 }, text = { NULL, 0 };
	size_t i;

	if (v.p)
		text = error = json_get(v, "error");
	if (json_is(error, JSON_OBJECT))
		v = error;
	for (i = 0; v.p && i < LEN(names) && !json_is(text, JSON_STRING); i++)
		text = json_get(v, names[i]);
	if (json_is(text, JSON_STRING))
		json_text(b, text);
	else
		quote_body(j, b);
	return json_is(error, JSON_OBJECT) ? error :
	    (struct json_span){ NULL, 0 };
}

/* Whether the server says that no other attempt helps: a quota is used up. */
static int
is_final(struct json_span error)
{
	static const char *const names[] = { "code", "type" };
	size_t i;

	for (i = 0; error.p && i < LEN(names); i++)
		if (json_is_str(json_get(error, names[i]),
		    "insufficient_quota"))
			return 1;
	return 0;
}

static void
fail_with_status(struct job *j, const struct net_end *end, struct json_span v)
{
	struct buf text = { 0 };
	struct json_span error = put_error_text(j, v, &text);
	char code[16];

	snprintf(code, sizeof(code), "http_%d", j->failure.status);
	j->failure.final = is_final(error);
	if (end->location)
		job_fail(j, code, "the server has moved to %s", end->location);
	else
		job_fail(j, code, "%s", text.len ? buf_str(&text) :
		    "the reply has no text");
	buf_release(&text);
}

/* A status of 200 with an error in the body, as gateways send it. */
static int
take_hidden_error(struct job *j, const struct net_end *end,
    struct json_span v)
{
	struct json_span error = json_get(v, "error");
	double d;

	if (json_is_null(error))
		return 0;
	if (json_is(error, JSON_OBJECT) &&
	    json_double(json_get(error, "code"), &d) && d >= 400 && d <= 599)
		j->failure.status = (int)d;
	fail_with_status(j, end, v);
	if (j->failure.status == 200)
		snprintf(j->code, sizeof(j->code), "error");
	return 1;
}

static void
fail_not_json(struct job *j, const struct json_fault *f)
{
	struct buf text = { 0 };

	quote_body(j, &text);
	job_fail(j, "bad_json", "the reply is not JSON (%s)%s%s: %s%s", f->msg,
	    *j->type ? ", but " : "", j->type, text.len ? buf_str(&text) :
	    "it is empty", strstr(j->type, "html") ? "; is the base URL right?" :
	    "");
	buf_release(&text);
}

static void
take_body(struct job *j, const struct dialect *d, const struct net_end *end)
{
	struct json_fault f = { 0 };
	struct json_span v = body_object(j, &f);

	j->failure.status = end->status;
	if (end->status < 200 || end->status > 299) {
		fail_with_status(j, end, v);
	} else if (!v.p) {
		fail_not_json(j, &f);
	} else if (!take_hidden_error(j, end, v) &&
	    d->read(v, &j->completion)) {
		struct buf text = { 0 };

		quote_body(j, &text);
		job_fail(j, "no_choices", "the reply has no choices with a "
		    "text: %s", buf_str(&text));
		buf_release(&text);
	}
}

void
job_take(struct job *j, const struct dialect *d, const struct net_end *end,
    const struct secret_values *secrets)
{
	j->ms = (end->total + 500) / 1000;
	j->failure.failure = end->failure;
	j->failure.asked = end->retry_after;
	if (end->failure != NET_OK)
		job_fail(j, net_failure_code(end->failure), "%s",
		    end->message);
	else
		take_body(j, d, end);
	secret_values_mask(secrets, &j->message, 0, SECRET_LEAST);
	secret_values_mask(secrets, &j->completion.reply, 0, SECRET_LEAST);
}

/* --- records -------------------------------------------------------------- */

static void
put_reply(const struct job *j, struct buf *b)
{
	const struct buf *reply = &j->completion.reply;

	json_key(b, "reply");
	/* its members, and ours */
	buf_add(b, reply->p, reply->len - 1);
	json_add_bool(b, "cached", j->cached);
	json_add_int(b, "ms", j->cached ? 0 : (long long)j->ms);
	json_add_int(b, "attempts", j->cached ? 0 : j->attempts);
	json_close(b, '}');
}

static void
put_error(const struct job *j, struct buf *b)
{
	json_open(b, "error", '{');
	json_add_str(b, "code", j->code);
	json_add_text(b, "message", j->message.p ? j->message.p : "",
	    j->message.len);
	if (j->attempts)
		json_add_int(b, "attempts", j->attempts);
	json_close(b, '}');
}

void
job_put(const struct job *j, const struct secret_values *secrets,
    struct buf *b)
{
	static const char *const ours[] = { "reply", "error" };
	size_t from = b->len;

	if (j->chat.reply.p) {
		buf_add(b, j->chat.record.p, j->chat.record.len);
	} else {
		json_open(b, NULL, '{');
		json_add_others(b, json_buf(&j->chat.record), ours, LEN(ours));
		if (*j->code)
			put_error(j, b);
		else
			put_reply(j, b);
		json_close(b, '}');
		secret_values_mask(secrets, b, from, SECRET_LEAST);
	}
	buf_byte(b, '\n');
}
